"""docs/commands.md against the commands themselves."""

import argparse
import re
from pathlib import Path
from types import ModuleType

import pytest

from rednet_ros.cli import enroll, evaluate, track, view
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.settings import TrackerSettings

PAGE = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings if name.startswith("--")}


def section(name: str) -> str:
    """What all commands share, and the part on this one."""
    common, *parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (part,) = [part for part in parts if part.startswith(f"{name}\n")]
    return common + part


@pytest.mark.parametrize("module", [track, evaluate, enroll, view])
def test_the_page_names_every_option_and_no_other(module: ModuleType) -> None:
    described = set(re.findall(r"--[a-z][a-z-]+", section(module.NAME)))
    assert described == options_of(module.argument_parser())


def test_the_page_names_every_field_of_the_results() -> None:
    from rednet_ros.metrics import Summary

    others = ("ms_per_face", "flicker", "flicker_error", "flicker_frames", "error_over_time")
    for field in (*Summary.__dataclass_fields__, *others):
        assert f"`{field}`" in section(evaluate.NAME)


def test_the_page_names_the_defaults() -> None:
    assert f"Default {TrackerSettings().max_faces} |" in section(track.NAME)
    assert f"Default `{DEFAULT_WEIGHTS}`" in PAGE


def test_the_page_has_a_section_for_every_command() -> None:
    from rednet_ros.cli import convert, render, train

    for module in (track, evaluate, train, render, convert):
        assert section(module.NAME)
