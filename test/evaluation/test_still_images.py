import numpy as np
import pytest

from rednet_ros.evaluation.still_images import StillPredictor, best_covering
from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.network.config import REDNetConfig
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import CLOSER
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

IMAGE = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)


def face_at(center: tuple[float, float], width_px: float) -> FloatArray:
    """An upright mean face."""
    box = Box.around(MEAN_SHAPE)
    scale = width_px / box.width
    return ((MEAN_SHAPE - box.center) * scale + center).astype(np.float32)


def detection_of(landmarks: FloatArray, score: float = 0.9) -> Detection:
    """A detection with the five points of these landmarks."""
    eyes = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    points = np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]]).astype(np.float32)
    return Detection(Box.around(landmarks), score, points)


class FakeEngine:
    """Always sees a mean face in the middle of the crop, a little smaller than the crop expects; counts its looks."""

    crop_size_px = 64
    weights_name = "fake"
    gives_identity = False
    identity_threshold = None

    def __init__(self) -> None:
        self.previous: list[FloatArray] = []
        self.states: list[float] = []

    def initial_state(self, faces: int) -> FaceState:
        return FaceState.zeros(REDNetConfig().state_shapes, faces)

    def run(self, crops: ImageArray, previous_px: FloatArray, state: FaceState | None) -> Estimate:
        assert state is not None
        self.previous.append(previous_px[0])
        self.states.append(float(state.parts["hidden"][0, 0]))
        landmarks = np.repeat(face_at((33.0, 31.0), 40.0)[None], len(crops), axis=0)
        confidence = np.full((len(crops), 68), 0.9, np.float32)
        return Estimate(
            landmarks, confidence, None, FaceState({"hidden": state.parts["hidden"] + 1, "cell": state.parts["cell"]})
        )


class FakeDetector:
    def __init__(self, *detections: Detection) -> None:
        self.detections = list(detections)

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        return self.detections


def test_two_closer_looks_start_from_the_first_and_the_mean_of_the_three_counts() -> None:
    engine = FakeEngine()
    truth = face_at((160, 120), 80)
    sighting = StillPredictor(engine, FakeDetector()).face_in_box(IMAGE, Box.around(truth))
    assert len(engine.previous) == 2
    assert np.isnan(engine.previous[0]).all()
    assert engine.states == [0.0, 0.0]
    # Each look takes the face to be smaller and a little aside, so the others lie around the first answer.
    side = 40 / 64 * 1.4
    assert Box.around(engine.previous[1]).center == pytest.approx((31.5, 31.5), abs=0.1)
    assert Box.around(sighting.landmarks_px).width == pytest.approx(
        80 * (side + 2 * CLOSER * side * side) / 3, rel=0.03
    )


def test_a_still_is_what_the_tracker_says_of_a_first_frame() -> None:
    truth = face_at((150, 110), 90)
    detector = FakeDetector(detection_of(truth))
    still = StillPredictor(FakeEngine(), detector).face_detected_at(IMAGE, Box.around(truth))
    settings = TrackerSettings(confirm_frames=1, detect_in_background=False)
    with FaceTracker(engine=FakeEngine(), detector=detector, settings=settings) as tracker:
        (face,) = tracker.update(IMAGE, 0.0)
    assert still is not None
    np.testing.assert_array_equal(still.landmarks_px, face.landmarks_px)


def test_the_detection_that_best_covers_the_face_is_taken() -> None:
    truth = face_at((160, 120), 80)
    near = detection_of(face_at((165, 122), 84), score=0.4)
    beside = detection_of(face_at((200, 120), 80), score=0.99)
    assert best_covering([beside, near], Box.around(truth)) is near


def test_another_face_is_not_taken_for_the_labelled_one() -> None:
    truth = face_at((160, 120), 80)
    elsewhere = detection_of(face_at((60, 60), 80), score=0.99)
    within = detection_of(face_at((160, 120), 30), score=0.99)  # a face on a shirt, say
    assert best_covering([elsewhere, within], Box.around(truth)) is None
    assert best_covering([], Box.around(truth)) is None
    assert StillPredictor(FakeEngine(), FakeDetector(elsewhere)).face_detected_at(IMAGE, Box.around(truth)) is None
