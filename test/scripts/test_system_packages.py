"""What is said and done when the system lacks a compiler or parts of Python."""

from pathlib import Path

import pytest
from environment import system_packages
from environment.interpreter import Interpreter
from environment.layout import SetupError


def debian_python(has_headers: bool = False, can_make_venv: bool = False) -> Interpreter:
    return Interpreter(Path("/usr/bin/python3.11"), (3, 11, 2), Path("/usr/include"), has_headers, can_make_venv)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """On a bare system; the commands that would have been run."""
    ran: list[list[str]] = []
    monkeypatch.setattr("shutil.which", lambda name: name if name == "apt-get" else None)
    monkeypatch.setattr(system_packages, "run_logged", lambda title, command, *rest: ran.append(list(command)))
    return ran


def test_a_user_is_told_the_exact_command(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SetupError) as refusal:
        system_packages.provide(debian_python(), Path("log"))
    packages = "g++ cmake make python3.11-dev python3.11-venv"
    assert f"sudo apt-get install -y --no-install-recommends {packages}" in str(refusal.value)
    assert commands == []


def test_root_installs_what_is_missing(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    system_packages.provide(debian_python(has_headers=True), Path("log"))
    assert commands[0] == ["apt-get", "update"]
    assert commands[1][-4:] == ["g++", "cmake", "make", "python3.11-venv"]


def test_nothing_is_done_when_nothing_is_missing(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    system_packages.provide(debian_python(has_headers=True, can_make_venv=True), Path("log"))
    assert commands == []


def test_a_python_that_is_not_debians_is_not_given_debians_headers(commands: list[list[str]]) -> None:
    own = Interpreter(Path("/opt/python/bin/python3"), (3, 12, 1), Path("/opt/python/include"), False, True)
    with pytest.raises(SetupError, match="/opt/python/bin/python3 lacks its C headers"):
        system_packages.provide(own, Path("log"))
    assert commands == []


def test_without_apt_the_packages_are_named(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SetupError, match=r"g\+\+, cmake.*with your package manager"):
        system_packages.provide(debian_python(), Path("log"))
