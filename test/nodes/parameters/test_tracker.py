"""The tracker node's parameters: the library's settings, and those of the node."""

from dataclasses import fields

import pytest

from rednet_ros.nodes.parameters.table import specifications
from rednet_ros.nodes.parameters.tracker import CameraParameters, TrackerParameters
from rednet_ros.tracking.settings import TrackerSettings

NOT_A_PARAMETER = {"detect_in_background"}  # a node must not stall, so it always does
FOR_LOADING = {"detector_px", "recognizer", "people_file"}  # the detector and the recogniser


def test_every_setting_of_the_library_is_a_parameter():
    table = specifications(TrackerParameters)
    for field in fields(TrackerSettings):
        if field.name not in NOT_A_PARAMETER:
            assert table[field.name].default == field.default
            assert table[field.name].dynamic == (field.name not in FOR_LOADING)
    assert TrackerParameters().settings() == TrackerSettings(detect_in_background=True)


def test_changed_values_reach_the_settings():
    assert TrackerParameters(max_faces=2, grace_s=1.5).settings() == TrackerSettings(
        max_faces=2, grace_s=1.5, detect_in_background=True
    )


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
