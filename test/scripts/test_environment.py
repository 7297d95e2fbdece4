"""Which ROS 2 and which Python are chosen, and the variables that commands run with."""

import os
from pathlib import Path

import environment
import pytest
from environment import Layout, SetupError, choose_layout, choose_python, run_variables


@pytest.fixture
def sourced_ros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prefix of a ROS 2 that the shell has sourced, with the folder of its Python modules still empty."""
    modules = tmp_path / "ros" / "modules"
    modules.mkdir(parents=True)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "ros"))
    monkeypatch.setenv("PYTHONPATH", str(modules))
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setattr("environment.SYSTEM_PYTHON", "/usr/bin/python3")
    return modules.parent


def test_without_a_sourced_ros_the_wheels_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    layout = choose_layout(tmp_path)
    assert layout.distribution is None
    assert (layout.venv, layout.build_root) == (tmp_path / ".venv", tmp_path / ".ros_build")


def test_the_projects_own_environment_is_not_taken_for_a_ros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path}/.ros_build/install/rednet_ros:{tmp_path}/.venv")
    assert choose_layout(tmp_path).distribution is None


def test_a_sourced_ros_is_used_in_folders_of_its_own(tmp_path: Path, sourced_ros: Path) -> None:
    (sourced_ros / "modules" / "rclpy.py").touch()
    layout = choose_layout(tmp_path / "checkout")
    assert layout.distribution == "jazzy"
    assert (layout.venv.name, layout.build_root.name) == (".venv-jazzy", ".ros_build-jazzy")


def test_a_sourced_ros_that_cannot_be_imported_is_explained(tmp_path: Path, sourced_ros: Path) -> None:
    (sourced_ros / "modules" / "rclpy.py").write_text("raise ImportError('built for Python 3.99')")
    with pytest.raises(SetupError, match=r"built for Python 3\.99\n.*make PYTHON="):
        choose_layout(tmp_path / "checkout")


@pytest.fixture
def pythons(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Executables that run, and whether their version is supported."""
    known: dict[str, bool] = {}

    def runs(python: str | Path, code: str = "pass") -> bool:
        return known.get(str(python), False) if code == environment.IS_SUPPORTED else str(python) in known

    monkeypatch.setattr(environment, "runs", runs)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if f"/usr/bin/{name}" in known else None)
    return known


def test_an_environment_keeps_its_python(tmp_path: Path, pythons: dict[str, bool]) -> None:
    pythons.update({f"{tmp_path}/.venv/bin/python": True, "python3": True})
    assert choose_python(Layout(tmp_path, None, "python3")) == f"{tmp_path}/.venv/bin/python"


def test_an_environment_with_an_old_python_is_refused(tmp_path: Path, pythons: dict[str, bool]) -> None:
    pythons.update({f"{tmp_path}/.venv/bin/python": False, "python3": True})
    with pytest.raises(SetupError, match=r"\.venv holds a Python that is not supported: remove it"):
        choose_python(Layout(tmp_path, None, "python3"))


def test_a_supported_python_is_searched_for(tmp_path: Path, pythons: dict[str, bool]) -> None:
    pythons.update({"python3": False, "/usr/bin/python3.10": True})
    assert choose_python(Layout(tmp_path, None, "python3")) == "/usr/bin/python3.10"


def test_without_a_supported_python_one_is_asked_for(tmp_path: Path, pythons: dict[str, bool]) -> None:
    pythons["python3"] = False
    with pytest.raises(SetupError, match=r"Python 3\.10 to 3\.14 is needed.*make PYTHON="):
        choose_python(Layout(tmp_path, None, "python3"))


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
