"""What is installed and built, when, and what is said where that is impossible."""

import sys
from pathlib import Path

import pytest
import setup_environment as setup
from environment import Layout, SetupError
from setup_environment import (
    VERSION,
    build,
    fingerprint,
    install,
    install_system_packages,
    once,
    repair_exports,
    run_logged,
)

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
    monkeypatch.setattr(setup, "run_logged", lambda title, command, *rest, **options: ran.append(list(command)))
    return ran


def have_everything_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "missing_system_packages", list)


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
    monkeypatch.setattr(setup, "missing_system_packages", lambda: ["g++", "cmake"])
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

    monkeypatch.setattr(setup, "runs", lambda python, *code: python.parent.parent.is_dir())
    monkeypatch.setattr(setup, "install_system_packages", lambda *arguments, **options: None)
    monkeypatch.setattr(setup, "_install_python_packages", install_python_packages)
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
    monkeypatch.setattr(setup, "_pip", lambda layout, title, names: calls.append(list(names)))
    monkeypatch.setattr(setup, "run_logged", lambda *arguments: None)
    monkeypatch.setattr(setup, "_ask", lambda layout, code: "1.26.4")
    return calls


def test_torch_is_installed_first_and_alone(
    tmp_path: Path, pip: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "runs", lambda *arguments: False)
    setup._install_python_packages(Layout(tmp_path, None, "python3"))
    torch, others, data = pip
    assert [name.split("==")[0] for name in torch] == ["torch"]
    assert {"opencv-python-headless<5", "ros-jazzy-rclpy==7.1.6"} <= set(others)
    assert data[0] == "--no-deps"


def test_a_sourced_ros_keeps_its_numpy_opencv_and_torch(
    tmp_path: Path, pip: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "runs", lambda *arguments: True)
    setup._install_python_packages(Layout(tmp_path, "jazzy", "python3"))
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
    repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/core/include")
    expected = '"${_IMPORT_PREFIX}/include/std_msgs;/usr/include/python3.11;/venv/numpy/core/include"'
    repaired = export.read_text()
    assert expected in repaired

    repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/core/include")
    assert export.read_text() == repaired


def test_another_numpy_is_followed(tmp_path: Path, export: Path) -> None:
    repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/core/include")

    repair_exports(tmp_path, "/usr/include/python3.11", "/venv/numpy/_core/include")
    assert "/venv/numpy/_core/include" in export.read_text()


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

    def colcon(*arguments: object, **options: object) -> None:
        runs.append((layout.build_root / "build").exists())
        (layout.build_root / "build").mkdir(exist_ok=True)
        layout.prefix.mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(setup, "run_logged", colcon)
    return runs


def test_a_second_run_builds_nothing(layout: Layout, builds: list[bool]) -> None:
    build(layout)
    build(layout)
    assert builds == [False]


def test_an_edited_module_needs_no_build(layout: Layout, builds: list[bool]) -> None:
    build(layout)
    (layout.root / "rednet_ros/errors.py").write_text("edited")
    build(layout)
    assert builds == [False]


@pytest.mark.parametrize("changed", ["msg/Face.msg", "package.xml", "CMakeLists.txt", "rednet_ros/new.py"])
def test_other_changes_build_on_what_is_there(layout: Layout, builds: list[bool], changed: str) -> None:
    build(layout)
    (layout.root / changed).write_text("changed")
    build(layout)
    assert builds == [False, True]


@pytest.mark.parametrize(
    ("version", "built"), [("3.99", [False, False]), (f"{sys.version.split()[0]} (main, another day)", [False])]
)
def test_another_python_builds_from_nothing_and_the_same_packaged_anew_nothing(
    layout: Layout, builds: list[bool], monkeypatch: pytest.MonkeyPatch, version: str, built: list[bool]
) -> None:
    """Installing its headers may update Debian's Python while it runs the set-up."""
    build(layout)
    monkeypatch.setattr("sys.version", version)
    build(layout)
    assert builds == built


def test_a_failed_build_is_repeated(layout: Layout, builds: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(setup, "run_logged", _fail)
        with pytest.raises(SetupError):
            build(layout)
    build(layout)
    assert len(builds) == 1


def _fail(*arguments: object, **options: object) -> None:
    raise SetupError("no compiler")


def test_links_to_removed_sources_are_removed(layout: Layout, builds: list[bool]) -> None:
    build(layout)
    staged = layout.build_root / "src" / "rednet_ros"
    installed = layout.prefix / "errors.py"
    installed.symlink_to(staged / "rednet_ros" / "errors.py")
    build(layout)
    assert installed.read_text() == "rednet_ros/errors.py"

    (layout.root / "rednet_ros/errors.py").rename(layout.root / "rednet_ros/faults.py")
    build(layout)
    assert not installed.is_symlink()


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_a_failure_shows_its_output_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "setup.log"
    with pytest.raises(SetupError) as failure:
        run_logged("Building", python("print('no compiler'); raise SystemExit(3)"), log)
    assert "Building failed (exit code 3)" in str(failure.value)
    assert "no compiler" in str(failure.value)
    assert str(log) in str(failure.value)
    assert "no compiler" in log.read_text()


def test_a_failure_shows_nothing_of_the_step_before(tmp_path: Path) -> None:
    run_logged("First", python("print('one')"), tmp_path / "setup.log")
    with pytest.raises(SetupError) as failure:
        run_logged("Second", python("raise SystemExit('two')"), tmp_path / "setup.log")
    assert "two" in str(failure.value)
    assert "one" not in str(failure.value)


def test_a_success_keeps_its_output_for_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "setup.log"
    run_logged("First", python("print('one')"), log)
    run_logged("Second", python("print('two')"), log)
    assert "First: done in" in capsys.readouterr().out
    assert log.read_text().index("one") < log.read_text().index("two")


def test_a_long_command_reports_its_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "REPORT_INTERVAL_S", 0.05)
    run_logged("Building", python("print('half way'); import time; time.sleep(0.5)"), tmp_path / "setup.log")
    assert "half way" in capsys.readouterr().out


def test_a_fingerprint_follows_texts_names_and_contents(tmp_path: Path) -> None:
    file = tmp_path / "Face.msg"
    file.write_text("string id")
    first = fingerprint(["3.11"], [file])
    assert fingerprint(["3.11"], [file]) == first
    assert fingerprint(["3.12"], [file]) != first

    file.write_text("string name")
    assert fingerprint(["3.11"], [file]) != first

    renamed = file.rename(tmp_path / "Head.msg")
    renamed.write_text("string id")
    assert fingerprint(["3.11"], [renamed]) != first


def test_a_step_is_repeated_for_another_key_only(tmp_path: Path) -> None:
    done: list[str] = []
    for key in ("a", "a", "b", "b", "a"):
        once(tmp_path / "stamps" / "messages", key, lambda key=key: done.append(key))
    assert done == ["a", "b", "a"]


def test_a_step_that_failed_is_repeated(tmp_path: Path) -> None:
    stamp, done = tmp_path / "messages", []
    once(stamp, "a", lambda: done.append("first"))
    with pytest.raises(ZeroDivisionError):
        once(stamp, "b", lambda: done.append(1 // 0))
    once(stamp, "a", lambda: done.append("again"))
    assert done == ["first", "again"]
