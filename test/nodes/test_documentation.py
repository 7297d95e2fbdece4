"""docs/nodes.md lists the parameters as they are."""

import pytest

from rednet_ros.nodes.parameters.demo import PlayerParameters, RecorderParameters
from rednet_ros.nodes.parameters.table import documentation
from rednet_ros.nodes.parameters.tracker import CameraParameters, TrackerParameters
from rednet_ros.nodes.tracker.image_conversion import NATIVE_ENCODINGS


@pytest.fixture
def page(repository):
    return (repository / "docs" / "nodes.md").read_text()


@pytest.mark.parametrize("table", [TrackerParameters, CameraParameters, PlayerParameters, RecorderParameters])
def test_every_parameter_has_its_row(page, table):
    assert "\n".join(documentation(table)) in page


def test_every_encoding_is_named(page):
    for encoding in NATIVE_ENCODINGS:
        assert encoding in page or (encoding.startswith("bayer_") and "bayer_*8" in page)
