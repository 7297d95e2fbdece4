"""docs/nodes.md names what the code can do."""

from rednet_ros.nodes.tracker.image_conversion import NATIVE_ENCODINGS


def test_every_encoding_is_named(repository):
    page = (repository / "docs" / "nodes.md").read_text()
    for encoding in NATIVE_ENCODINGS:
        assert encoding in page or (encoding.startswith("bayer_") and "bayer_*8" in page)
