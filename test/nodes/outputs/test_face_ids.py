"""Ids that no two nodes of a robot give."""

import re

import numpy as np
import pytest

from rednet_ros.nodes.outputs.face_ids import PATTERN, id_prefix, with_prefix
from rednet_ros.tracking.types import Box, Face, FaceStatus


@pytest.mark.parametrize(
    ("wanted", "namespace", "prefix"),
    [
        ("auto", "/", ""),
        ("auto", "/front", "front_"),
        ("auto", "/robot1/front", "robot1_front_"),
        ("auto", "/_hidden/2nd", "hidden_2nd_"),
        ("auto", "/_1", ""),
        ("", "/front", ""),
        ("head_", "/front", "head_"),
    ],
)
def test_the_prefix_is_that_of_the_namespace_unless_one_is_given(wanted, namespace, prefix):
    assert id_prefix(wanted, namespace) == prefix


@pytest.mark.parametrize("wanted", ["front/", "1st_", "_", "a b", "front-"])
def test_what_can_be_no_part_of_a_topic_or_does_not_start_with_a_letter_is_refused(wanted):
    assert not re.fullmatch(PATTERN, wanted)


def test_nothing_but_the_id_changes():
    points = np.zeros((68, 2), np.float32)
    face = Face("f7", FaceStatus.TRACKED, 0.5, Box.around(points), points, points[:, 0])
    (prefixed,) = with_prefix([face], "front_")
    assert (prefixed.id, prefixed.confidence, prefixed.landmarks_px is points) == ("front_f7", 0.5, True)
    assert with_prefix([face], "") == [face]
