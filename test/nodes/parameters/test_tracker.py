"""The tracker node's parameters: the library's settings, and those of the node."""

from dataclasses import fields

import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.parameters.table import check_values, specifications
from rednet_ros.nodes.parameters.tracker import CameraParameters, TrackerParameters
from rednet_ros.tracking.settings import TrackerSettings

NOT_A_PARAMETER = {"detect_in_background"}  # a node must not stall, so it always does


def test_every_setting_of_the_library_is_a_parameter():
    table = specifications(TrackerParameters)
    for field in fields(TrackerSettings):
        if field.name not in NOT_A_PARAMETER:
            assert table[field.name].default == field.default
            assert table[field.name].dynamic == (field.name != "detector_px")  # which the detector is loaded with
    assert TrackerParameters().settings() == TrackerSettings()


def test_changed_values_reach_the_settings():
    assert TrackerParameters(max_faces=2, grace_s=1.5).settings() == TrackerSettings(max_faces=2, grace_s=1.5)


@pytest.mark.parametrize("table", [TrackerParameters, CameraParameters])
def test_every_parameter_is_described(table):
    for entry in specifications(table).values():
        assert entry.description.endswith(".")


def test_every_default_is_allowed():
    for entry in specifications(TrackerParameters).values():
        assert entry.refusal(entry.default) is None


def test_backends_are_those_of_the_library():
    from rednet_ros.inference.choice import BACKENDS

    assert specifications(TrackerParameters)["backend"].choices == BACKENDS


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
    assert TrackerParameters(id_prefix=wanted).face_id_prefix(namespace) == prefix


@pytest.mark.parametrize("wanted", ["front/", "1st_", "_", "a b", "front-"])
def test_what_can_be_no_part_of_a_topic_or_does_not_start_with_a_letter_is_refused(wanted):
    with pytest.raises(InputError, match="parameter 'id_prefix' must match"):
        check_values(TrackerParameters, {"id_prefix": wanted})
