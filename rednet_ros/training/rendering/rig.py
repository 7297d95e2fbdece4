"""The head model: mesh, shape targets and the things worn on it, as the asset folder's rig file holds them.

The rig file is a gzipped pickle of NumPy arrays. It is read by an unpickler that knows NumPy's arrays and nothing else,
so that a rig file from elsewhere cannot run code.
"""

from __future__ import annotations

import gzip
import pickle
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.training.rendering.geometry import FloatArray, IntArray

EYE_VERTICES = range(14598, 14742)
"""The eyeballs in the numbering of MakeHuman's whole base mesh (hm08)."""

ETHNICITIES = ("caucasian", "african", "asian")
GENDERS = ("male", "female")
ALLOWED_GLOBALS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
}


@dataclass(frozen=True, eq=False)
class Accessory:
    """Something that is worn: hair, brows, lashes, eyes, teeth, tongue, hat.

    Its vertices hang on the head's: each is a weighted sum of three of them plus an offset that grows with the head
    (MakeHuman's mhclo). `triangles` index the `corners` (unwelded at texture seams: `corners` name vertices, `uv` has
    one row a corner), `welded` the vertices.
    """

    kind: str
    name: str
    anchors: IntArray
    weights: FloatArray
    offsets: FloatArray
    scales: tuple[tuple[int, int, int, float], ...]
    corners: IntArray
    uv: FloatArray
    triangles: IntArray
    welded: IntArray
    texture: str

    def fit(self, head: FloatArray, fullness: float = 1.0) -> FloatArray:
        """Its vertices on a head of the rig's vertices: n x 3 float32. `fullness` scales how far it stands off."""
        scale = np.ones(3, np.float32)
        for axis, first, second, length in self.scales:
            scale[axis] = abs(head[first, axis] - head[second, axis]) / length
        weighted = np.einsum("vkc,vk->vc", head[self.anchors], self.weights)
        return (weighted + self.offsets * (scale * fullness)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Rig:
    """Mesh and shape space of the head, in decimetres: x to the person's left, y up, z forward.

    `mean`: V x 3, the mean young adult. `targets`: N x 3V float32, displacements by name; `modes`: M x 3V, principal
    modes of identity. `corners`, `uv`, `triangles`, `welded` as in Accessory. `occlusion`: V, ambient light that
    reaches a vertex (0..1). `landmark_vertices`, `landmark_weights`: 68 x 3, where the landmarks lie, as barycentric
    points.
    """

    mean: FloatArray
    target_names: tuple[str, ...]
    targets: FloatArray
    modes: FloatArray
    corners: IntArray
    uv: FloatArray
    triangles: IntArray
    welded: IntArray
    occlusion: FloatArray
    eye_vertices: IntArray
    landmark_vertices: IntArray
    landmark_weights: FloatArray
    accessories: tuple[Accessory, ...]

    @cached_property
    def target_index(self) -> dict[str, int]:
        """Name of a target -> its row."""
        return {name: row for row, name in enumerate(self.target_names)}

    @cached_property
    def accessory_index(self) -> dict[str, dict[str, Accessory]]:
        """Kind -> name -> accessory."""
        index: dict[str, dict[str, Accessory]] = {}
        for accessory in self.accessories:
            index.setdefault(accessory.kind, {})[accessory.name] = accessory
        return index

    def of_kind(self, kind: str) -> list[str]:
        """Names of the accessories of a kind, sorted."""
        return sorted(self.accessory_index.get(kind, {}))

    @cached_property
    def base(self) -> FloatArray:
        """3V: the shape to which an identity's weighted targets are added (its macro targets hold the mean again)."""
        base = self.mean.reshape(-1).copy()
        for ethnicity in ETHNICITIES:
            for gender in GENDERS:
                row = self.target_index.get(f"macro/{ethnicity}-{gender}-young")
                if row is not None:
                    base -= self.targets[row] / (len(ETHNICITIES) * len(GENDERS))
        return base

    def displaced(self, shape: FloatArray, weights: dict[str, float]) -> FloatArray:
        """V x 3: `shape` (V x 3) plus targets by name; names that the rig does not have count for nothing."""
        rows = [self.target_index[name] for name in weights if name in self.target_index]
        values = np.array([value for name, value in weights.items() if name in self.target_index], np.float32)
        if not rows:
            return shape
        return shape + (values @ self.targets[rows]).reshape(-1, 3)


def load_rig(path: str | Path) -> Rig:
    """Read a rig file. Raises InputError naming the file if it is damaged, or holds anything but arrays."""
    path = Path(path)
    try:
        with gzip.open(path, "rb") as stream:
            raw = _ArrayUnpickler(stream).load()
        return _rig_of(raw)
    except (
        OSError,
        EOFError,
        zlib.error,
        pickle.UnpicklingError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
    ) as error:
        raise InputError(f"{path}: not a rig file of the renderer: {error}") from error


class _ArrayUnpickler(pickle.Unpickler):
    """Admits NumPy arrays and the plain containers, nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED_GLOBALS:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, only NumPy arrays are allowed")
        if name in ("ndarray", "dtype"):
            return getattr(np, name)
        return super().find_class(_numpy_internals(), name)


def _numpy_internals() -> str:
    """Where this NumPy keeps what pickled arrays name: the module moved with version 2."""
    return "numpy._core.multiarray" if int(np.__version__.split(".")[0]) >= 2 else "numpy.core.multiarray"


def _rig_of(raw: dict[str, Any]) -> Rig:
    vertices = raw["V"].astype(np.float32)
    return Rig(
        mean=vertices,
        target_names=tuple(str(name) for name in raw["names"]),
        targets=raw["T"].reshape(len(raw["T"]), -1).astype(np.float32),
        modes=raw["ID"].reshape(len(raw["ID"]), -1).astype(np.float32),
        corners=raw["bi"].astype(np.int64),
        uv=raw["buv"].astype(np.float32),
        triangles=raw["bf"].astype(np.int64),
        welded=raw["faces"].astype(np.int64),
        occlusion=raw["AO"].astype(np.float32),
        eye_vertices=raw["rm"][EYE_VERTICES.start : EYE_VERTICES.stop].astype(np.int64),
        landmark_vertices=raw["lf"].astype(np.int64),
        landmark_weights=raw["lb"].astype(np.float32),
        accessories=tuple(_accessory(key, value) for key, value in raw["clos"].items()),
    )


def _accessory(key: tuple[str, str], raw: dict[str, Any]) -> Accessory:
    scales = tuple((int(axis), int(i), int(j), float(length)) for axis, (i, j, length) in raw["scale"].items())
    return Accessory(
        kind=str(key[0]),
        name=str(key[1]),
        anchors=raw["ref"].astype(np.int64),
        weights=raw["w"].astype(np.float32),
        offsets=raw["off"].astype(np.float32),
        scales=scales,
        corners=raw["vi"].astype(np.int64),
        uv=raw["uv"].astype(np.float32),
        triangles=raw["tri"].astype(np.int64),
        welded=raw["f"].astype(np.int64),
        texture=str(raw["tex"]),
    )
