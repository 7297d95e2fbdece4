"""Pictures out of files: their size before decoding, the limit, and 16 bits of light."""

import tracemalloc
import zlib

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.media.images import decode_image, image_size_px, read_image, to_8_bit, used_bits

WIDTH, HEIGHT = 140, 90
ENDINGS = (".png", ".jpg", ".bmp", ".gif", ".webp", ".tiff", ".jp2", ".pgm", ".ppm", ".pbm", ".pam", ".ras", ".avif")
FLOATING = (".pfm", ".hdr", ".tiff")


def picture(dtype=np.uint8, channels=3):
    ramp = np.tile(np.linspace(0, 255, WIDTH), (HEIGHT, 1))
    return np.repeat(ramp[:, :, None], channels, 2).astype(dtype)


def encoded(ending, image):
    if not cv2.haveImageWriter("a" + ending):
        pytest.skip(f"this OpenCV writes no {ending}")
    done, data = cv2.imencode(ending, image)
    assert done
    return data


def png(width, height):
    """A PNG of one bit a pixel, all black: as few bytes as can be."""

    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    pack = zlib.compressobj(9)
    rows = b"".join(pack.compress(bytes(1 + (width + 7) // 8)) for _ in range(height)) + pack.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_header_gives_the_size(ending):
    data = encoded(ending, picture(channels=1) if ending in (".pgm", ".pbm") else picture())
    for form in (data, data.tobytes(), bytearray(data)):
        assert image_size_px(form) == (WIDTH, HEIGHT)
    assert decode_image(data).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("ending", FLOATING)
def test_the_header_gives_the_size_of_floating_point_pictures(ending):
    data = encoded(ending, picture(np.float32) / 255)
    assert image_size_px(data) == (WIDTH, HEIGHT)
    np.testing.assert_allclose(decode_image(data), picture(), atol=10)  # OpenCV 4.6 writes TIFF with loss


def test_a_width_given_twice_hides_nothing():
    """Decoders differ in which of the two they take."""

    def entry(tag, value):
        return tag.to_bytes(2, "little") + b"\x04\0\x01\0\0\0" + value.to_bytes(4, "little")

    entries = [entry(256, 30000), entry(256, 1), entry(257, 20000), entry(257, 1)]
    assert image_size_px(b"II*\0\x08\0\0\0\x04\0" + b"".join(entries) + bytes(4)) == (30000, 20000)


@pytest.mark.parametrize("options", [(cv2.IMWRITE_WEBP_QUALITY, 50), (cv2.IMWRITE_WEBP_QUALITY, 101)])
def test_both_kinds_of_webp(options):
    data = cv2.imencode(".webp", picture(), options)[1]
    assert image_size_px(data) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_cut_short_or_garbled_has_a_size_or_none(ending):
    data = encoded(ending, picture(channels=1) if ending in (".pgm", ".pbm") else picture()).tobytes()
    random = np.random.default_rng(1)
    for length in range(0, len(data), max(1, len(data) // 200)):
        assert image_size_px(data[:length]) in (None, (WIDTH, HEIGHT))
        garbled = bytearray(data)
        for at in random.integers(8, len(data), 5):
            garbled[at] = random.integers(256)
        image_size_px(garbled)


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(15000, 15000))
    tracemalloc.start()
    with pytest.raises(InputError, match=r"bomb\.png: an image of 15000 x 15000 pixels, more than the limit of 1000"):
        read_image(path)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()
    path.write_bytes(png(300, 200))
    assert read_image(path).shape == (200, 300, 3)
    with pytest.raises(InputError, match="300 x 200 pixels, more than the limit of 50000"):
        read_image(path, max_pixels=50_000)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_light_in_the_lower_bits_of_16_is_seen(bits, tmp_path):
    grey = picture(np.uint16, 1)[:, :, 0]
    cv2.imwrite(str(tmp_path / "infrared.png"), grey << (bits - 8))
    np.testing.assert_allclose(read_image(tmp_path / "infrared.png")[:, :, 1], grey, atol=1)


def test_a_stream_may_keep_its_bits():
    dark = np.full((2, 2), 200, np.uint16)
    assert used_bits(dark) == 8
    assert to_8_bit(dark, bits=10).max() == 50
    assert to_8_bit(np.full((2, 2), 1023, np.uint16), bits=8).max() == 255


def test_what_is_no_picture_is_refused(tmp_path):
    for content in (b"", b"hello", b"\xff\xd8\xff", b"BM", b"P6\n", b"II*\0" + b"\xff" * 20):
        (tmp_path / "a.jpg").write_bytes(content)
        with pytest.raises(InputError, match=r"a\.jpg: not an image that OpenCV can read"):
            read_image(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="no such image file"):
        read_image(tmp_path / "b.jpg")
