"""What the workspace is built from, and when it is built again."""

from pathlib import Path

import pytest
from environment import workspace
from environment.interpreter import Interpreter
from environment.layout import Layout, SetupError

PYTHON = Interpreter(Path("/usr/bin/python3.11"), (3, 11, 2), Path("/usr/include/python3.11"), True, True)
OTHER_PYTHON = Interpreter(Path("/usr/bin/python3.12"), (3, 12, 1), Path("/usr/include/python3.12"), True, True)


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
    workspace.build(layout, PYTHON)
    workspace.build(layout, PYTHON)
    assert builds == [False]
    assert layout.shell_script.is_file()


def test_an_edited_module_needs_no_build(layout: Layout, builds: list[bool]) -> None:
    workspace.build(layout, PYTHON)
    (layout.root / "rednet_ros/errors.py").write_text("edited")
    workspace.build(layout, PYTHON)
    assert builds == [False]


@pytest.mark.parametrize("changed", ["msg/Face.msg", "package.xml", "CMakeLists.txt", "rednet_ros/new.py"])
def test_other_changes_build_on_what_is_there(layout: Layout, builds: list[bool], changed: str) -> None:
    workspace.build(layout, PYTHON)
    (layout.root / changed).write_text("changed")
    workspace.build(layout, PYTHON)
    assert builds == [False, True]


def test_another_python_builds_from_nothing(layout: Layout, builds: list[bool]) -> None:
    workspace.build(layout, PYTHON)
    workspace.build(layout, OTHER_PYTHON)
    assert builds == [False, False]


def test_a_failed_build_is_repeated(layout: Layout, builds: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(workspace, "run_logged", _fail)
        with pytest.raises(SetupError):
            workspace.build(layout, PYTHON)
    workspace.build(layout, PYTHON)
    assert len(builds) == 1


def _fail(*arguments: object) -> None:
    raise SetupError("no compiler")


def test_links_to_removed_sources_are_removed(layout: Layout, builds: list[bool]) -> None:
    workspace.build(layout, PYTHON)
    staged = layout.build_root / "src" / "rednet_ros"
    installed = layout.prefix / "errors.py"
    installed.symlink_to(staged / "rednet_ros" / "errors.py")
    workspace.build(layout, PYTHON)
    assert installed.read_text() == "rednet_ros/errors.py"

    (layout.root / "rednet_ros/errors.py").rename(layout.root / "rednet_ros/faults.py")
    workspace.build(layout, PYTHON)
    assert not installed.is_symlink()
