"""Results for people and files: Markdown tables, and JSON with rounded numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rednet_ros.errors import InputError


def markdown(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table, padded to be read as it is: the first column to the left, the others to the right."""
    lines = [[str(cell) for cell in line] for line in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    ]
    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    first, *rest = [f"| {' | '.join(line)} |" for line in padded]
    return "\n".join([first, f"|{rule}|", *rest])


def rounded(value: Any) -> Any:
    """A value for JSON: numbers to four digits behind the point, NaN as None; objects and lists entry by entry."""
    if isinstance(value, dict):
        return {name: rounded(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value


def write_json(path: Path, content: object) -> None:
    """Raises InputError where `path` cannot be written."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Raises InputError where `path` cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
