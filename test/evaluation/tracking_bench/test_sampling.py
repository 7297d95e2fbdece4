"""Which frames get through, and when a late detector answers."""

from typing import Any

import numpy as np
import pytest

from rednet_ros.evaluation.tracking_bench.canvas import Frame
from rednet_ros.evaluation.tracking_bench.sampling import LateDetector, Sampling
from rednet_ros.tracking.detector.background import DetectionRequest
from rednet_ros.tracking.detector.search_plan import whole
from rednet_ros.tracking.types import Box, Detection

FRAMES = [Frame(np.zeros((4, 4, 3), np.uint8), ()) for _ in range(60)]


@pytest.mark.parametrize(("rate_hz", "step"), [(30, 1), (15, 2), (10, 3), (5, 6), (2.5, 12)])
def test_frames_get_through_evenly_at_their_times(rate_hz: float, step: int) -> None:
    times_s = [time_s for _, time_s in Sampling(rate_hz).frames("clip", FRAMES)]
    assert times_s == pytest.approx([number / 30 for number in range(0, 60, step)])


def test_drops_are_random_but_the_same_each_time() -> None:
    first, second, other = (
        [time_s for _, time_s in Sampling(drop=0.5).frames(name, FRAMES)] for name in ("a", "a", "b")
    )
    assert first == second != other
    assert 15 < len(first) < 45


def test_a_late_detector_answers_by_the_clips_time() -> None:
    class Sees:
        def detect(self, image_bgr: Any) -> list[Detection]:
            return [Detection(Box(0, 0, 2, 2), 0.9)]

    late = LateDetector(Sees(), delay_s=0.2)
    image = np.zeros((4, 4, 3), np.uint8)
    late.submit(DetectionRequest("", image, whole(4, 4, 480), {}, clock_s=0.0, epoch=0))
    for now_s, count in ((0.0, 0), (0.1, 0), (0.2, 1), (0.3, 0)):
        assert late.is_busy("") == (now_s <= 0.2)
        late.now_s = now_s
        assert len(late.collect()) == count
    late.submit(DetectionRequest("", image, whole(4, 4, 480), {}, clock_s=0.3, epoch=0))
    assert late.wait(0.1) == 0.1
    assert late.collect() == []
    assert late.wait(0.3) == 0.2
    assert len(late.collect()) == 1
