"""Whatever arrives on the node's topics: an answer or a counted refusal, never an exception; no face made up."""

import math
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed: run `make test`")

from hypothesis import example, given
from hypothesis import strategies as st

from rednet_ros.errors import InputError
from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine, paint
from rednet_ros.nodes.tracker.compressed_image import compressed_to_bgr
from rednet_ros.nodes.tracker.detections import detections
from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.tracking.types import Box, Detection

numbers = st.floats() | st.floats(-500, 500) | st.sampled_from([0.0, 1e-300, 1e20, -1e20, 1e300, 1e308])


@given(st.binary(max_size=300), st.text(max_size=20))
def test_compressed_images_of_any_bytes(data, name):
    with pytest.raises(InputError):
        compressed_to_bgr(SimpleNamespace(format=name, data=data))


@given(st.data(), st.sampled_from([".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm"]))
def test_compressed_images_with_bytes_changed_or_cut(data, ending):
    pixels = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, (24, 32, 3), np.uint8)
    content = bytearray(cv2.imencode(ending, pixels)[1].tobytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        content = content or bytearray(b"\0")
    try:
        image = compressed_to_bgr(SimpleNamespace(format=ending, data=bytes(content)))
    except InputError:
        return
    assert image.ndim == 3
    assert image.dtype == np.uint8


@st.composite
def detection_messages(draw):
    """As of vision_msgs/Detection2DArray, with any numbers."""
    entries = []
    for _ in range(draw(st.integers(0, 5))):
        hypotheses = [
            SimpleNamespace(hypothesis=SimpleNamespace(class_id=draw(st.text(max_size=4)), score=draw(numbers)))
            for _ in range(draw(st.integers(0, 2)))
        ]
        position = SimpleNamespace(x=draw(numbers), y=draw(numbers))
        box = SimpleNamespace(
            center=SimpleNamespace(position=position, theta=0.0), size_x=draw(numbers), size_y=draw(numbers)
        )
        entries.append(SimpleNamespace(results=hypotheses, bbox=box))
    return SimpleNamespace(detections=entries)


@given(detection_messages())
def test_detections_from_outside_make_no_face_where_there_is_none(message):
    found = detections(message)
    settings = TrackerSettings(detect_in_background=False, confirm_frames=1, include_tentative=True)
    with FaceTracker(engine=BrightEngine(), detector=NoDetector(), settings=settings) as tracker:
        for number in range(2):
            assert tracker.update_many({"": (paint([]), number / 30)}, {"": found}) == {"": []}


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers, numbers), max_size=4))
@example([(math.nan, 0.0, 1.0, 1.0, 1.0)])
@example([(0.0, 0.0, 1e308, 1e308, 1.0)])
def test_whatever_a_detector_says_no_face_is_made_up(rows):
    class Mad(BrightDetector):
        def detect(self, image_bgr):
            return [Detection(Box(*row[:4]), row[4]) for row in rows]

    settings = TrackerSettings(detect_in_background=False, confirm_frames=1, include_tentative=True)
    with FaceTracker(engine=BrightEngine(), detector=Mad(), settings=settings) as tracker:
        assert tracker.update(paint([]), 0.0) == []


@pytest.mark.ros
@given(st.data())
def test_calibrations_of_any_numbers(data):
    from sensor_msgs.msg import CameraInfo

    from rednet_ros.nodes.tracker.camera_info import camera_model

    message = CameraInfo(
        width=data.draw(st.integers(0, 2**32 - 1)),
        height=data.draw(st.integers(0, 2**32 - 1)),
        distortion_model=data.draw(st.sampled_from(["plumb_bob", "equidistant", "rational_polynomial", "", "lens"])),
        d=data.draw(st.lists(numbers, max_size=15)),
        k=data.draw(st.lists(numbers, min_size=9, max_size=9)),
        p=data.draw(st.lists(numbers, min_size=12, max_size=12)),
        binning_x=data.draw(st.integers(0, 2**32 - 1)),
        binning_y=data.draw(st.integers(0, 2**32 - 1)),
    )
    message.roi.width = data.draw(st.integers(0, 2**32 - 1))
    message.roi.x_offset = data.draw(st.integers(0, 2**32 - 1))
    try:
        model = camera_model(message, rectified=data.draw(st.booleans()))
    except InputError as error:
        assert len(str(error)) > 20
        return
    assert min(model.width_px, model.height_px) > 0
    assert all(map(math.isfinite, (*model.focal_px, *model.center_px)))


@pytest.mark.ros
@given(st.data())
def test_images_with_any_fields_are_answered_or_refused_by_the_pipeline(data):
    from sensor_msgs.msg import Image

    from rednet_ros.nodes.outputs.messages import face_landmarks
    from rednet_ros.nodes.tracker.frame_pipeline import CameraStream, FramePipeline
    from rednet_ros.nodes.tracker.image_conversion import NATIVE_ENCODINGS
    from rednet_ros.nodes.tracker.statistics import FrameRecorder

    class Answers:
        def __init__(self):
            self.messages = []

        def publish(self, result):
            self.messages.append(
                face_landmarks(result.header, result.image_bgr.shape, result.weights_name, result.faces)
            )

    answers, statistics, complaints = Answers(), FrameRecorder(), []
    settings = TrackerSettings(detect_in_background=False)
    with FaceTracker(engine=BrightEngine(), detector=BrightDetector(), settings=settings) as tracker:
        streams = {"": CameraStream([answers], statistics)}
        pipeline = FramePipeline(tracker, settings, streams, lambda: 0.0, lambda *reason: complaints.append(reason))
        for _ in range(3):
            message = Image(
                width=data.draw(st.integers(0, 20)),
                height=data.draw(st.integers(0, 20)),
                step=data.draw(st.integers(0, 70)),
                encoding=data.draw(st.sampled_from(NATIVE_ENCODINGS) | st.text(max_size=8)),
                is_bigendian=data.draw(st.integers(0, 255)),
                data=data.draw(st.binary(max_size=1400)),
            )
            message.header.stamp.sec = data.draw(st.integers(-(2**31), 2**31 - 1))
            message.header.stamp.nanosec = data.draw(st.integers(0, 2**32 - 1))
            pipeline.process({"": message})
    figures = statistics.snapshot()
    assert figures.processed == len(answers.messages)
    assert (figures.rejected, figures.failed) == (3 - len(answers.messages), 0)
    assert len(complaints) == figures.rejected
    assert all(not answer.faces for answer in answers.messages)
