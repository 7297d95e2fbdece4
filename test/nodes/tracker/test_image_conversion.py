"""Images as publishers send them, good and bad, become BGR arrays or a message that says what is wrong."""

from array import array
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.tracker import cv_bridge_fallback
from rednet_ros.nodes.tracker.image_conversion import ImageConverter, ImageError, to_bgr


def image_message(pixels, encoding, *, padding=0, width=None, height=None, is_bigendian=0):
    """A stand-in for sensor_msgs/Image holding `pixels` (rows x bytes, or rows x width x channels)."""
    rows = pixels.reshape(pixels.shape[0], -1)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return SimpleNamespace(
        width=pixels.shape[1] if width is None else width,
        height=pixels.shape[0] if height is None else height,
        encoding=encoding,
        is_bigendian=is_bigendian,
        step=padded.shape[1],
        data=array("B", padded.tobytes()),
    )


@pytest.fixture
def picture():
    """24 x 32 BGR with slow gradients, so that demosaicing and chroma sub-sampling change little."""
    rows, columns = np.mgrid[0:24, 0:32]
    return np.stack([60 + 3 * columns, 40 + 4 * rows, 200 - 2 * rows - 2 * columns], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize(
    ("encoding", "code"),
    [
        ("bgr8", None),
        ("8UC3", None),
        ("rgb8", cv2.COLOR_BGR2RGB),
        ("bgra8", cv2.COLOR_BGR2BGRA),
        ("8UC4", cv2.COLOR_BGR2BGRA),
        ("rgba8", cv2.COLOR_BGR2RGBA),
    ],
)
def test_colour_encodings_keep_every_pixel(picture, encoding, code, padding):
    sent = picture if code is None else cv2.cvtColor(picture, code)
    np.testing.assert_array_equal(to_bgr(image_message(sent, encoding, padding=padding)), picture)


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("encoding", ["mono8", "8UC1"])
def test_grey_becomes_three_equal_channels(picture, encoding, padding):
    grey = picture[..., 0]
    received = to_bgr(image_message(grey, encoding, padding=padding))
    np.testing.assert_array_equal(received, np.repeat(grey[..., None], 3, axis=-1))


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize(
    ("encoding", "first_block"),
    [("bayer_rggb8", "rggb"), ("bayer_bggr8", "bggr"), ("bayer_gbrg8", "gbrg"), ("bayer_grbg8", "grbg")],
)
def test_bayer_mosaics_get_their_colours_back(picture, encoding, first_block, padding):
    mosaic = np.empty(picture.shape[:2], np.uint8)
    for position, colour in enumerate(first_block):
        row, column = divmod(position, 2)
        mosaic[row::2, column::2] = picture[row::2, column::2, "bgr".index(colour)]
    received = to_bgr(image_message(mosaic, encoding, padding=padding))
    difference = np.abs(received.astype(int) - picture)[2:-2, 2:-2]
    assert difference.max() <= 6


@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize(("encoding", "luma"), [("yuv422", 1), ("uyvy", 1), ("yuv422_yuy2", 0), ("yuyv", 0)])
def test_packed_yuv_gets_its_colours_back(picture, encoding, luma, padding):
    y, u, v = video_range_yuv(picture)
    packed = np.empty((*picture.shape[:2], 2), np.uint8)
    packed[..., luma] = y
    packed[:, 0::2, 1 - luma] = u[:, 0::2]
    packed[:, 1::2, 1 - luma] = v[:, 0::2]
    received = to_bgr(image_message(packed, encoding, padding=padding))
    assert np.abs(received.astype(int) - picture).max() <= 8


@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize(("encoding", "u_column"), [("nv12", 0), ("nv21", 1)])
def test_planar_yuv_gets_its_colours_back(picture, encoding, u_column, padding):
    y, u, v = video_range_yuv(picture)
    chroma = np.empty((12, 32), np.uint8)
    chroma[:, u_column::2] = u[0::2, 0::2]
    chroma[:, 1 - u_column :: 2] = v[0::2, 0::2]
    received = to_bgr(image_message(np.vstack([y, chroma]), encoding, height=24, padding=padding))
    assert received.shape == picture.shape
    assert np.abs(received.astype(int) - picture).max() <= 12


def video_range_yuv(picture):
    """Y, U, V of ITU-R BT.601 in video range, as cameras send them."""
    blue, green, red = (picture[..., channel].astype(float) for channel in range(3))
    y = 16 + 0.257 * red + 0.504 * green + 0.098 * blue
    u = 128 - 0.148 * red - 0.291 * green + 0.439 * blue
    v = 128 + 0.439 * red - 0.368 * green - 0.071 * blue
    return tuple(np.round(plane).astype(np.uint8) for plane in (y, u, v))


def test_bgr8_is_not_copied(picture):
    message = image_message(picture, "bgr8")
    assert np.shares_memory(to_bgr(message), np.frombuffer(message.data, np.uint8))


def test_the_byte_order_flag_is_ignored_where_it_has_no_meaning(picture):
    np.testing.assert_array_equal(to_bgr(image_message(picture, "bgr8", is_bigendian=1)), picture)


def test_an_8k_frame_is_converted():
    frame = np.zeros((4320, 7680, 3), np.uint8)
    frame[4319, 7679] = (1, 2, 3)
    received = to_bgr(image_message(frame, "rgb8"))
    assert received.shape == (4320, 7680, 3)
    assert tuple(received[4319, 7679]) == (3, 2, 1)


def test_data_beyond_the_image_is_ignored(picture):
    message = image_message(picture, "bgr8")
    message.data.extend(b"trailer")
    np.testing.assert_array_equal(to_bgr(message), picture)


@pytest.mark.parametrize("cut", [1, 32 * 3, 24 * 32 * 3])
def test_data_shorter_than_height_times_step_is_refused(picture, cut):
    message = image_message(picture, "bgr8")
    message.data = message.data[:-cut]
    with pytest.raises(ImageError, match=rf"{2304 - cut} bytes of data.*take 2304"):
        to_bgr(message)


@pytest.mark.parametrize(("encoding", "step"), [("bgr8", 95), ("bgr8", 0), ("mono8", 31), ("yuv422", 63)])
def test_a_step_shorter_than_a_row_is_refused(picture, encoding, step):
    message = image_message(picture, encoding)
    message.step = step
    with pytest.raises(ImageError, match=f"step {step}, but a row takes at least"):
        to_bgr(message)


@pytest.mark.parametrize(("width", "height"), [(0, 24), (32, 0), (0, 0)])
def test_an_image_without_pixels_is_refused(picture, width, height):
    with pytest.raises(ImageError, match=f"{width}x{height} pixels is empty"):
        to_bgr(image_message(picture, "bgr8", width=width, height=height))


def test_an_odd_width_cannot_share_chroma(picture):
    with pytest.raises(ImageError, match="odd size"):
        to_bgr(image_message(np.zeros((4, 5, 2), np.uint8), "yuv422"))


def test_an_image_without_encoding_is_refused_with_that_reason(picture):
    with pytest.raises(ImageError, match="^image has no encoding; the publisher must set it$"):
        to_bgr(image_message(picture, ""))


@pytest.mark.parametrize("encoding", ["16SC2", "nv24", "h265"])
def test_other_encodings_name_themselves_and_the_package(monkeypatch, picture, encoding):
    monkeypatch.setattr(cv_bridge_fallback, "probe", lambda: "it is not installed")
    with pytest.raises(InputError, match=rf"'{encoding}' needs the package cv_bridge.*bgr8, ") as caught:
        to_bgr(image_message(picture, encoding))
    assert "it is not installed" in str(caught.value)


def test_a_big_endian_multi_byte_image_is_refused(picture):
    with pytest.raises(ImageError, match="'nv24' is big-endian"):
        to_bgr(image_message(picture, "nv24", is_bigendian=1))


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize(("order", "is_bigendian"), [("<u2", 0), (">u2", 1)])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("encoding", ["mono16", "16UC1"])
def test_grey_light_in_16_bits_is_seen_however_many_of_them_it_takes(
    picture, encoding, bits, order, is_bigendian, padding
):
    grey = picture[..., 0]
    grey[0, 0] = 255
    deep = (grey.astype(np.uint16) << (bits - 8)).astype(order)
    message = image_message(deep.view(np.uint8), encoding, width=32, padding=padding, is_bigendian=is_bigendian)
    np.testing.assert_array_equal(to_bgr(message), np.repeat(grey[..., None], 3, axis=-1))


@pytest.mark.parametrize("bits", [10, 16])
@pytest.mark.parametrize(
    ("encoding", "code"),
    [
        ("bgr16", None),
        ("16UC3", None),
        ("rgb16", cv2.COLOR_BGR2RGB),
        ("bgra16", cv2.COLOR_BGR2BGRA),
        ("16UC4", cv2.COLOR_BGR2BGRA),
        ("rgba16", cv2.COLOR_BGR2RGBA),
    ],
)
def test_colour_in_16_bits(picture, encoding, code, bits):
    sent = picture[..., :3].astype(np.uint16) << (bits - 8)
    if code is not None:
        sent = cv2.cvtColor(sent, code)
        if sent.shape[2] == 4:
            sent[..., 3] = (1 << bits) - 1
    message = image_message(sent.view(np.uint8), encoding, width=32)
    np.testing.assert_array_equal(to_bgr(message), picture)


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("first_block", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer_mosaics_in_16_bits_get_their_colours_back(picture, first_block, bits):
    mosaic = np.empty(picture.shape[:2], np.uint16)
    for position, colour in enumerate(first_block):
        row, column = divmod(position, 2)
        mosaic[row::2, column::2] = picture[row::2, column::2, "bgr".index(colour)]
    message = image_message((mosaic << (bits - 8)).view(np.uint8), f"bayer_{first_block}16", width=32)
    difference = np.abs(to_bgr(message).astype(int) - picture)[2:-2, 2:-2]
    assert difference.max() <= 6


def grey16(level, size=64, brightest=None):
    image = np.full((size, size), level, np.uint16)
    if brightest is not None:
        image[0, 0] = brightest
    return image_message(image.view(np.uint8), "mono16", width=size)


def test_brightness_does_not_jump_between_bright_and_dark_images():
    """A lamp that goes on and off in 10 bits of light: the same value is the same grey in every image."""
    convert = ImageConverter()
    assert convert(grey16(1000)).max() == 250
    assert [convert(grey16(level)).max() for level in (200, 1000, 200)] == [50, 250, 50]
    assert to_bgr(grey16(200)).max() == 200  # nothing brighter was seen: as far as can be told these are 8 bits


def test_one_broken_pixel_does_not_make_all_others_black():
    assert np.median(ImageConverter()(grey16(800, brightest=65535))) == 200


def test_a_range_that_is_not_used_any_more_is_given_up_and_two_cameras_have_their_own():
    convert, other = ImageConverter(), ImageConverter()
    convert(grey16(60000, size=8))
    other(grey16(1000, size=8))
    levels = [int(convert(grey16(800, size=8)).max()) for _ in range(301)]
    assert (levels[0], levels[-1]) == (3, 200)
    assert len(set(levels)) == 2
    assert other(grey16(800, size=8)).max() == 200


@pytest.mark.parametrize(
    ("encoding", "topic"),
    [
        ("16UC1", "/camera/depth/image_rect_raw"),
        ("16UC1", "/camera/aligned_depth_to_color/image_raw"),
        ("16UC1", "/depth"),
        ("32FC1", "/camera/image_raw"),
        ("32FC1", ""),
    ],
)
def test_distances_are_not_taken_for_light(picture, encoding, topic):
    with pytest.raises(ImageError, match=rf"'{encoding}' on .* holds distances, not light; .*infrared"):
        ImageConverter(topic)(image_message(picture, encoding, width=8))


@pytest.mark.parametrize("topic", ["/camera/infra1/image_rect_raw", "/depth_camera/ir/image_raw"])
def test_infrared_beside_depth_is_light(topic):
    image = np.full((8, 8), 800, np.uint16)
    assert ImageConverter(topic)(image_message(image.view(np.uint8), "16UC1", width=8)).max() == 200


def test_an_image_beyond_the_limit_is_refused_before_it_is_converted():
    message = image_message(np.zeros((20, 50), np.uint8), "mono8")
    assert ImageConverter("", 1000)(message).shape == (20, 50, 3)
    with pytest.raises(ImageError, match=r"50x20 pixels .* limit of 0\.000999 megapixels.*max_image_megapixels"):
        ImageConverter("", 999)(message)
    for width, height in ((2**32 - 1, 2**32 - 1), (2**31, 1)):
        with pytest.raises(ImageError, match="limit of 100 megapixels"):
            to_bgr(image_message(np.zeros((2, 2), np.uint8), "mono8", width=width, height=height))
