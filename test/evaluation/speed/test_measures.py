"""What is measured of a tracker whose network and detector take a known time."""

import time

import pytest

from rednet_ros.evaluation.speed.measures import (
    compare,
    measure_cameras,
    measure_frames,
    measure_network,
    measure_sharing,
)
from rednet_ros.evaluation.speed.scenes import Scene
from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine, Square, paint

NETWORK_S, DETECTOR_S = 0.01, 0.04


class SlowEngine(BrightEngine):
    """Notes how it is asked: faces of the batch, whether it has landmarks and a state of before."""

    def __init__(self):
        self.asked = []

    def cpu_threads(self, faces):
        return 1 if faces == 1 else 2

    def run(self, crops, previous_px=None, state=None):
        self.asked.append((len(crops), previous_px is not None, state is not None))
        time.sleep(NETWORK_S)
        return super().run(crops, previous_px, state)


class SlowDetector(BrightDetector):
    def detect(self, image_bgr):
        time.sleep(DETECTOR_S)
        return super().detect(image_bgr)


@pytest.fixture
def scene():
    """Three faces that stand still."""
    squares = [Square(40 + 80 * number, 60, 30, number) for number in range(3)]
    return Scene((paint(squares, 260, 120),) * 4, 3)


def test_network_and_detector_are_told_apart_from_the_rest(scene):
    row = measure_frames(scene, SlowEngine(), SlowDetector(), seconds=0.2)
    stages_ms = row["stages_ms"]
    assert row["tracked"] == 3
    assert row["frame"]["wall_ms"] >= 1e3 * NETWORK_S
    assert row["search"]["wall_ms"] >= 1e3 * DETECTOR_S
    assert stages_ms["network"] >= 1e3 * NETWORK_S
    assert stages_ms["crop"] > 0
    assert row["frame"]["cpu_ms"] < row["frame"]["wall_ms"]  # sleeping is no work
    assert set(stages_ms) == {"detect", "network", "crop", "rest"}


def test_the_network_is_given_faces_with_a_history():
    engine = SlowEngine()
    assert measure_network(engine, 5, seconds=0.01)["wall_ms"] >= 1e3 * NETWORK_S
    assert engine.asked[0] == (5, False, True)
    assert set(engine.asked[1:]) == {(5, True, True)}


def test_cameras_go_through_one_batch(scene):
    engine = SlowEngine()
    row = measure_cameras(scene, 2, engine, SlowDetector(), seconds=0.05)
    assert (row["cameras"], row["tracked"]) == (2, 6)
    assert engine.asked[-1][0] == 6


def test_streams_that_a_tracker_can_serve_get_all_they_ask_for(scene):
    shared = measure_sharing(scene, 3, 5.0, SlowEngine(), SlowDetector(), seconds=2.0)
    assert len(shared["processed"]) == 3
    assert all(0.6 < share <= 1 for share in shared["processed"])
    assert all(latency_ms >= 1e3 * NETWORK_S for latency_ms in shared["last_ms"])


def test_streams_that_are_too_fast_lose_images(scene):
    shared = measure_sharing(scene, 2, 400.0, SlowEngine(), SlowDetector(), seconds=0.5)
    assert all(share < 0.6 for share in shared["processed"])


def test_frames_with_a_face_are_counted_and_all_see_the_same(scene):
    seen = {"odd": [], "all": []}

    def find(name):
        return lambda image, time_s: seen[name].append(time_s) or (name == "all" or len(seen[name]) % 2)

    rows = {row["name"]: row for row in compare(scene, {name: find(name) for name in seen}, 0.01)}
    assert rows["all"]["found"] == rows["all"]["frames"]
    assert abs(rows["odd"]["found"] - rows["odd"]["frames"] / 2) <= 1
    assert seen["odd"][:5] == seen["all"][:5] == sorted(set(seen["all"][:5]))
