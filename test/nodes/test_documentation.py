"""docs/nodes.md lists the parameters as they are."""

import pytest

from rednet_ros.nodes.demo_parameters import PlayerParameters, RecorderParameters
from rednet_ros.nodes.image_conversion import NATIVE_ENCODINGS
from rednet_ros.nodes.parameter_table import documentation
from rednet_ros.nodes.tracker_parameters import CameraParameters, TrackerParameters


@pytest.fixture
def page(repository):
    return (repository / "docs" / "nodes.md").read_text()


@pytest.mark.parametrize("table", [TrackerParameters, CameraParameters, PlayerParameters, RecorderParameters])
def test_every_parameter_has_its_row(page, table):
    assert "\n".join(documentation(table)) in page


def test_every_encoding_is_named(page):
    for encoding in NATIVE_ENCODINGS:
        assert encoding in page or (encoding.startswith("bayer_") and "bayer_*8" in page)
