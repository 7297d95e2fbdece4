"""A head made here: an ellipsoid with targets, eyes, brows and hair, and a folder of assets around it.

It has the real rig's layout and size, so that all of the renderer runs on it; it is of no likeness.
"""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.training.rendering import head, textures
from rednet_ros.training.rendering.contour import outermost_hits
from rednet_ros.training.rendering.gl.renderer import RenderingUnavailable, open_context
from rednet_ros.training.rendering.hand import HandModel
from rednet_ros.training.rendering.head import HeadModel, load_head_model
from rednet_ros.training.rendering.rig import ETHNICITIES, EYE_VERTICES, GENDERS
from rednet_ros.training.rendering.still import FaceRenderer

CENTRE, RADII = np.array([0.0, 7.0, 0.5]), np.array([0.72, 0.95, 0.95])
ROWS, COLUMNS = 24, 32


@pytest.fixture(scope="session")
def asset_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete asset folder."""
    root = tmp_path_factory.mktemp("assets")
    base = root / "makehuman" / "base"
    _picture(base / "skins/textures/young_lightskinned_male_diffuse.jpg", (120, 150, 200))
    _picture(base / "skins/textures/young_lightskinned_female_diffuse.jpg", (130, 160, 210))
    _picture(base / "eyes/materials/brown_eye.png", (40, 60, 90, 255))
    for name in (*(item["tex"] for item in _rig()["clos"].values()), "makehuman/base/eyes/materials/blue_eye.png"):
        _picture(root / name, (60, 60, 60, 255))
    with gzip.open(root / "rig.pkl.gz", "wb") as stream:
        pickle.dump(_rig(), stream)
    return root


@pytest.fixture(scope="session")
def model(asset_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadModel]:
    """The head model of that folder; what comes from a wheel is made here."""
    mask = tmp_path_factory.mktemp("wheel") / "mask.png"
    _picture(mask, (0, 0, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textures, "wheel_file", lambda _: mask)
        patch.setattr(head, "load_hand", _hand)
        yield load_head_model(asset_folder)


@pytest.fixture(scope="session")
def face_renderer(model: HeadModel, opengl: None) -> FaceRenderer:
    """Renders small pictures of the head; skips where nothing can be rendered."""
    return FaceRenderer(model, 96)


@pytest.fixture(scope="session")
def opengl() -> None:
    """Skips the test with the reason if this machine cannot render."""
    try:
        open_context().release()
    except RenderingUnavailable as error:
        pytest.skip(str(error))


def _picture(path: Path, colour: tuple[int, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((16, 16, len(colour)), colour, np.uint8))


def _hand() -> HandModel:
    """A palm and five sticks of three segments, flat."""
    palm = np.array([[-0.4, -1, 0], [0.4, -1, 0], [0.4, 0.7, 0], [-0.4, 0.7, 0]])
    joints = np.array([(x, 0.7 + 0.3 * segment, 0) for x in np.linspace(-0.4, 0.3, 5) for segment in range(3)])
    segments = joints[:, None] + np.array([[0, 0, 0], [0.1, 0, 0], [0.1, 0.3, 0], [0, 0.3, 0]])
    quads = np.arange(64).reshape(16, 4)
    return HandModel(
        vertices=np.concatenate([palm, segments.reshape(-1, 3)]).astype(np.float32),
        triangles=np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]),
        weights=np.repeat(np.eye(16), 4, axis=0).astype(np.float32),
        joints=joints.astype(np.float32),
        axes=np.tile([1.0, 0.0, 0.0], (15, 1)),
    )


def _rig() -> dict[str, Any]:
    vertices, triangles, uv = _ellipsoid()
    outer = _outer_points(vertices, triangles)
    around = np.random.default_rng(0).normal(size=(2, len(vertices), 3)) * 0.01
    targets = {f"macro/{name}-{gender}-young": np.zeros_like(vertices) for name in ETHNICITIES for gender in GENDERS}
    chin = (vertices[:, 1] < 6.6)[:, None] * np.array([0, -0.2, 0])
    targets |= {"fu/jawOpen": chin, "nose/nose-point-up": around[0], "nose/nose-point-down": -around[0]}
    corners = np.arange(len(vertices))
    front = int(vertices[:, 2].argmax())
    renumbering = np.full(19158, -1)
    renumbering[EYE_VERTICES.start : EYE_VERTICES.stop] = front
    return {
        "V": vertices.astype(np.float32),
        "T": np.stack(list(targets.values())).astype(np.float32),
        "names": list(targets),
        "ID": around.astype(np.float32),
        "bi": corners,
        "buv": uv.astype(np.float32),
        "bf": triangles,
        "faces": triangles,
        "AO": np.ones(len(vertices), np.float32),
        "rm": renumbering,
        "lf": outer.vertices,
        "lb": outer.weights,
        "clos": _worn(vertices),
    }


def _ellipsoid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, triangles that face outwards, texture coordinates."""
    rows, columns = np.mgrid[0 : ROWS + 1, 0:COLUMNS]
    polar, around = np.pi * rows / ROWS, 2 * np.pi * columns / COLUMNS
    unit = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1)
    vertices = unit.reshape(-1, 3) * RADII + CENTRE
    first = (np.arange(ROWS)[:, None] * COLUMNS + np.arange(COLUMNS)).reshape(-1)
    beside = first - first % COLUMNS + (first + 1) % COLUMNS
    one = np.stack([first, first + COLUMNS, beside], axis=1)
    two = np.stack([beside, first + COLUMNS, beside + COLUMNS], axis=1)
    uv = np.stack([columns / COLUMNS, 1 - rows / ROWS], axis=-1).reshape(-1, 2)
    return vertices, np.concatenate([one, two]), uv


def _outer_points(vertices: np.ndarray, triangles: np.ndarray) -> Any:
    """The mean landmark shape, laid on the front of the ellipsoid."""
    flat = np.asarray(MEAN_SHAPE, float)
    flat = (flat - (flat.min(axis=0) + flat.max(axis=0)) / 2) / np.ptp(flat, axis=0).max()
    x, y = flat[:, 0] * 1.3, -flat[:, 1] * 1.3
    depth = np.sqrt(np.maximum(1 - (x / RADII[0]) ** 2 - (y / RADII[1]) ** 2, 0.02)) * RADII[2]
    return outermost_hits(vertices, triangles, CENTRE, np.stack([x, y, depth], axis=1))


def _worn(vertices: np.ndarray) -> dict[tuple[str, str], dict[str, Any]]:
    places = {
        ("brow", "brow1"): [(-0.5, 7.4, 0.3), (0.2, 7.4, 0.3)],
        ("lash", "lash1"): [(-0.4, 7.25, 0.2), (0.2, 7.25, 0.2)],
        ("eye", "high-poly"): [(-0.4, 7.15, 0.2), (0.2, 7.15, 0.2)],
        ("teeth", "teeth1"): [(-0.2, 6.7, 0.4)],
        ("tongue", "tongue1"): [(-0.1, 6.65, 0.2)],
        ("hair", "short01"): [(-0.5, 7.7, 1.0)],
    }
    return {key: _sheets(key, corners, vertices) for key, corners in places.items()}


def _sheets(key: tuple[str, str], corners: list[tuple[float, float, float]], head: np.ndarray) -> dict[str, Any]:
    """Upright rectangles (left, bottom, width) before the face, hung on the nearest vertices."""
    sides = ((0, 0), (1, 0), (1, 0.1), (0, 0.1))
    points = np.array([(left + right * width, low + up, 1.5) for left, low, width in corners for right, up in sides])
    nearest = np.linalg.norm(head[None] - points[:, None], axis=2).argmin(axis=1)
    triangles = np.concatenate([np.array([[0, 1, 2], [0, 2, 3]]) + 4 * sheet for sheet in range(len(corners))])
    folder = {"brow": "eyebrows", "lash": "eyelashes", "eye": "eyes"}.get(key[0], key[0])
    return {
        "ref": np.repeat(nearest[:, None], 3, axis=1),
        "w": np.tile(np.array([1, 0, 0], np.float32), (len(points), 1)),
        "off": (points - head[nearest]).astype(np.float32),
        "scale": {},
        "vi": np.arange(len(points)),
        "uv": np.tile(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), (len(corners), 1)),
        "tri": triangles,
        "f": triangles,
        "tex": f"makehuman/base/{folder}/{key[1]}/{key[1]}.png",
    }
