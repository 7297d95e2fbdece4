"""What the workspace is built from, when it is built again, and the variables that commands run with."""

import os
from pathlib import Path

import pytest
from environment import workspace
from environment.layout import Layout, SetupError
from environment.workspace import run_variables


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A small checkout."""
    for name in (
        "msg/Face.msg",
        "package.xml",
        "CMakeLists.txt",
        "rednet_ros/errors.py",
        "requirements/ros_wheels.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return Layout(tmp_path, None, "python3")


@pytest.fixture
def builds(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry a run of colcon: whether it found an earlier build. A stand-in for it makes the folders."""
    runs: list[bool] = []

    def colcon(*arguments: object) -> None:
        runs.append((layout.build_root / "build").exists())
        (layout.build_root / "build").mkdir(exist_ok=True)
        layout.prefix.mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(workspace, "run_logged", colcon)
    return runs


def test_a_second_run_builds_nothing(layout: Layout, builds: list[bool]) -> None:
    workspace.build(layout)
    workspace.build(layout)
    assert builds == [False]


def test_an_edited_module_needs_no_build(layout: Layout, builds: list[bool]) -> None:
    workspace.build(layout)
    (layout.root / "rednet_ros/errors.py").write_text("edited")
    workspace.build(layout)
    assert builds == [False]


@pytest.mark.parametrize("changed", ["msg/Face.msg", "package.xml", "CMakeLists.txt", "rednet_ros/new.py"])
def test_other_changes_build_on_what_is_there(layout: Layout, builds: list[bool], changed: str) -> None:
    workspace.build(layout)
    (layout.root / changed).write_text("changed")
    workspace.build(layout)
    assert builds == [False, True]


def test_another_python_builds_from_nothing(
    layout: Layout, builds: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.build(layout)
    monkeypatch.setattr("sys.version", "3.99")
    workspace.build(layout)
    assert builds == [False, False]


def test_a_failed_build_is_repeated(layout: Layout, builds: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(workspace, "run_logged", _fail)
        with pytest.raises(SetupError):
            workspace.build(layout)
    workspace.build(layout)
    assert len(builds) == 1


def _fail(*arguments: object) -> None:
    raise SetupError("no compiler")


def test_links_to_removed_sources_are_removed(layout: Layout, builds: list[bool]) -> None:
    workspace.build(layout)
    staged = layout.build_root / "src" / "rednet_ros"
    installed = layout.prefix / "errors.py"
    installed.symlink_to(staged / "rednet_ros" / "errors.py")
    workspace.build(layout)
    assert installed.read_text() == "rednet_ros/errors.py"

    (layout.root / "rednet_ros/errors.py").rename(layout.root / "rednet_ros/faults.py")
    workspace.build(layout)
    assert not installed.is_symlink()


def test_wheels_leave_nothing_of_another_ros(tmp_path: Path) -> None:
    sourced = {"AMENT_PREFIX_PATH": "/opt/ros/jazzy", "PYTHONPATH": "/opt/ros/jazzy/lib", "PATH": "/usr/bin"}
    result = run_variables(Layout(tmp_path, None, "python3"), sourced)
    assert not any("/opt/ros" in value for value in result.values())
    assert result["AMENT_PREFIX_PATH"] == f"{tmp_path}/.ros_build/install/rednet_ros:{tmp_path}/.venv"
    assert result["RMW_IMPLEMENTATION"] == "rmw_fastrtps_cpp"


def test_a_sourced_ros_stays_behind_the_built_package(tmp_path: Path) -> None:
    sourced = {"AMENT_PREFIX_PATH": "/opt/ros/jazzy", "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp", "PATH": "/usr/bin"}
    result = run_variables(Layout(tmp_path, "jazzy", "python3"), sourced)
    assert result["AMENT_PREFIX_PATH"] == f"{tmp_path}/.ros_build-jazzy/install/rednet_ros:/opt/ros/jazzy"
    assert result["RMW_IMPLEMENTATION"] == "rmw_cyclonedds_cpp"


def test_entering_the_environment_twice_changes_nothing_more(tmp_path: Path) -> None:
    layout = Layout(tmp_path, None, "python3")
    once = run_variables(layout, {"PATH": "/usr/bin:/bin", "VIRTUAL_ENV": "/other"})
    assert run_variables(layout, once) == once
    assert once["PATH"].split(os.pathsep)[-2:] == ["/usr/bin", "/bin"]
    assert "VIRTUAL_ENV" not in once


@pytest.mark.parametrize("modules", ["lib/python3.11/site-packages", "local/lib/python3.12/dist-packages"])
def test_the_built_messages_are_found_wherever_this_python_installs(tmp_path: Path, modules: str) -> None:
    layout = Layout(tmp_path, None, "python3")
    (layout.prefix / modules / "rednet_ros").mkdir(parents=True)
    path = run_variables(layout, {})["PYTHONPATH"].split(os.pathsep)
    assert path == [str(tmp_path), str(layout.prefix / modules)]
