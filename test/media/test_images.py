"""Pictures out of files: their size before decoding, the limit, and 16 bits of light."""

import tracemalloc
import zlib

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.media.images import decode_image, image_size_px, read_image, refusal, to_8_bit, used_bits

WIDTH, HEIGHT = 140, 90
ENDINGS = (".png", ".jpg", ".bmp", ".gif", ".webp", ".tiff", ".jp2", ".pgm", ".ppm", ".pbm", ".pam", ".ras")
LONG8 = 16  # a type of TIFF's values
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


def tiff(entries, content):
    """A TIFF whose `content` stands after its directory, whose entries are (tag, value) or (tag, value, type)."""
    rows = [
        tag.to_bytes(2, "little") + bytes([*(kind or [4]), 0, 1, 0, 0, 0]) + value.to_bytes(4, "little")
        for tag, value, *kind in entries
    ]
    return b"II*\0\x08\0\0\0" + len(rows).to_bytes(2, "little") + b"".join(rows) + bytes(4) + content


def test_large_tiles_of_a_small_tiff_count_as_they_are_decoded_whole():
    side_px = 4000
    content = zlib.compress(bytes(side_px * side_px), 9)
    entries = [(256, 8), (257, 8), (258, 8), (259, 8), (262, 1), (277, 1), (322, side_px), (323, side_px)]
    data = tiff([*entries, (324, 14 + 12 * 10), (325, len(content))], content)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (8, 8, 3)
    with pytest.raises(InputError, match="4000 x 4000 pixels, more than the limit of 1000000"):
        decode_image(data, max_pixels=1_000_000)


def test_a_width_that_stands_elsewhere_in_the_file_is_not_taken_from_its_entry():
    at = 14 + 12 * 2
    assert image_size_px(tiff([(257, 20000), (256, at, LONG8)], (30000).to_bytes(8, "little"))) is None


def jpeg(side_px, scans=10):
    """A black progressive JPEG; of more than 10 scans the last is repeated."""
    options = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_OPTIMIZE, 1)
    data = cv2.imencode(".jpg", np.zeros((side_px, side_px, 3), np.uint8), options)[1].tobytes()
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * (1 + scans - data.count(b"\xff\xda")) + data[-2:]


def hidden_in_jpeg(side_px):
    """A JPEG inside what decoders that know FF 00 step over byte by byte, then the header of a small one."""
    large, small = jpeg(side_px)[2:], jpeg(8)[2:]
    return b"\xff\xd8\xff\0" + (2 + len(large)).to_bytes(2, "big") + large + small


def hidden_in_radiance(side_px, start):
    """A Radiance picture whose first row holds what looks like the end of a header."""
    fake = b"\n\n-Y 8 +X 8\n"

    def runs(count):
        return b"\xff\0" * (count // 127) + (bytes([128 + count % 127, 0]) if count % 127 else b"")

    row = b"\x02\x02" + side_px.to_bytes(2, "big")
    first = row + bytes([len(fake)]) + fake + runs(side_px - len(fake)) + runs(side_px) * 3
    return start + first + (row + runs(side_px) * 4) * (side_px - 1)


HIDDEN = {
    "JPEG after FF 00": hidden_in_jpeg(1000),
    "PBM, comment that ends with CR": b"P4\n#\r1000 1000\n#\n8 8 " + bytes(125_100),
    "PBM, comment before the second number": b"P4\n1000#1000\n8 " + bytes(125_000),
    "PBM, long comment": b"P4\n#" + b"x" * 4000 + b"P4 8 8 " + b"x" * 100 + b"\n1000 1000\n" + bytes(125_000),
    "PAM, size in a comment": b"P7\n#WIDTH 8 HEIGHT 8 \nWIDTH 1000\nHEIGHT 1000\nDEPTH 1\nMAXVAL 255\n"
    b"TUPLTYPE GRAYSCALE\nENDHDR\n" + bytes(1_000_000),
    "Radiance, two spaces": hidden_in_radiance(1000, b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y  1000 +X 1000\n"),
    "Radiance, line of 127 bytes": hidden_in_radiance(
        1000, b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n#" + b"x" * 126 + b"\n-Y 1000 +X 1000\n"
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_no_larger_picture_hides_behind_a_small_header(name):
    """OpenCV decodes each of them at 1000 x 1000 pixels, if at all."""
    with pytest.raises(InputError, match=r"1000 x 1000 pixels, more than|not an image that OpenCV can read"):
        decode_image(HIDDEN[name], max_pixels=100_000)


@pytest.mark.parametrize("brand", [b"avif", b"avis", b"mif1"])
def test_avif_is_refused_with_the_way_out(brand):
    """Its `ispe` may give 8 x 8 for an image of 6000 x 6000, which is decoded all the same."""
    data = b"\0\0\0\x20ftyp" + brand + bytes(20) + b"\0\0\0\x14ispe" + bytes(4) + b"\0\0\0\x08" * 2 + bytes(100)
    assert image_size_px(data) is None
    with pytest.raises(InputError, match="a photograph: AVIF is not read.*; convert it to PNG or JPEG"):
        decode_image(data, "a photograph")


def test_a_jpeg_of_very_many_scans_is_refused():
    with pytest.raises(InputError, match=r"a JPEG of 300 scans takes too long to decode, at most 100 are read"):
        decode_image(jpeg(64, scans=300))
    assert decode_image(jpeg(64, scans=100)).shape == (64, 64, 3)


def test_scans_of_thumbnails_and_of_what_follows_the_picture_do_not_count():
    data = jpeg(64)
    thumbnails = b"\xff\xe1\x02\0" + b"\xff\xda" * 255
    assert refusal(data[:2] + thumbnails + data[2:] + b"\xff\xda\0\0" * 200) == ""


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
