"""One table a node: a frozen dataclass whose fields are the ROS parameters.

The fields' metadata hold range, choices, unit and description. From this one table come the declaration
(`parameter_declaration`), the check of every new value, the typed struct that the node reads, and the test of the YAML
file. No ROS here.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from rednet_ros.errors import InputError

Value = bool | int | float | str

_TYPE_NAMES: dict[type, str] = {bool: "bool", int: "integer", float: "double", str: "string"}


@dataclass(frozen=True)
class Specification:
    """What a parameter may be.

    `minimum`, `maximum`: inclusive, in `unit`. `dynamic`: a new value takes effect on the next frame; otherwise it is
    accepted only while the node is unconfigured.
    """

    name: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    dynamic: bool = False

    @property
    def type_name(self) -> str:
        """Its ROS type: bool, integer, double or string."""
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

    def refusal(self, value: object) -> str | None:
        """Why `value` cannot be taken, None if it can."""
        if type(value) is not type(self.default):
            given = _TYPE_NAMES.get(type(value), type(value).__name__)
            hint = f" (write {value}.0)" if self.type_name == "double" and given == "integer" else ""
            return f"parameter '{self.name}' is of type {self.type_name}, not the {given} {value!r}{hint}"
        if isinstance(value, float) and not math.isfinite(value):
            return f"parameter '{self.name}' must be finite, not {value}"
        outside = isinstance(value, (int, float)) and not isinstance(value, bool) and not self._in_range(value)
        if outside or (self.choices and value not in self.choices):
            return f"parameter '{self.name}' must be {self.constraint}, not {value}"
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
    dynamic: bool = False,
) -> Any:
    """A field of a parameter table; the arguments are those of `Specification`."""
    metadata = {
        "default": default,
        "description": description,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "dynamic": dynamic,
    }
    return field(default=default, metadata=metadata)


def specifications(table: type) -> dict[str, Specification]:
    """Name -> specification of the parameters in the dataclass `table`."""
    return {entry.name: Specification(name=entry.name, **entry.metadata) for entry in fields(table)}


def check_values(table: type, values: dict[str, object]) -> None:
    """Raise InputError for the first of `values` that `table` does not know or does not allow."""
    known = specifications(table)
    for name, value in values.items():
        if name not in known:
            raise InputError(unknown_name(name, known))
        reason = known[name].refusal(value)
        if reason is not None:
            raise InputError(reason)


def documentation(table: type) -> list[str]:
    """The table as rows of Markdown: name, type, default, allowed values, when it takes effect, description."""
    return [
        f"| `{entry.name}` | {entry.type_name} | {_yaml(entry.default)} | {entry.constraint} "
        f"| {'on the next image' if entry.dynamic else 'on configuring'} | {entry.description} |"
        for entry in specifications(table).values()
    ]


def _yaml(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown_name(name: str, known: Iterable[str]) -> str:
    """The message for a parameter that does not exist, with the nearest one that does."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{nearest[0]}'?" if nearest else "known are: " + ", ".join(known)
    return f"there is no parameter '{name}'; {hint}"
