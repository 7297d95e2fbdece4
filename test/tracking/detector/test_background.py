import itertools
import logging
import threading
import time
from typing import Any

import numpy as np
import pytest

from rednet_ros.tracking.detector.background import (
    BackgroundDetector,
    DetectionRequest,
    DetectionResult,
    InlineDetector,
)
from rednet_ros.tracking.detector.search_plan import whole
from rednet_ros.tracking.types import Box, Detection, ImageArray


class Gate:
    """A detector that waits for leave to answer; the score is the image's first value by 100."""

    def __init__(self) -> None:
        self.open, self.begun = threading.Event(), threading.Event()
        self.seen: list[int] = []

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        self.begun.set()
        assert self.open.wait(10)
        value = int(image_bgr[0, 0, 0])
        self.seen.append(value)
        if value == 13:
            raise RuntimeError("thirteen")
        return [Detection(Box(0, 0, 9, 9), value / 100)]


def request(value: int, camera: str = "a") -> DetectionRequest:
    image = np.full((4, 4, 3), value, np.uint8)
    return DetectionRequest(camera, image, whole(4, 4, 480), {}, clock_s=0.0, epoch=0)


def results(runner: BackgroundDetector, count: int) -> list[DetectionResult]:
    collected: list[DetectionResult] = []
    deadline_s = time.monotonic() + 10
    while len(collected) < count and time.monotonic() < deadline_s:
        collected += runner.collect()
        time.sleep(0.002)
    return collected


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def runner(gate: Gate) -> Any:
    running = BackgroundDetector(gate)
    yield running
    gate.open.set()
    running.close()


def test_the_latest_image_of_each_camera_wins(gate: Gate, runner: BackgroundDetector) -> None:
    runner.submit(request(1))
    assert gate.begun.wait(10)
    for value in (2, 3, 4):
        runner.submit(request(value))
    runner.submit(request(50, "b"))
    runner.submit(request(5))
    assert runner.is_busy("a")
    assert not runner.is_busy("b")
    gate.open.set()
    answers = results(runner, 3)
    assert [(answer.request.camera, round(100 * answer.detections[0].score)) for answer in answers] == [
        ("a", 1),
        ("a", 5),
        ("b", 50),
    ]
    assert not runner.is_busy("a")


def test_waiting_ends_with_the_result_with_a_failure_and_with_the_time(gate: Gate, runner: BackgroundDetector) -> None:
    runner.submit(request(1, camera=""))
    assert 0.05 <= runner.wait(0.05) < 1.0
    gate.open.set()
    assert runner.wait(10.0) < 1.0
    assert len(runner.collect()) == 1
    runner.submit(request(13))
    assert runner.wait(10.0) < 1.0
    assert runner.collect() == []
    assert runner.wait(10.0) < 1.0  # nothing is being searched


def test_a_reused_buffer_does_not_change_the_image_searched(gate: Gate, runner: BackgroundDetector) -> None:
    first = request(7)
    runner.submit(first)
    first.image[:] = 99
    gate.open.set()
    assert results(runner, 1)[0].detections[0].score == 0.07


def test_failures_are_logged_once_have_no_result_and_the_next_image_is_searched(
    gate: Gate, runner: BackgroundDetector, caplog: pytest.LogCaptureFixture
) -> None:
    gate.open.set()
    with caplog.at_level(logging.ERROR):
        for number, value in enumerate((13, 13, 20), start=1):
            runner.submit(request(value))
            deadline_s = time.monotonic() + 10
            while len(gate.seen) < number and time.monotonic() < deadline_s:
                time.sleep(0.002)
        (answer,) = results(runner, 1)
    assert round(100 * answer.detections[0].score) == 20
    assert len(caplog.records) == 1
    assert "face detector failed" in caplog.text
    assert "thirteen" in caplog.text


def test_close_ends_the_thread(gate: Gate) -> None:
    gate.open.set()
    before = threading.active_count()
    runner = BackgroundDetector(gate)
    runner.submit(request(1))
    runner.close()
    assert threading.active_count() == before


def test_on_the_spot_answers_at_once_and_lets_errors_through(gate: Gate) -> None:
    gate.open.set()
    runner = InlineDetector(gate)
    runner.submit(request(8))
    assert runner.is_busy("a")
    assert [answer.detections[0].score for answer in runner.collect()] == [0.08]
    assert runner.collect() == []
    with pytest.raises(RuntimeError, match="thirteen"):
        runner.submit(request(13))


def test_a_search_that_hangs_is_a_problem_until_it_ends(
    runner: BackgroundDetector, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rednet_ros.tracking.detector.background.HANGING_S", 0.05)
    assert runner.problem() == ""
    runner.submit(request(1))
    assert gate.begun.wait(10)
    time.sleep(0.06)
    assert runner.problem().startswith("the face detector has been searching one image for 0 s")
    gate.open.set()
    results(runner, 1)
    assert runner.problem() == ""


def test_a_failure_is_a_problem_until_the_detector_works_again(runner: BackgroundDetector, gate: Gate) -> None:
    gate.open.set()
    runner.submit(request(13, "a"))
    runner.submit(request(13, "b"))
    while len(gate.seen) < 2 or not runner.problem():
        time.sleep(0.002)
    assert runner.problem() == "the face detector failed on its last image: RuntimeError: thirteen"
    runner.submit(request(1))
    results(runner, 1)
    assert runner.problem() == ""


def test_the_thread_never_takes_more_than_half_a_core() -> None:
    """However fast cameras ask."""
    searches: list[tuple[float, float]] = []

    class Busy:
        def detect(self, image_bgr: ImageArray) -> list[Detection]:
            begun_s = time.monotonic()
            time.sleep(0.03)
            searches.append((begun_s, time.monotonic()))
            return []

    running = BackgroundDetector(Busy())
    while len(searches) < 4:
        for camera in "abc":
            running.submit(request(1, camera))
        running.collect()
        time.sleep(0.002)
    running.close()
    for (begun_s, ended_s), (next_s, _) in itertools.pairwise(searches):
        assert next_s - ended_s >= 0.95 * (ended_s - begun_s)
