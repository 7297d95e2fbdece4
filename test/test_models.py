"""What is shipped: every weights file has a card that fits it, and tracks a real face."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.network import weights
from rednet_ros.resources import models_dir
from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.detector.models import load_detector
from rednet_ros.tracking.recognition.by_onnx import open_onnx
from rednet_ros.tracking.types import Face

SHIPPED = sorted(models_dir().glob("rednet*.safetensors"))
FACELESS = ("coffee", "rocket", "coins", "moon", "page", "brick", "grass", "hubble_deep_field")


@pytest.fixture(scope="module")
def tracker() -> Iterator[FaceTracker]:
    settings = TrackerSettings(confirm_frames=1, detect_in_background=False)
    with FaceTracker(device="cpu", settings=settings) as made:
        yield made


@pytest.fixture
def portrait() -> np.ndarray:
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)


def only_face(tracker: FaceTracker, image: np.ndarray) -> Face:
    tracker.reset()
    (face,) = tracker.update(image, 0.0)
    return face


def test_weights_are_shipped() -> None:
    assert SHIPPED, f"no weights in {models_dir()}"


OTHERS = [models_dir() / "centerface.onnx", models_dir() / "face-id.onnx"]


@pytest.mark.parametrize("path", [*SHIPPED, *OTHERS], ids=lambda path: path.name)
def test_a_card_tells_of_each_file_and_its_checksum_fits(path: Path) -> None:
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card
    assert re.search(r"licen[cs]e", card, re.IGNORECASE)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_card_names_data_licence_command_seed_and_numbers(path: Path) -> None:
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    _, info = weights.load(path)
    assert info.name == path.stem
    assert info.license in card
    for wanted in ("rednet-train config/train/", "seed", "NME", "rednet-evaluate", "rednet-render"):
        assert wanted in card, wanted


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_weights_that_saw_real_annotated_faces_are_for_research_only(path: Path) -> None:
    _, info = weights.load(path)
    saw_real_faces = "faces68" in info.data
    assert ("faces68" in path.with_suffix(".md").read_text(encoding="utf-8")) == saw_real_faces
    assert info.license == ("research use only" if saw_real_faces else "Apache-2.0")


def test_the_recogniser_knows_a_portrait_in_another_light_and_size(tracker: FaceTracker, portrait: np.ndarray) -> None:
    recognizer = open_onnx("face-id")
    assert recognizer.license == "research use only"
    assert recognizer.threshold is not None
    small = cv2.resize(np.uint8(0.6 * portrait), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    first, second = (recognizer.vector(image, only_face(tracker, image).landmarks_px) for image in (portrait, small))
    assert first is not None
    assert second is not None
    assert first @ second > recognizer.threshold


def test_the_portraits_landmarks_lie_where_another_network_sees_eyes_nose_and_mouth(
    tracker: FaceTracker, portrait: np.ndarray
) -> None:
    face = only_face(tracker, portrait)
    (detection, *_) = load_detector().detect(portrait)
    landmarks = face.landmarks_px
    eyes = [landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)]
    found = np.array([*eyes, landmarks[30], landmarks[48], landmarks[54]])
    between_eyes_px = np.linalg.norm(landmarks[45] - landmarks[36])
    assert np.linalg.norm(found - detection.points, axis=1).max() < 0.12 * between_eyes_px
    assert face.confidence > 0.5


def test_a_mirrored_portrait_has_mirrored_landmarks(tracker: FaceTracker, portrait: np.ndarray) -> None:
    straight = only_face(tracker, portrait).landmarks_px
    mirrored = only_face(tracker, cv2.flip(portrait, 1)).landmarks_px[list(FLIP_ORDER)]
    mirrored[:, 0] = portrait.shape[1] - 1 - mirrored[:, 0]
    between_eyes_px = np.linalg.norm(straight[45] - straight[36])
    assert np.linalg.norm(mirrored - straight, axis=1).mean() < 0.06 * between_eyes_px


@pytest.mark.parametrize("name", FACELESS)
def test_pictures_without_a_face_have_none(tracker: FaceTracker, name: str) -> None:
    image = getattr(data, name)()
    image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
    tracker.reset()
    for frame in range(5):
        assert tracker.update(image, frame / 30) == []


def test_a_face_that_is_covered_is_not_claimed(tracker: FaceTracker, portrait: np.ndarray) -> None:
    face = only_face(tracker, portrait)
    covered = portrait.copy()
    left, top = int(face.box.x) - 20, int(face.box.y) - 20
    covered[top : top + 140, left : left + 140] = (120, 90, 60)
    assert tracker.update(covered, 1 / 30) == []
