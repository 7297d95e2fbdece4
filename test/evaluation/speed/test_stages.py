"""What is measured of a tracker whose network and detector take a known time."""

import time

import numpy as np
import pytest
import torch

from rednet_ros.evaluation.speed.scenes import Scene
from rednet_ros.evaluation.speed.stability import first_and_last, measure_fairness, measure_memory
from rednet_ros.evaluation.speed.stages import measure_cameras, measure_faces, measure_network
from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.tracking.crops import CROP_SCALE
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Box, Detection

NETWORK_S, DETECTOR_S = 0.004, 0.015


class SlowEngine:
    """Sees the mean face in the middle of every crop, after a while."""

    crop_size_px, weights_name, gives_identity, identity_threshold = 64, "slow", False, None

    def cpu_threads(self, faces):
        return 1 if faces == 1 else 2

    def initial_state(self, faces):
        return FaceState(torch.zeros(faces, 4), torch.zeros(faces, 4))

    def run(self, crops, previous_px=None, state=None):
        time.sleep(NETWORK_S)
        low, high = MEAN_SHAPE.min(axis=0), MEAN_SHAPE.max(axis=0)
        unit = (MEAN_SHAPE - (low + high) / 2) / (high - low).max()
        face = torch.from_numpy((unit * self.crop_size_px / CROP_SCALE + self.crop_size_px / 2).astype(np.float32))
        return Estimate(face.repeat(len(crops), 1, 1), torch.full((len(crops), 68), 0.9), None, state)


class SlowDetector:
    """Sees a face in each third of the image, after a while."""

    def detect(self, image_bgr):
        time.sleep(DETECTOR_S)
        boxes = [Box(20.0 + 100 * third, 80.0, 60.0, 60.0) for third in range(3)]
        return [Detection(box, 0.9) for box in boxes]


@pytest.fixture
def scene():
    """Noise that stands still: what is seen does not depend on it."""
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    return Scene((image,) * 4, 3)


def test_network_and_detector_are_told_apart_from_the_rest(scene):
    row = measure_faces(scene, SlowEngine(), SlowDetector(), gflop_ms=1.0, seconds=0.1)
    assert (row.faces, row.tracked, row.threads, row.floor_ms) == (3, 3, 2, 3.0)
    assert row.network.median_ms >= 1e3 * NETWORK_S
    assert row.detect.median_ms >= 1e3 * DETECTOR_S
    assert row.frame.median_ms >= row.network.median_ms
    # The rest is what a frame takes beyond its network; the network's sleep is in it no more.
    rest_ms = row.frame.median_ms - 1e3 * NETWORK_S
    assert 0 < row.landmarks.median_ms + row.crop.median_ms < rest_ms + 2
    assert row.network_floors == row.network.median_ms / 3


def test_the_network_is_given_faces_with_a_history():
    asked = []

    class Engine(SlowEngine):
        def run(self, crops, previous_px=None, state=None):
            asked.append((len(crops), previous_px is not None, state is not None))
            return super().run(crops, previous_px, state)

    measure_network(Engine(), 5, seconds=0.01)
    assert asked[0] == (5, False, True)
    assert set(asked[1:]) == {(5, True, True)}


def test_cameras_go_through_one_batch(scene):
    batches = []

    class Engine(SlowEngine):
        def run(self, crops, previous_px=None, state=None):
            batches.append(len(crops))
            return super().run(crops, previous_px, state)

    row = measure_cameras(scene, 2, Engine(), SlowDetector(), seconds=0.05)
    assert (row.cameras, row.tracked) == (2, 6)
    assert batches[-1] == 6


def test_memory_is_sampled_to_the_last_frame(scene):
    with FaceTracker(engine=SlowEngine(), detector=SlowDetector()) as tracker:
        curve = measure_memory(tracker, scene, 20)
    assert curve.frames == tuple(range(1, 21))
    assert min(curve.memory_mb) > 1


def test_streams_that_a_tracker_can_serve_get_all_they_ask_for(scene):
    with FaceTracker(engine=SlowEngine(), detector=SlowDetector()) as tracker:
        fairness = measure_fairness(tracker, scene, cameras=3, rate_hz=10.0, seconds=1.5)
    assert [camera.name for camera in fairness.cameras] == ["camera 0", "camera 1", "camera 2"]
    assert all(camera.sent >= 10 for camera in fairness.cameras)
    assert fairness.least_share > 0.6
    assert all(camera.latency_last.median_ms >= 1e3 * NETWORK_S for camera in fairness.cameras)


def test_a_stream_without_an_answer_has_no_latency():
    assert first_and_last([]) == (None, None)
    first, last = first_and_last([0.001] * 5 + [0.002] * 5)
    assert (first.median_ms, last.median_ms) == (1.0, 2.0)
