"""One table a node: a frozen dataclass whose fields are the ROS parameters.

The fields' metadata hold range, choices, unit and description. From this one table come the declaration
(`parameter_declaration`), the check of every new value, the typed struct that the node reads, and the test of the YAML
file. A table may be declared several times under prefixes, as `front.frame_id` and `rear.frame_id`. No ROS here.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from rednet_ros.errors import InputError

Value = bool | int | float | str | tuple[str, ...]

_TYPE_NAMES: dict[type, str] = {
    bool: "bool",
    int: "integer",
    float: "double",
    str: "string",
    tuple: "string array",
    list: "string array",
}


@dataclass(frozen=True)
class Specification:
    """What a parameter may be.

    `minimum`, `maximum`: inclusive, in `unit`. `pattern`: regular expression for the whole of a string, or of each
    string of an array. `dynamic`: a new value takes effect on the next frame; otherwise it is accepted only while the
    node is unconfigured; `read_only`: only at the node's start.
    """

    name: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    dynamic: bool = False
    read_only: bool = False

    @property
    def type_name(self) -> str:
        """Its ROS type: bool, integer, double, string or string array."""
        return _TYPE_NAMES[type(self.default)]

    @property
    def constraint(self) -> str:
        """The allowed values in words, empty where every value of the type is allowed."""
        unit = f" {self.unit}" if self.unit else ""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}{unit}"
        return ""

    @property
    def takes_effect(self) -> str:
        """When a new value does."""
        if self.read_only:
            return "at the start only"
        return "on the next image" if self.dynamic else "on configuring"

    def refusal(self, value: object) -> str | None:
        """Why `value` cannot be taken, None if it can."""
        given = _TYPE_NAMES.get(type(value), type(value).__name__)
        if given != self.type_name:
            hint = f" (write {value}.0)" if self.type_name == "double" and given == "integer" else ""
            return f"parameter '{self.name}' is of type {self.type_name}, not the {given} {value!r}{hint}"
        if isinstance(value, float) and not math.isfinite(value):
            return f"parameter '{self.name}' must be finite, not {value}"
        outside = isinstance(value, (int, float)) and not isinstance(value, bool) and not self._in_range(value)
        if outside or (self.choices and value not in self.choices):
            return f"parameter '{self.name}' must be {self.constraint}, not {value}"
        for text in value if isinstance(value, (tuple, list)) else (value,):
            if self.pattern and (not isinstance(text, str) or not re.fullmatch(self.pattern, text)):
                return f"parameter '{self.name}' must match {self.pattern}, which {text!r} does not"
        return None

    def _in_range(self, value: float) -> bool:
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)


def parameter(
    default: Value,
    description: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    pattern: str = "",
    dynamic: bool = False,
    read_only: bool = False,
) -> Any:
    """A field of a parameter table; the arguments are those of `Specification`."""
    metadata = {
        "default": default,
        "description": description,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "pattern": pattern,
        "dynamic": dynamic,
        "read_only": read_only,
    }
    return field(default=default, metadata=metadata)


def specifications(table: type, prefix: str = "") -> dict[str, Specification]:
    """Name -> specification of the parameters in the dataclass `table`; named under `prefix` if one is given."""
    entries = (Specification(name=entry.name, **entry.metadata) for entry in fields(table))
    return {name: replace(entry, name=name) for entry in entries for name in [qualified(prefix, entry.name)]}


def qualified(prefix: str, name: str) -> str:
    """The name of a parameter of the table that is declared under `prefix`."""
    return f"{prefix}.{name}" if prefix else name


def struct(table: type, values: Mapping[str, Any], prefix: str = "") -> Any:
    """A `table` filled from `values`, which are named as in `specifications`; defaults for those that are absent."""
    present = {entry.name: values.get(qualified(prefix, entry.name)) for entry in fields(table)}
    return table(**{name: _plain(value) for name, value in present.items() if value is not None})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def check_values(known: type | Mapping[str, Specification], values: Mapping[str, object]) -> None:
    """Raise InputError for the first of `values` that `known`, a table or its specifications, does not allow."""
    known = known if isinstance(known, Mapping) else specifications(known)
    for name, value in values.items():
        if name not in known:
            raise InputError(unknown_name(name, known))
        reason = known[name].refusal(value)
        if reason is not None:
            raise InputError(reason)


def documentation(table: type, prefix: str = "") -> list[str]:
    """The table as rows of Markdown: name, type, default, allowed values, when it takes effect, description."""
    return [
        f"| `{entry.name}` | {entry.type_name} | {_yaml(entry.default)} | {entry.constraint} "
        f"| {entry.takes_effect} | {entry.description} |"
        for entry in specifications(table, prefix).values()
    ]


def _yaml(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{text}"' for text in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown_name(name: str, known: Iterable[str]) -> str:
    """The message for a parameter that does not exist, with the nearest one that does."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{nearest[0]}'?" if nearest else "known are: " + ", ".join(known)
    return f"there is no parameter '{name}'; {hint}"
