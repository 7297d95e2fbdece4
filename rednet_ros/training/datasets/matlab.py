"""Whole numbers out of MATLAB files (level 5, as `save` writes them), as far as 300-VW's lists of frames need it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rednet_ros.errors import InputError

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
"""Type number of an element -> NumPy's name for it."""


def read_whole_numbers(path: Path, variable: str) -> list[int]:
    """The values of a real numeric array in the file, in MATLAB's order.

    Raises InputError naming the file if it is no such file, has no such array, or one with fractions.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) < _HEADER_BYTES or data[126:128] != b"IM":
        raise InputError(f"{path}: not a MATLAB 5 file (newer HDF5 files: save it again with -v7, or as .txt)")
    try:
        values = _find(data[_HEADER_BYTES:], variable)
    except (struct.error, zlib.error, ValueError, StopIteration) as error:
        raise InputError(f"{path}: damaged MATLAB file") from error
    if values is None:
        raise InputError(f"{path}: has no numeric array {variable!r}")
    if not np.array_equal(values, np.round(values)):
        raise InputError(f"{path}: {variable!r} holds numbers that are not whole")
    return [int(value) for value in values]


def _find(data: bytes, variable: str) -> np.ndarray | None:
    for kind, content in _elements(data):
        if kind == _COMPRESSED:
            found = _find(zlib.decompress(content), variable)
            if found is not None:
                return found
        elif kind == _MATRIX:
            elements = _elements(content)
            next(elements)  # flags
            next(elements)  # dimensions
            name = next(elements)[1].decode("ascii", errors="replace")
            number, values = next(elements)
            if name == variable and number in _NUMBERS:
                return np.frombuffer(values, dtype=_NUMBERS[number])
    return None


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, content) of the elements that follow each other."""
    position = 0
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, position)
        if kind >> 16:  # up to four bytes of content lie in the tag itself
            yield kind & 0xFFFF, data[position + 4 : position + 4 + (kind >> 16)]
            position += 8
            continue
        position += 8
        if position + size > len(data):
            raise ValueError("cut short")
        yield kind, data[position : position + size]
        position += size if kind == _COMPRESSED else -(-size // 8) * 8
