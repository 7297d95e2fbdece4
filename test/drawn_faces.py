"""Drawn faces as small data sets, one thread, known random numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from rednet_ros.network.config import REDNetConfig
from rednet_ros.tracking.mean_shape import MEAN_SHAPE

SHAPE = (np.asarray(MEAN_SHAPE) - np.mean(MEAN_SHAPE, axis=0)) / np.ptp(MEAN_SHAPE, axis=0).max()

_TINY = REDNetConfig(
    backbone="resnet14",
    width=0.0625,
    crop_px=64,
    temporal="residual",
    identity=True,
    sigma_px=10.0,
    radius_px=12.0,
    regression_maps="softmax",
)


@pytest.fixture(scope="session")
def tiny() -> REDNetConfig:
    """As small as a network can be."""
    return _TINY


@pytest.fixture(scope="session")
def shape() -> np.ndarray:
    """68 x 2: an upright face about 0, its longer side 1."""
    return SHAPE


@pytest.fixture(scope="session")
def draw() -> Callable[..., np.ndarray]:
    """`draw_face`."""
    return draw_face


@pytest.fixture(autouse=True)
def steady(one_thread_and_seed: None) -> None:
    """Every test of this folder."""


def draw_face(points: np.ndarray, skin: tuple[int, int, int], size_px: int = 160) -> np.ndarray:
    """A flat face with a dot on every landmark."""
    image = np.full((size_px, size_px, 3), (90, 80, 70), np.uint8)
    cv2.fillPoly(image, [cv2.convexHull(points.astype(np.int32))], skin)
    for x, y in points:
        cv2.circle(image, (round(float(x)), round(float(y))), max(2, size_px // 150), (20, 20, 60), -1)
    return image


MakeFaces = Callable[..., Path]


@pytest.fixture(scope="session")
def make_faces(tmp_path_factory: pytest.TempPathFactory) -> MakeFaces:
    """Writes a labels file of drawn faces: `make_faces(12, people=3, frames=4, source="made")`.

    `people`: each has an own colour, and a name; 0: nobody has a name. `frames`: consecutive rows are frames of one
    sequence, in which the face moves to the right.
    """

    def make(count: int, *, source: str = "made", people: int = 0, frames: int = 0, first: int = 1) -> Path:
        folder = tmp_path_factory.mktemp("faces")
        rng = np.random.default_rng(count)
        lines = []
        for number in range(count):
            order = number // frames if frames else number
            points = SHAPE * rng.uniform(66, 74) + 80 + rng.normal(0, 3, 2)
            if frames:
                points = SHAPE * 70 + 72 + (number % frames) * np.array([4.0, 0.0])
            who = order % people if people else 0
            skin = tuple(int(value) for value in np.random.default_rng(who).integers(90, 250, 3))
            name = f"face_{(number + first) * 5:04d}.png"
            cv2.imwrite(str(folder / name), draw_face(points, skin))
            row: dict[str, Any] = {"image": name, "source": source, "points": points.tolist()}
            if people:
                row["identity"] = f"p{who}"
            if frames:
                row |= {"sequence": f"s{order}", "frame": number % frames}
            lines.append(json.dumps(row))
        (folder / "labels.jsonl").write_text("\n".join(lines))
        return folder / "labels.jsonl"

    return make
