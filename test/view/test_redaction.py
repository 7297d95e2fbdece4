"""Frames on their way to a view that nobody's face may reach."""

from __future__ import annotations

import numpy as np
from painted_people import Person, as_detection

from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.tracking.redaction.redactor import LOOK_AHEAD_FRAMES
from rednet_ros.tracking.types import Detection, ImageArray, Place
from rednet_ros.view.live_frame import LiveFrame
from rednet_ros.view.redaction import FrameRedactor

ANNE = Person(3, 160, 120)


def noise(number: int) -> LiveFrame:
    image = np.random.default_rng(number).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    return LiveFrame(image, (), number / 25, 0.01 * number)


def is_shown(before: LiveFrame, after: LiveFrame) -> bool:
    """Whether some of the middle of the face is as it was."""
    rows, columns = slice(105, 135), slice(145, 175)
    same = (before.image_bgr[rows, columns] == after.image_bgr[rows, columns]).all(axis=2)
    return float(same.mean()) > 0.01


def test_a_face_found_late_is_hidden_from_the_first_frame_on_and_the_rest_of_a_frame_stays() -> None:
    frames = [noise(number) for number in range(LOOK_AHEAD_FRAMES + 3)]
    redactor = FrameRedactor("landmarks", NoDetector())
    shown: list[LiveFrame] = []
    for number, frame in enumerate(frames):
        shown += redactor.add(frame, [Place("f1", ANNE.landmarks())] if number == LOOK_AHEAD_FRAMES else [])
        assert len(shown) == max(0, number + 1 - LOOK_AHEAD_FRAMES), "so many frames late, and in order"
    shown += redactor.finish()
    assert [(frame.time_s, frame.latency_s) for frame in shown] == [(frame.time_s, frame.latency_s) for frame in frames]
    for before, after in zip(frames, shown, strict=True):
        assert not is_shown(before, after)
        np.testing.assert_array_equal(before.image_bgr[:20], after.image_bgr[:20])


class FindsAnne(NoDetector):
    """In any image, though hardly."""

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        return [as_detection(ANNE, 0.3)]


def test_what_the_detector_alone_finds_is_hidden_and_the_given_frame_is_not_changed() -> None:
    frame = noise(0)
    before = frame.image_bgr.copy()
    redactor = FrameRedactor("blur", FindsAnne())
    assert redactor.add(frame, []) == []
    (shown,) = redactor.finish()
    assert not is_shown(frame, shown)
    np.testing.assert_array_equal(frame.image_bgr, before)
