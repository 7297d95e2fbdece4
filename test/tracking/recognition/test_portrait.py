from typing import Any

import numpy as np
import pytest

from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.recognition.portrait import KNOWN_FRAMES, Portrait, view_quality
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.tracking.types import FloatArray
from rednet_ros.tracking.yaw import turn


def unit(*parts: float) -> FloatArray:
    vector = np.zeros(256, np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


def of(vector: FloatArray, frames: int, quality: float = 1.0) -> Portrait:
    portrait = Portrait()
    for _ in range(frames):
        portrait = portrait.with_view(vector, quality)
    return portrait


def turned(yaw_deg: float) -> FloatArray:
    """A head whose nose tip stands out of the eyes' plane by 0.4 of their distance, seen from far away."""
    depth = np.zeros(68)
    depth[30] = 0.4
    yaw = np.radians(yaw_deg)
    across = MEAN_SHAPE[:, 0] * np.cos(yaw) + depth * np.sin(yaw)
    return (100 * np.column_stack([across, MEAN_SHAPE[:, 1]]) + (200, 150)).astype(np.float32)


def sighting(landmarks_px: FloatArray, confidence: float = 0.9, identity: Any = "some") -> Sighting:
    vector = unit(1.0) if isinstance(identity, str) else identity
    return Sighting(landmarks_px, np.full(68, confidence, np.float32), confidence, vector, None)


def test_it_is_compared_only_after_enough_frames() -> None:
    assert np.isnan(of(unit(1.0), KNOWN_FRAMES - 1).similarity(unit(1.0)))
    assert of(unit(1.0), KNOWN_FRAMES).similarity(unit(1.0)) == pytest.approx(1.0)
    assert np.isnan(of(unit(1.0), KNOWN_FRAMES).similarity(None))


def test_better_frames_count_more() -> None:
    portrait = of(unit(1.0, 0.0), 5, 0.9).merged(of(unit(0.0, 1.0), 5, 0.1))
    assert portrait.similarity(unit(1.0, 0.0)) == pytest.approx(0.9 / np.hypot(0.9, 0.1))


def test_a_long_life_follows_slow_changes() -> None:
    """After ten thousand frames of one look, one thousand of another are what it is known by."""
    portrait = of(unit(1.0, 0.0), 10_000)
    portrait = portrait.merged(Portrait())
    for _ in range(1000):
        portrait = portrait.with_view(unit(0.0, 1.0), 1.0)
    assert portrait.similarity(unit(0.0, 1.0)) > 0.95
    assert portrait.frames == 11_000


def test_opposites_and_nothing_give_no_number() -> None:
    portrait = of(unit(1.0), 5).merged(of(-unit(1.0), 5))
    assert np.isnan(portrait.similarity(unit(1.0)))
    assert np.isnan(Portrait().likeness(portrait))


def test_it_does_not_show_its_numbers_in_logs() -> None:
    assert "total" not in repr(of(unit(1.0), 5))


@pytest.mark.parametrize("yaw_deg", [0.0, 15.0, -30.0, 45.0])
def test_the_turn_goes_with_the_tangent_of_the_yaw_whatever_the_roll(yaw_deg: float) -> None:
    roll = np.radians(25)
    rotation = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    face = turned(yaw_deg)
    face[30] -= (0, 100 * MEAN_SHAPE[30, 1] - 100 * MEAN_SHAPE[36, 1])  # pitch has no part in it
    expected = 0.8 * abs(np.tan(np.radians(yaw_deg)))
    assert turn(face) == pytest.approx(expected, abs=1e-3)
    assert turn((face @ rotation.T).astype(np.float32)) == pytest.approx(expected, abs=1e-3)


def test_frontal_sure_frames_are_the_best_and_turned_or_unsure_ones_count_nothing() -> None:
    def quality(face: Sighting) -> float:
        return view_quality(face, 400, 300, 0.6)

    frontal = quality(sighting(turned(0)))
    assert frontal == pytest.approx(0.9, abs=0.01)
    assert 0.4 < quality(sighting(turned(30))) < frontal
    assert quality(sighting(turned(40))) == 0.0
    assert quality(sighting(turned(0), confidence=0.5)) == 0.0
    assert quality(sighting(turned(0) - np.float32([200, 0]))) == 0.0  # half outside
    assert quality(sighting(turned(0), identity=None)) == 0.0
    assert quality(sighting(turned(0), identity=np.full(256, np.nan, np.float32))) == 0.0
