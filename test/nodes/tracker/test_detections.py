"""vision_msgs/Detection2DArray to detections, with stand-ins of the documented fields."""

import math
from types import SimpleNamespace as Message

import pytest

from rednet_ros.nodes.tracker.detections import LatestDetections, detections
from rednet_ros.tracking.types import Box, Detections


def found(x=100.0, y=80.0, width=40.0, height=60.0, **scores):
    """A Detection2D; `scores`: class -> score."""
    hypotheses = [Message(hypothesis=Message(class_id=name, score=score)) for name, score in scores.items()]
    center = Message(position=Message(x=x, y=y), theta=0.0)
    return Message(results=hypotheses, bbox=Message(center=center, size_x=width, size_y=height), id="")


def test_boxes_come_by_their_corners_the_best_first():
    message = Message(detections=[found(face=0.4), found(x=200.0, face=0.9)])
    assert [(entry.score, entry.box) for entry in detections(message)] == [
        (0.9, Box(180.0, 50.0, 40.0, 60.0)),
        (0.4, Box(80.0, 50.0, 40.0, 60.0)),
    ]


def test_one_class_can_be_asked_for():
    message = Message(detections=[found(person=0.9, face=0.2), found(face=0.8, person=0.1), found()])
    assert [entry.score for entry in detections(message, "face")] == [0.8]
    assert [entry.score for entry in detections(message)] == [1.0, 0.9, 0.8]


@pytest.mark.parametrize("bad", [{"width": 0.0}, {"height": -3.0}, {"x": math.nan}, {"face": math.inf}])
def test_what_is_no_box_is_left_out(bad):
    assert detections(Message(detections=[found(**bad)])) == []


def test_detections_are_used_once_and_not_when_they_are_old():
    latest = LatestDetections()
    assert latest.take(1.0) is None
    latest.put(1.0, [])
    assert latest.take(1.1) == Detections((), stamp_s=1.0)
    assert latest.take(1.1) is None
    latest.put(1.0, [])
    assert latest.take(5.0) is None
