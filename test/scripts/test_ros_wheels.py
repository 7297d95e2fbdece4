"""The repair of the wheels' CMake exports."""

from pathlib import Path

from environment.ros_wheels import repair_exports

BROKEN = """set_target_properties(std_msgs PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${_IMPORT_PREFIX}/include/std_msgs;/opt/python/cp311-cp311/include/python3.11;\
/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include"
)
"""


def test_the_builders_folders_become_those_of_this_python(tmp_path: Path) -> None:
    file = tmp_path / "share/std_msgs/cmake/export_std_msgsExport.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(BROKEN)

    assert repair_exports(tmp_path, Path("/usr/include/python3.11"), Path("/venv/numpy/core/include")) == 1
    expected = '"${_IMPORT_PREFIX}/include/std_msgs;/usr/include/python3.11;/venv/numpy/core/include"'
    assert expected in file.read_text()

    assert repair_exports(tmp_path, Path("/usr/include/python3.11"), Path("/venv/numpy/core/include")) == 0


def test_another_numpy_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "share/std_msgs/cmake/export_std_msgsExport.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(BROKEN)
    repair_exports(tmp_path, Path("/usr/include/python3.11"), Path("/venv/numpy/core/include"))

    assert repair_exports(tmp_path, Path("/usr/include/python3.11"), Path("/venv/numpy/_core/include")) == 1
    assert "/venv/numpy/_core/include" in file.read_text()
