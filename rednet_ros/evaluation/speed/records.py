"""Frozen dataclasses out of the plain values that JSON holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def build(kind: type[T], values: Mapping[str, Any]) -> T:
    """A `kind`, a dataclass of dataclasses, from what `dataclasses.asdict` and JSON made of one.

    Raises TypeError for a field that is missing, too many or of another shape.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"{kind.__name__}: expected an object, got {type(values).__name__}")
    hints = get_type_hints(kind)
    unknown = set(values) - set(hints)
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind(**{name: _value(hints[name], value) for name, value in values.items()})


def _value(hint: Any, value: Any) -> Any:
    inner = [option for option in get_args(hint) if option not in (NoneType, Ellipsis)]
    if NoneType in get_args(hint):  # an optional part
        return None if value is None else _value(inner[0], value)
    if is_dataclass(hint):
        return build(hint, value)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        hints = inner * len(value) if len(inner) == 1 else inner
        return tuple(_value(each, entry) for each, entry in zip(hints, value, strict=True))
    return value
