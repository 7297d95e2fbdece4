"""Portraits of labelled sequences, made as the tracker makes them."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import recognition_threshold

from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.training.datasets.labels import LabelledFace

LANDMARKS_PX = (60 * MEAN_SHAPE + (100, 70)).astype(np.float32)


class Eyes:
    """Sees who it is by the brightness of the image; is not sure of dark ones."""

    def face_in_box(self, image: Any, box: Any) -> Sighting:
        brightness = float(image.mean())
        identity = np.eye(1, 256, round(brightness / 10), dtype=np.float32)[0]
        confidence = 0.9 if brightness > 50 else 0.3
        return Sighting(LANDMARKS_PX, np.full(68, confidence, np.float32), confidence, identity, None)


@pytest.fixture
def label(tmp_path: Path) -> Any:
    def make(person: str, sequence: str, frame: int, brightness: int) -> LabelledFace:
        path = tmp_path / f"{person}{sequence}{frame}.png"
        cv2.imwrite(str(path), np.full((200, 200, 3), brightness, np.uint8))
        return LabelledFace(
            image_path=path, points_px=LANDMARKS_PX, source="test", identity=person, sequence=sequence, frame=frame
        )

    return make


def test_a_portrait_is_made_of_the_first_good_views(label: Any) -> None:
    faces = [label("ann", "s", number, brightness) for number, brightness in enumerate([20, 100, 100, 200])]
    portraits = recognition_threshold.portraits_of(faces[::-1], Eyes(), frames=2)
    ((clip, vector),) = portraits.items()
    assert clip == ("ann", "s")
    assert vector[10] > 0
    assert vector[2] == vector[20] == 0  # neither the dark one nor the last


def test_sequences_with_too_few_good_views_are_left_out(label: Any) -> None:
    faces = [label("ann", "s", 0, 100), label("ann", "s", 1, 20), label("ann", "t", 0, 100), label("ann", "t", 1, 100)]
    assert list(recognition_threshold.portraits_of(faces, Eyes(), frames=2)) == [("ann", "t")]
