"""What is installed, when, and what is said where that is impossible."""

from pathlib import Path

import pytest
from environment import packages
from environment.layout import Layout, SetupError
from environment.packages import VERSION, install, install_system_packages, repair_exports

LOG = Path("log")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """On a bare system with Debian's Python; the commands that would have been run."""
    ran: list[list[str]] = []
    monkeypatch.setattr("shutil.which", lambda name: name if name == "apt-get" else None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/nowhere")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.setattr("sys.executable", "/usr/bin/python3")
    monkeypatch.setattr(packages, "run_logged", lambda title, command, *rest: ran.append(list(command)))
    return ran


def have_everything_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "missing_system_packages", list)


def test_a_user_gets_the_exact_command(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SetupError) as refusal:
        install_system_packages(LOG)
    names = f"g++ cmake make python{VERSION}-dev python{VERSION}-venv libegl1 libgl1-mesa-dri"
    assert f"sudo apt-get install -y --no-install-recommends {names}" in str(refusal.value)
    assert commands == []


def test_root_installs_what_is_missing_after_one_update(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(packages, "missing_system_packages", lambda: ["g++", "cmake"])
    install_system_packages(LOG)
    update, command = commands
    assert update == ["apt-get", "update"]
    assert command[-4:] == ["g++", "cmake", "libegl1", "libgl1-mesa-dri"]


def test_nothing_is_done_when_nothing_is_missing(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    have_everything_needed(monkeypatch)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: "libEGL.so.1")
    install_system_packages(LOG)
    assert commands == []


@pytest.mark.parametrize(("user", "with_apt"), [(1000, True), (0, False)])
def test_nobody_must_install_what_only_tests_of_the_renderer_need(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, user: int, with_apt: bool
) -> None:
    have_everything_needed(monkeypatch)
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("shutil.which", lambda name: name if with_apt else None)
    install_system_packages(LOG)
    assert commands == []


def test_a_python_that_is_not_debians_is_not_given_debians_headers(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/opt/python/bin/python3")
    with pytest.raises(SetupError, match="/opt/python/bin/python3 lacks its C headers"):
        install_system_packages(LOG)
    assert commands == []


def test_without_apt_the_packages_are_named(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SetupError, match=r"g\+\+, cmake.*with your package manager"):
        install_system_packages(LOG)


@pytest.fixture
def installations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """One entry an installation. An environment 'runs' while its folder exists."""
    done: list[Path] = []

    def install_python_packages(layout: Layout) -> None:
        layout.venv.mkdir(exist_ok=True)
        done.append(layout.venv)

    monkeypatch.setattr(packages, "runs", lambda python, *code: python.parent.parent.is_dir())
    monkeypatch.setattr(packages, "install_system_packages", lambda *arguments, **options: None)
    monkeypatch.setattr(packages, "_install_python_packages", install_python_packages)
    return done


def test_python_packages_are_installed_once(tmp_path: Path, installations: list[Path]) -> None:
    layout = Layout(tmp_path, None, "python3")
    install(layout)
    install(layout)
    assert installations == [layout.venv]


def test_a_new_requirement_is_installed(tmp_path: Path, installations: list[Path]) -> None:
    layout = Layout(tmp_path, None, "python3")
    install(layout)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "runtime.txt").write_text("numpy")
    install(layout)
    assert len(installations) == 2


def test_a_new_environment_gets_its_packages(tmp_path: Path, installations: list[Path]) -> None:
    """Its name and the requirements are those of the one that was removed; its packages are gone."""
    layout = Layout(tmp_path, None, "python3")
    install(layout)
    layout.venv.rmdir()
    install(layout)
    assert installations == [layout.venv, layout.venv]


@pytest.fixture
def pip(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The packages that pip would be given, a list a call, in a checkout with this one's requirements."""
    calls: list[list[str]] = []
    (tmp_path / "requirements").symlink_to(repository / "requirements")
    monkeypatch.setattr(packages, "_pip", lambda layout, title, names: calls.append(list(names)))
    monkeypatch.setattr(packages, "run_logged", lambda *arguments: None)
    monkeypatch.setattr(packages, "_ask", lambda layout, code: "1.26.4")
    return calls


def test_torch_is_installed_first_and_alone(
    tmp_path: Path, pip: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "runs", lambda *arguments: False)
    packages._install_python_packages(Layout(tmp_path, None, "python3"))
    torch, others, data = pip
    assert [name.split("==")[0] for name in torch] == ["torch"]
    assert {"opencv-python-headless<5", "ros-jazzy-rclpy==7.1.6"} <= set(others)
    assert data[0] == "--no-deps"


def test_a_sourced_ros_keeps_its_numpy_opencv_and_torch(
    tmp_path: Path, pip: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "runs", lambda *arguments: True)
    packages._install_python_packages(Layout(tmp_path, "jazzy", "python3"))
    others, _ = pip
    assert "numpy==1.26.4" in others
    assert [name for name in others if name.startswith(("opencv", "torch", "ros-jazzy"))] == []


BROKEN = """set_target_properties(std_msgs PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${_IMPORT_PREFIX}/include/std_msgs;/opt/python/cp311-cp311/include/python3.11;\
/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include"
)
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A CMake export of a ROS 2 wheel, with its builder's folders."""
    file = tmp_path / "share/std_msgs/cmake/export_std_msgsExport.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(BROKEN)
    return file


def test_the_builders_folders_become_those_of_this_python(tmp_path: Path, export: Path) -> None:
    assert repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/core/include") == 1
    expected = '"${_IMPORT_PREFIX}/include/std_msgs;/usr/include/python3.11;/venv/numpy/core/include"'
    assert expected in export.read_text()

    assert repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/core/include") == 0


def test_another_numpy_is_followed(tmp_path: Path, export: Path) -> None:
    repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/core/include")

    assert repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/_core/include") == 1
    assert "/venv/numpy/_core/include" in export.read_text()
