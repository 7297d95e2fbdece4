"""One table a node: a frozen dataclass whose fields (`tracking.settings.parameter`) are the ROS parameters.

The fields hold range, choices, unit and description. Made from them: the declaration (`declaration`), the check of
every new value, the typed struct that the node reads, the launch arguments (`launch`), config/tracker.yaml and the
tables in docs/nodes.md (scripts/write_parameters.py). A table may be declared several times under prefixes, as
`front.frame_id` and `rear.frame_id`. No ROS here.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
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
    """A declared parameter; what its fields mean is said at `tracking.settings.parameter`."""

    name: str
    default: Value
    description: str
    unit: str
    limits: tuple[float, float] | None
    choices: tuple[str, ...]
    pattern: str
    dynamic: bool
    read_only: bool

    @property
    def type_name(self) -> str:
        """Its ROS type: bool, integer, double, string or string array."""
        return _TYPE_NAMES[type(self.default)]

    @property
    def constraint(self) -> str:
        """The allowed values in words, empty where every value of the type is allowed."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return f"{self.limits[0]:g} to {self.limits[1]:g} {self.unit}".rstrip() if self.limits else ""

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
        outside = self.limits and isinstance(value, (int, float)) and not self.limits[0] <= value <= self.limits[1]
        if outside or (self.choices and value not in self.choices):
            return f"parameter '{self.name}' must be {self.constraint}, not {value}"
        for text in value if isinstance(value, (tuple, list)) else (value,):
            if self.pattern and (not isinstance(text, str) or not re.fullmatch(self.pattern, text)):
                return f"parameter '{self.name}' must match {self.pattern}, which {text!r} does not"
        return None


def specifications(table: type, prefix: str = "") -> dict[str, Specification]:
    """Name -> specification of the parameters in the dataclass `table`, named under `prefix` if one is given.

    Ordered by when they take effect (at the start, on configuring, on the next image); inherited ones come last in each
    part. Fields without a declaration are no parameters.
    """
    inherited = {entry.name for base in table.__bases__ if is_dataclass(base) for entry in fields(base)}
    own_first = sorted(fields(table), key=lambda entry: entry.name in inherited)
    named = [(qualified(prefix, entry.name), entry.metadata) for entry in own_first if entry.metadata]
    known = [Specification(name=name, **metadata) for name, metadata in named]
    return {entry.name: entry for entry in sorted(known, key=lambda entry: (not entry.read_only, entry.dynamic))}


def qualified(prefix: str, name: str) -> str:
    """The name of a parameter of the table that is declared under `prefix`."""
    return f"{prefix}.{name}" if prefix else name


def struct(table: type, values: Mapping[str, Any], prefix: str = "") -> Any:
    """A `table` filled from `values`, which are named as in `specifications`; defaults for those that are absent."""
    present = {entry.name: values.get(qualified(prefix, entry.name)) for entry in fields(table)}
    return table(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in present.items()
            if value is not None
        }
    )


def check_values(known: type | Mapping[str, Specification], values: Mapping[str, object]) -> None:
    """Raise InputError for the first of `values` that `known`, a table or its specifications, does not allow."""
    known = known if isinstance(known, Mapping) else specifications(known)
    for name, value in values.items():
        if name not in known:
            raise InputError(unknown_name(name, known))
        reason = known[name].refusal(value)
        if reason is not None:
            raise InputError(reason)


def unknown_name(name: str, known: Iterable[str]) -> str:
    """The message for a parameter that does not exist, with the nearest one that does, of each camera if it is one of
    several and `name` gives none."""
    compared = {entry: entry if "." in name else entry.rpartition(".")[2] for entry in known}
    nearest = difflib.get_close_matches(name, compared.values(), n=1)
    meant = " or ".join(f"'{entry}'" for entry, text in compared.items() if text in nearest)
    hint = f"did you mean {meant}?" if meant else "docs/nodes.md lists those that there are"
    return f"there is no parameter '{name}'; {hint}"
