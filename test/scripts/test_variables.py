"""The environment in which commands run."""

import subprocess
from pathlib import Path

import pytest
from environment.layout import Layout
from environment.variables import Variables, run_variables


@pytest.fixture
def variables() -> Variables:
    return Variables(
        removed=("GONE",),
        fixed={"FIXED": "new"},
        defaults={"KEPT": "default", "GIVEN": "default"},
        prepended={"PATH": ("/a", "/b"), "EMPTY": ("/c",)},
    )


BEFORE = {"GONE": "x", "FIXED": "old", "KEPT": "mine", "PATH": "/usr/bin:/bin"}
AFTER = {"FIXED": "new", "KEPT": "mine", "GIVEN": "default", "PATH": "/a:/b:/usr/bin:/bin", "EMPTY": "/c"}


def test_a_change_is_applied(variables: Variables) -> None:
    assert variables.applied_to(BEFORE) == AFTER


def test_applying_it_twice_changes_nothing_more(variables: Variables) -> None:
    assert variables.applied_to(variables.applied_to(BEFORE)) == AFTER


def test_the_script_does_the_same(variables: Variables, tmp_path: Path) -> None:
    script = tmp_path / "env.sh"
    script.write_text(variables.as_shell_script())
    command = ["bash", "-c", f". {script}; env"]
    lines = subprocess.run(command, env=BEFORE, capture_output=True, text=True, check=True).stdout.splitlines()
    result = dict(line.split("=", 1) for line in lines)
    assert {name: value for name, value in result.items() if name in {*BEFORE, *AFTER}} == AFTER


def test_wheels_leave_nothing_of_another_ros(tmp_path: Path) -> None:
    sourced = {"AMENT_PREFIX_PATH": "/opt/ros/jazzy", "PYTHONPATH": "/opt/ros/jazzy/lib", "PATH": "/usr/bin"}
    result = run_variables(Layout(tmp_path, None, "python3"), "3.11").applied_to(sourced)
    assert not any("/opt/ros" in value for value in result.values())


def test_a_sourced_ros_stays_behind_the_built_package(tmp_path: Path) -> None:
    sourced = {"AMENT_PREFIX_PATH": "/opt/ros/jazzy", "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp", "PATH": "/usr/bin"}
    result = run_variables(Layout(tmp_path, "jazzy", "python3"), "3.12").applied_to(sourced)
    assert result["AMENT_PREFIX_PATH"] == f"{tmp_path}/.ros_build-jazzy/install/rednet_ros:/opt/ros/jazzy"
    assert result["RMW_IMPLEMENTATION"] == "rmw_cyclonedds_cpp"
