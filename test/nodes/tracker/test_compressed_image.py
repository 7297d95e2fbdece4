"""sensor_msgs/CompressedImage to BGR, with stand-ins of its fields."""

import json
import subprocess
import sys
import zlib
from array import array
from types import SimpleNamespace as Message

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.tracker.compressed_image import CompressedImageConverter, compressed_to_bgr


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
        (b"\0\0\0\x20ftypavif", "avif", "'avif': AVIF is not read.*; convert it to PNG or JPEG"),
        pytest.param(b"\xff\xd8" + b"\xff\xda\0\x02" * 101, "jpeg", "'jpeg': a JPEG of 101 scans", id="scans"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(data, told, reason):
    with pytest.raises(InputError, match=reason):
        compressed_to_bgr(message(data, told))


def test_10_bits_of_light_in_a_16_bit_png_are_seen_and_do_not_flicker(picture):
    convert = CompressedImageConverter()
    grey = picture[..., 0]
    grey[0, 0] = 255
    for divisor in (1, 3, 1):
        deep = (grey // divisor).astype(np.uint16) * 4
        assert np.array_equal(
            convert(message(encoded(deep, ".png"), "mono16; png compressed "))[..., 1], grey // divisor
        )


def test_a_depth_image_as_png_is_refused(picture):
    deep = encoded(picture[..., 0].astype(np.uint16), ".png")
    with pytest.raises(InputError, match="holds distances, not light"):
        CompressedImageConverter("/camera/depth/image_raw/compressed")(message(deep, "16UC1; png compressed "))


def bomb(side_px):
    """A PNG of a few kilobytes, black, of one bit a pixel."""

    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = side_px.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    pack = zlib.compressobj(9)
    row = bytes(1 + (side_px + 7) // 8)
    rows = b"".join(pack.compress(row) for _ in range(side_px)) + pack.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


REFUSES = """
import json, resource, sys, time
from types import SimpleNamespace
from rednet_ros.errors import InputError
from rednet_ros.nodes.tracker.compressed_image import compressed_to_bgr

data = sys.stdin.buffer.read()
before, began_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    compressed_to_bgr(SimpleNamespace(format="png", data=data))
    reason = ""
except InputError as error:
    reason = str(error)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([reason, (after - before) / 1024, time.process_time() - began_s]))
"""


def test_a_decompression_bomb_takes_neither_memory_nor_time():
    data = bomb(15000)
    assert len(data) < 100_000
    done = subprocess.run([sys.executable, "-c", REFUSES], input=data, capture_output=True, timeout=120, check=True)
    reason, memory_mb, time_s = json.loads(done.stdout)
    assert (reason, memory_mb < 20, time_s < 0.5) == (
        "image of 15000x15000 pixels is larger than the limit of 100 megapixels; publish smaller ones, or raise the "
        "parameter max_image_megapixels",
        True,
        True,
    )


def test_the_limit_can_be_raised():
    data = message(bomb(300))
    with pytest.raises(InputError, match=r"300x300 pixels is larger than the limit of 0\.089999 megapixels"):
        CompressedImageConverter("", 89_999)(data)
    assert CompressedImageConverter("", 90_000)(data).shape == (300, 300, 3)
