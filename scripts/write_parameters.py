"""Writes config/tracker.yaml and the tables of parameters in docs/nodes.md from the parameters' declarations.

python3 scripts/run_in_environment.py python scripts/write_parameters.py    # test/nodes/parameters compares them
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from rednet_ros.nodes.parameters.demo import PlayerParameters, RecorderParameters
from rednet_ros.nodes.parameters.table import Specification, Value, specifications
from rednet_ros.nodes.parameters.tracker import CameraParameters, TrackerParameters
from rednet_ros.nodes.parameters.view import ViewParameters

ROOT = Path(__file__).resolve().parents[1]
YAML_FILE, PAGE = Path("config/tracker.yaml"), Path("docs/nodes.md")
TABLES = {
    table.__name__: table
    for table in (TrackerParameters, CameraParameters, PlayerParameters, RecorderParameters, ViewParameters)
}

_YAML_HEAD = """\
# Parameters of the tracker node, with their defaults. Written by scripts/write_parameters.py.
# `ros2 param describe /rednet_tracker NAME` shows a parameter's range.
# The double star makes them valid for the node under any name and in any namespace.
/**:
  ros__parameters:
"""
_YAML_CAMERA = """
    # -- Of the only camera. Of several they stand under the camera's name: --------------------------------------------
    #   cameras: [front, rear]
    #   front:
    #     image_topic: /front_camera/image_raw
    #
"""


def yaml_text() -> str:
    """The parameters file: every parameter of the tracker with its default, and those of a camera as comments."""
    text = _YAML_HEAD
    for takes_effect, entries in groupby(specifications(TrackerParameters).values(), lambda entry: entry.takes_effect):
        title = f"    # -- Takes effect {takes_effect} "
        text += ("" if text == _YAML_HEAD else "\n") + title.ljust(120, "-") + "\n\n" + _yaml_entries(entries, "    ")
    return text + _YAML_CAMERA + _yaml_entries(specifications(CameraParameters).values(), "    # ")


def page_text(page: str) -> str:
    """`page` with each table between its two marks as it should be."""

    def table(match: re.Match[str]) -> str:
        return f"{match['begin']}\n{table_text(TABLES[match['name']])}\n{match['end']}"

    pattern = r"(?P<begin><!-- (?P<name>\w+): begin, .*? -->)\n.*?\n(?P<end><!-- (?P=name): end -->)"
    return re.sub(pattern, table, page, flags=re.DOTALL)


def table_text(table: type) -> str:
    """A table of Markdown: name, type, default, allowed values, when a new value takes effect, description."""
    rows = [
        f"| `{entry.name}` | {entry.type_name} | {_yaml_value(entry.default)} | {entry.constraint} "
        f"| {entry.takes_effect} | {entry.description} |"
        for entry in specifications(table).values()
    ]
    return "\n".join(["| parameter | type | default | allowed | takes effect | |", "|---|---|---|---|---|---|", *rows])


def _yaml_entries(entries: Iterable[Specification], indent: str) -> str:
    """Each parameter below a comment that describes it."""
    blocks = []
    for entry in entries:
        comment = f"{indent}# "
        allowed = f" [{entry.constraint}]" if entry.constraint else ""
        words = entry.description + allowed.replace(" ", "\0").replace("\0", " ", 1)  # the range is one word
        text = textwrap.fill(words, 120, initial_indent=comment, subsequent_indent=comment).replace("\0", " ")
        blocks.append(f"{text}\n{indent}{entry.name}: {_yaml_value(entry.default) or chr(34) * 2}\n")
    return "".join(blocks)


def _yaml_value(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{text}"' for text in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    (ROOT / YAML_FILE).write_text(yaml_text(), encoding="utf-8")
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    (ROOT / PAGE).write_text(page_text(page), encoding="utf-8")
