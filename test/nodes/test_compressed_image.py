"""sensor_msgs/CompressedImage to BGR, with stand-ins of its fields."""

from array import array
from types import SimpleNamespace as Message

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.compressed_image import compressed_to_bgr


@pytest.fixture
def picture():
    rows, columns = np.mgrid[0:24, 0:32].astype(np.uint8)
    return np.stack([columns * 8, rows * 10, 255 - columns * 8], axis=2)


def message(data, told="bgr8; jpeg compressed bgr8"):
    return Message(format=told, data=array("B", data))


def encoded(picture, kind):
    return cv2.imencode(kind, picture)[1].tobytes()


@pytest.mark.parametrize(("kind", "error"), [(".png", 0), (".jpg", 12)])
def test_pictures_are_decoded_whatever_the_format_says(picture, kind, error):
    for told in ("jpeg", "png", "rgb8; jpeg compressed bgr8", ""):
        decoded = compressed_to_bgr(message(encoded(picture, kind), told))
        assert decoded.dtype == np.uint8
        assert np.abs(decoded.astype(int) - picture).mean() <= error


def test_grey_and_deep_pictures_become_bgr(picture):
    grey = compressed_to_bgr(message(encoded(picture[..., 0], ".png")))
    assert np.array_equal(grey, np.repeat(picture[..., :1], 3, axis=2))
    deep = compressed_to_bgr(message(encoded(picture[..., 0].astype(np.uint16) * 257, ".png")))
    assert np.array_equal(deep, grey)


@pytest.mark.parametrize(
    ("data", "told", "reason"),
    [
        (b"", "jpeg", "without data"),
        (b"not a picture", "jpeg", "13 bytes, is damaged or of a kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "png", "damaged"),
        (b"x", "16UC1; compressedDepth", "holds distances"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(data, told, reason):
    with pytest.raises(InputError, match=reason):
        compressed_to_bgr(message(data, told))
