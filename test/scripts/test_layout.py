"""Which ROS 2 and which Python are chosen."""

from pathlib import Path

import pytest
from environment import layout as layouts
from environment.layout import Layout, SetupError, choose_layout, choose_python


@pytest.fixture
def sourced_ros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prefix of a ROS 2 that the shell has sourced, with the folder of its Python modules still empty."""
    modules = tmp_path / "ros" / "modules"
    modules.mkdir(parents=True)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "ros"))
    monkeypatch.setenv("PYTHONPATH", str(modules))
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setattr("environment.layout.SYSTEM_PYTHON", "/usr/bin/python3")
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
        return known.get(str(python), False) if code == layouts.IS_SUPPORTED else str(python) in known

    monkeypatch.setattr(layouts, "runs", runs)
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
    with pytest.raises(SetupError, match=r"Python 3\.10 to 3\.13 is needed.*make PYTHON="):
        choose_python(Layout(tmp_path, None, "python3"))
