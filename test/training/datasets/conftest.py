"""Tiny data sets in the publishers' formats."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

WritePts = Callable[..., Path]


@pytest.fixture(scope="session")
def shape() -> NDArray[np.float32]:
    """68 points of an upright face, all different, two decimals."""
    points = np.random.default_rng(5).uniform(20, 80, (68, 2)).round(2).astype(np.float32)
    points[[36, 39, 42, 45]] = [(30, 40), (42, 41), (58, 41), (70, 40)]
    return points


@pytest.fixture
def write_pts() -> WritePts:
    """Writes points into a .pts file as they are."""

    def write(path: Path, points: NDArray[np.float32], announced: int | None = None, line_end: str = "\n") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        count = len(points) if announced is None else announced
        rows = [f"{x:.3f} {y:.3f}" for x, y in points]
        path.write_bytes(line_end.join(["version: 1", f"n_points:  {count}", "{", *rows, "}", ""]).encode())
        return path

    return write


@pytest.fixture
def write_image() -> Callable[..., Path]:
    """Writes a grey picture, 100 x 90."""

    def write(path: Path, level: int = 128) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.full((90, 100, 3), level, np.uint8))
        return path

    return write


@pytest.fixture
def write_video() -> Callable[..., Path]:
    """Writes a film whose frame i has the grey level 20 * (i + 1)."""

    def write(path: Path, frames: int) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (100, 90))
        assert writer.isOpened()
        for index in range(frames):
            writer.write(np.full((90, 100, 3), 20 * (index + 1), np.uint8))
        writer.release()
        return path

    return write
