"""The tracker's table agrees with the library's settings and with config/tracker.yaml."""

import re
from dataclasses import asdict, fields

import yaml

from rednet_ros.nodes.parameters.table import check_values, specifications, struct
from rednet_ros.nodes.parameters.tracker import CameraParameters, TrackerParameters
from rednet_ros.tracking.settings import RANGES, TrackerSettings

NOT_A_PARAMETER = {"detect_in_background"}  # a node must not stall, so it always does


def test_the_shipped_file_holds_every_parameter_with_its_default(repository):
    content = yaml.safe_load((repository / "config" / "tracker.yaml").read_text())
    values = content["/**"]["ros__parameters"]
    check_values(TrackerParameters, values)
    assert struct(TrackerParameters, values) == TrackerParameters()
    assert set(values) == set(asdict(TrackerParameters()))


def test_the_shipped_file_shows_the_parameters_of_a_camera(repository):
    text = (repository / "config" / "tracker.yaml").read_text()
    shown = dict(re.findall(r"^    # (\w+): +([^#\s]+)  ", text, re.MULTILINE))
    for name, entry in specifications(CameraParameters).items():
        assert yaml.safe_load(shown[name]) == entry.default


def test_every_setting_of_the_library_is_a_parameter():
    table = specifications(TrackerParameters)
    for field in fields(TrackerSettings):
        if field.name not in NOT_A_PARAMETER:
            assert table[field.name].default == field.default
            assert table[field.name].dynamic == (field.name != "detector_px")  # which the detector is loaded with
    assert TrackerParameters().settings() == TrackerSettings()


def test_ranges_are_those_of_the_library():
    table = specifications(TrackerParameters)
    for name, (low, high) in RANGES.items():
        assert (table[name].minimum, table[name].maximum) == (low, high)


def test_changed_values_reach_the_settings():
    assert TrackerParameters(max_faces=2, grace_s=1.5).settings() == TrackerSettings(max_faces=2, grace_s=1.5)


def test_every_parameter_is_described():
    for entry in specifications(TrackerParameters).values():
        assert entry.description.endswith(".")


def test_backends_are_those_of_the_library():
    from rednet_ros.inference.choice import BACKENDS

    assert specifications(TrackerParameters)["backend"].choices == BACKENDS
