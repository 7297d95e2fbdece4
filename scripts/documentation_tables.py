"""Rows of Markdown for the pages that describe messages and launch arguments, read from the files themselves.

python3 scripts/documentation_tables.py    # prints them; test/docs/test_tables.py compares them with the pages
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MESSAGES = ("FaceLandmarks", "Face", "Landmark")
LAUNCH_FILES = ("tracker", "demo", "replay")

_FIELD = re.compile(r"^(?P<type>[\w/\[\]]+)\s+(?P<name>\w+)\s*(?P<value>=\s*\S+)?\s*(?:#\s*(?P<comment>.*))?$")


def message_rows(name: str) -> list[str]:
    """`| field | type | comments |` of each field of a message: those above it and its own. Constants are left out."""
    rows, above = [], []
    for line in (ROOT / "msg" / f"{name}.msg").read_text(encoding="utf-8").splitlines():
        entry = _FIELD.match(line)
        if line.startswith("#"):
            above.append(line.removeprefix("#").strip())
        elif entry and not entry["value"]:
            comment = "; ".join(filter(None, [" ".join(above).rstrip("."), (entry["comment"] or "").strip()]))
            rows.append(f"| `{entry['name']}` | `{entry['type']}` | {comment} |")
        if not line.startswith("#"):
            above = []
    return rows


def region_rows() -> list[str]:
    """`| region | first to last | constants |` of the regions named by the constants of Face.msg."""
    text = (ROOT / "msg" / "Face.msg").read_text(encoding="utf-8")
    firsts = re.findall(r"^uint8 (\w+)_FIRST=(\d+)", text, flags=re.MULTILINE)
    lasts = dict(re.findall(r"^uint8 (\w+)_LAST=(\d+)", text, flags=re.MULTILINE))
    return [
        f"| {name.lower().replace('_', ' ')} | {first} to {lasts[name]} | `{name}_FIRST`, `{name}_LAST` |"
        for name, first in firsts
    ]


def launch_rows(name: str) -> list[str]:
    """`| argument | default | description |` of each argument that a launch file writes out itself."""
    module = ast.parse((ROOT / "launch" / f"{name}.launch.py").read_text(encoding="utf-8"))
    constants = {
        target.id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and _is_argument(node)]
    return [_launch_row(call, constants) for call in sorted(calls, key=lambda call: call.lineno)]


def _is_argument(call: ast.Call) -> bool:
    named = isinstance(call.func, ast.Name) and call.func.id == "DeclareLaunchArgument"
    return named and isinstance(call.args[0], ast.Constant)


def _launch_row(call: ast.Call, constants: Mapping[str, object]) -> str:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    name = _text(call.args[0], constants)
    default = _text(given["default_value"], constants) if "default_value" in given else "must be given"
    return f"| `{name}` | {default} | {_text(given['description'], constants)} |"


def _text(node: ast.expr, constants: Mapping[str, object]) -> str:
    """The value of a literal, an f-string of module constants, or a path below the package's share folder."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, constants)
    if isinstance(node, ast.Name):
        return str(constants[node.id])
    parts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    files = [part for part in parts if isinstance(part, str) and "." in part]
    return f"the package's {files[0]}" if files else str(constants[_first_name(node)])


def _first_name(node: ast.expr) -> str:
    """Of `str(NAME)`."""
    return next(part.id for part in ast.walk(node) if isinstance(part, ast.Name) and part.id.isupper())


def tables() -> dict[str, list[str]]:
    """Title -> rows of every table."""
    return {
        **{name: message_rows(name) for name in MESSAGES},
        "regions": region_rows(),
        **{f"{name}.launch.py": launch_rows(name) for name in LAUNCH_FILES},
    }


if __name__ == "__main__":
    for title, rows in tables().items():
        print(title, *rows, "", sep="\n")
