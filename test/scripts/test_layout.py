"""Which ROS 2 is chosen."""

from pathlib import Path

import pytest
from environment.layout import SetupError, choose_layout


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
