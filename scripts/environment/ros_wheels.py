"""Repairs ROS 2's wheels: their CMake exports name include folders of the machine that built them."""

from __future__ import annotations

import re
from pathlib import Path

_PYTHON_INCLUDE = re.compile(r'[^;"\s]+/include/python3\.\d+(?=[;"\s])')
_NUMPY_INCLUDE = re.compile(r'[^;"\s]+/numpy/_?core/include(?=[;"\s])')


def repair_exports(prefix: Path, python_include: Path, numpy_include: Path) -> int:
    """Points the exports below `prefix`/share at this interpreter's and this NumPy's headers.

    Without it CMake stops at generation, because the folders named there do not exist. Returns how many files were
    changed; doing it again changes none.
    """
    changed = 0
    for file in prefix.glob("share/*/cmake/*Export.cmake"):
        before = file.read_text(encoding="utf-8")
        after = _PYTHON_INCLUDE.sub(str(python_include), before)
        after = _NUMPY_INCLUDE.sub(str(numpy_include), after)
        if after != before:
            file.write_text(after, encoding="utf-8")
            changed += 1
    return changed
