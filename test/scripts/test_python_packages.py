"""When Python packages are installed, and when what is there is enough."""

from pathlib import Path

import pytest
from environment import python_packages
from environment.interpreter import Interpreter
from environment.layout import Layout

PYTHON = Interpreter(Path("/usr/bin/python3.11"), (3, 11, 2), Path("/usr/include/python3.11"), True, True)


@pytest.fixture
def installations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """One entry an installation. An environment 'runs' while its folder exists."""
    done: list[Path] = []
    monkeypatch.setattr(python_packages, "_runs", lambda python, *code: python.parent.parent.is_dir())
    monkeypatch.setattr(python_packages, "run_logged", lambda title, command, *rest: Path(command[-1]).mkdir())
    monkeypatch.setattr(python_packages, "_install_packages", lambda layout, with_torch: done.append(layout.venv))
    monkeypatch.setattr(python_packages, "_ask", lambda *arguments: "include")
    monkeypatch.setattr(python_packages, "repair_exports", lambda *arguments: None)
    return done


def test_packages_are_installed_once(tmp_path: Path, installations: list[Path]) -> None:
    layout = Layout(tmp_path, None, "python3")
    python_packages.provide(layout, PYTHON)
    python_packages.provide(layout, PYTHON)
    assert installations == [layout.venv]


def test_a_new_environment_gets_its_packages(tmp_path: Path, installations: list[Path]) -> None:
    """Its name and the requirements are those of the one that was removed; its packages are gone."""
    layout = Layout(tmp_path, None, "python3")
    python_packages.provide(layout, PYTHON)
    layout.venv.rmdir()
    python_packages.provide(layout, PYTHON)
    assert installations == [layout.venv, layout.venv]
