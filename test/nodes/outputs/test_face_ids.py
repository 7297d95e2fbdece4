"""Ids that no two nodes of a robot give."""

import re

import numpy as np
import pytest

from rednet_ros.nodes.outputs.face_ids import PATTERN, id_prefix, with_prefix
from rednet_ros.tracking.types import Box, Face, FaceStatus


@pytest.mark.parametrize(
    ("wanted", "namespace", "own_name", "prefix"),
    [
        ("auto", "/", "", ""),
        ("auto", "/front", "", "front_"),
        ("auto", "/front_left", "", "front_left_"),
        ("", "/front", "other", ""),
        ("head_", "/front", "other", "head_"),
    ],
)
def test_the_prefix_is_that_of_the_namespace_unless_one_is_given(wanted, namespace, own_name, prefix):
    assert id_prefix(wanted, namespace, own_name) == prefix


@pytest.mark.parametrize(
    ("namespace", "own_name", "begin"),
    [
        ("/robot1/front", "", "robot1_front_"),
        ("/", "left", "left_"),
        ("/robot1", "left", "robot1_left_"),
        ("/_hidden", "", "hidden_"),
        ("/_1", "", "n_"),
        ("/front_", "", "front_"),
    ],
)
def test_what_could_be_taken_for_another_node_ends_in_a_checksum(namespace, own_name, begin):
    assert re.fullmatch(f"{begin}[0-9a-f]{{4}}_", id_prefix("auto", namespace, own_name))
    assert re.fullmatch(PATTERN, id_prefix("auto", namespace, own_name))


def test_the_prefixes_on_the_page_on_cameras_are_true(repository):
    page = (repository / "docs" / "cameras.md").read_text()
    for prefix in (id_prefix("auto", "/", "left"), id_prefix("auto", "/robot1/front"), id_prefix("auto", "/front")):
        assert f"`{prefix}f1`" in page


def test_no_two_nodes_have_the_same_prefix():
    namespaces = ["/", "/a", "/b", "/a_b", "/a/b", "/a_b_", "/a_/b", "/a/_b", "/_a/b", "/a__b", "/_", "/_1", "/a/b/c"]
    prefixes = [id_prefix("auto", namespace, name) for namespace in namespaces for name in ("", "a", "b", "a_b", "_b")]
    assert len(set(prefixes)) == len(prefixes)


@pytest.mark.parametrize("wanted", ["front/", "1st_", "_", "a b", "front-"])
def test_what_can_be_no_part_of_a_topic_or_does_not_start_with_a_letter_is_refused(wanted):
    assert not re.fullmatch(PATTERN, wanted)


def test_nothing_but_the_id_changes():
    points = np.zeros((68, 2), np.float32)
    face = Face("f7", FaceStatus.TRACKED, 0.5, Box.around(points), points, points[:, 0])
    (prefixed,) = with_prefix([face], "front_")
    assert (prefixed.id, prefixed.confidence, prefixed.landmarks_px is points) == ("front_f7", 0.5, True)
    assert with_prefix([face], "") == [face]
