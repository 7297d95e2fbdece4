"""sensor_msgs/Image to a BGR array, refusing what cannot be a camera picture.

Works on the message's attributes only and imports no ROS, so it is tested without any. Encodings of 8 and 16 bits a
value are converted here through OpenCV; rare others go through cv_bridge where that is installed and works.

Byte order: the `is_bigendian` field says nothing about encodings of 8 bits a channel and is ignored for them, as
drivers set it at random.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.media.images import MAX_IMAGE_PIXELS, to_8_bit, used_bits
from rednet_ros.nodes.tracker import cv_bridge_fallback
from rednet_ros.tracking.types import ImageArray


class ImageError(InputError):
    """A sensor_msgs/Image that cannot be converted; the message names the field and what to do."""


class ImageMessage(Protocol):
    """The fields of sensor_msgs/Image that are read here."""

    width: int
    height: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any


@dataclass(frozen=True)
class _Layout:
    """How an encoding lies in memory and which OpenCV conversion makes it BGR (None: it is BGR already)."""

    channels: int
    conversion: int | None
    even_width: bool = False
    chroma_plane: bool = False
    """A half-height plane of interleaved chroma follows the luma plane (NV12, NV21)."""
    value_bytes: int = 1
    """Of one channel of a pixel."""


# OpenCV names a Bayer pattern by the second and third pixel of its second row, ROS by the first 2x2 block.
_LAYOUTS: dict[str, _Layout] = {
    "bgr8": _Layout(3, None),
    "8UC3": _Layout(3, None),
    "rgb8": _Layout(3, cv2.COLOR_RGB2BGR),
    "bgra8": _Layout(4, cv2.COLOR_BGRA2BGR),
    "8UC4": _Layout(4, cv2.COLOR_BGRA2BGR),
    "rgba8": _Layout(4, cv2.COLOR_RGBA2BGR),
    "mono8": _Layout(1, cv2.COLOR_GRAY2BGR),
    "8UC1": _Layout(1, cv2.COLOR_GRAY2BGR),
    "bayer_rggb8": _Layout(1, cv2.COLOR_BayerBG2BGR),
    "bayer_bggr8": _Layout(1, cv2.COLOR_BayerRG2BGR),
    "bayer_gbrg8": _Layout(1, cv2.COLOR_BayerGR2BGR),
    "bayer_grbg8": _Layout(1, cv2.COLOR_BayerGB2BGR),
    "yuv422": _Layout(2, cv2.COLOR_YUV2BGR_UYVY, even_width=True),
    "uyvy": _Layout(2, cv2.COLOR_YUV2BGR_UYVY, even_width=True),
    "yuv422_yuy2": _Layout(2, cv2.COLOR_YUV2BGR_YUY2, even_width=True),
    "yuyv": _Layout(2, cv2.COLOR_YUV2BGR_YUY2, even_width=True),
    "nv12": _Layout(1, cv2.COLOR_YUV2BGR_NV12, even_width=True, chroma_plane=True),
    "nv21": _Layout(1, cv2.COLOR_YUV2BGR_NV21, even_width=True, chroma_plane=True),
}
_DEEP = {"8UC3": "16UC3", "8UC4": "16UC4", "8UC1": "16UC1"}
_LAYOUTS |= {
    _DEEP.get(name, name.removesuffix("8") + "16"): replace(layout, value_bytes=2)
    for name, layout in _LAYOUTS.items()
    if name in _DEEP or name.endswith("8")
}

NATIVE_ENCODINGS: tuple[str, ...] = tuple(_LAYOUTS)
"""Encodings converted without cv_bridge."""


DEPTH_ENCODINGS = ("32FC1", "64FC1", "16SC1")
"""Those in which cameras send distances (16UC1 may be light or distances)."""


RANGE_IMAGES = 300
"""How many images a bright one is remembered for: ten seconds at 30 Hz."""
RANGE_SAMPLING_PX = 4
"""Every fourth pixel of every fourth row is used."""
BROKEN_SHARE = 1e-4
"""Of pixels that may be brighter than the range: sensors have a few that always are."""


class LightRange:
    """How many of 16 bits a camera uses: the most that any of its last `RANGE_IMAGES` images needed.

    Infrared and industrial cameras put 10 or 12 bits of light in 16, and no message says how many. There are four
    ranges only (`media.images.used_bits`), nothing is stretched to an image's contrast, and a dark image among bright
    ones stays dark.
    """

    def __init__(self) -> None:
        self._bits: deque[int] = deque(maxlen=RANGE_IMAGES)

    def to_8_bit(self, image: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """The camera's next image (H x W or H x W x channels), brought to 8 bits a value."""
        sample = image[::RANGE_SAMPLING_PX, ::RANGE_SAMPLING_PX].ravel()
        place = int((sample.size - 1) * (1 - BROKEN_SHARE))
        self._bits.append(used_bits(np.partition(sample, place)[place : place + 1]))
        return to_8_bit(image, max(self._bits))


class ImageConverter:
    """The images of one camera as BGR; remembers in which range its 16-bit light lies (`LightRange`).

    `topic`: of the images; its name shows whether they are light or distances where the encoding does not.
    `max_pixels`: larger images are refused.
    """

    def __init__(self, topic: str = "", max_pixels: int = MAX_IMAGE_PIXELS) -> None:
        self._topic = topic
        self._max_pixels = max_pixels
        self._range = LightRange()

    def __call__(self, message: ImageMessage) -> ImageArray:
        """The message's picture as height x width x 3 uint8 BGR.

        For bgr8 this is a view of the message's memory (do not write to it), otherwise a new array.
        Raises ImageError where the fields contradict each other or the encoding cannot be read.
        """
        check_size(message.width, message.height, self._max_pixels)
        if not message.encoding:
            raise ImageError("image has no encoding; the publisher must set it")
        check_light(message.encoding, self._topic)
        layout = _LAYOUTS.get(message.encoding)
        if layout is None:
            return _through_cv_bridge(message)
        pixels = _view(message, layout)
        if layout.value_bytes == 2:
            pixels = self._range.to_8_bit(pixels)
        if layout.conversion is None:
            return pixels
        return np.asarray(cv2.cvtColor(pixels, layout.conversion), np.uint8)


def to_bgr(message: ImageMessage) -> ImageArray:
    """A single image, as `ImageConverter` does it."""
    return ImageConverter()(message)


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise ImageError for an image without pixels or with more than `max_pixels`."""
    if width < 1 or height < 1:
        raise ImageError(f"image of {width}x{height} pixels is empty; the publisher must fill width and height")
    if width * height > max_pixels:
        raise ImageError(
            f"image of {width}x{height} pixels is larger than the limit of {max_pixels / 1e6:g} megapixels; publish "
            "smaller ones, or raise the parameter max_image_megapixels"
        )


def check_light(encoding: str, topic: str) -> None:
    """Raise ImageError for an image that holds distances, as far as its encoding and its topic's name show."""
    if encoding in DEPTH_ENCODINGS or (encoding == "16UC1" and _is_of_depth(topic)):
        raise ImageError(
            f"image of encoding '{encoding}' on {topic or 'its topic'} holds distances, not light; use the camera's "
            "colour or infrared images"
        )


def _is_of_depth(topic: str) -> bool:
    """By the names that drivers give them: /camera/depth/image_rect_raw, /camera/aligned_depth_to_color/image_raw."""
    return any("depth" in part for part in topic.removesuffix("/compressed").split("/")[-2:])


def _view(message: ImageMessage, layout: _Layout) -> NDArray[Any]:
    """The message's values as rows x width x channels (rows x width for one channel) without padding, not copied."""
    pixel_bytes = layout.channels * layout.value_bytes
    row_bytes = message.width * pixel_bytes
    rows = message.height * 3 // 2 if layout.chroma_plane else message.height
    what = f"{message.width}x{message.height} image of encoding '{message.encoding}'"
    if (layout.even_width and message.width % 2) or (layout.chroma_plane and message.height % 2):
        raise ImageError(f"{what} has an odd size, but pairs of pixels share their colour; crop it to an even size")
    if message.step < row_bytes:
        raise ImageError(
            f"{what} has step {message.step}, but a row takes at least {row_bytes} bytes; "
            "the publisher must set step to the full length of a row"
        )
    expected = message.step * rows
    if len(message.data) < expected:
        raise ImageError(
            f"{what} has {len(message.data)} bytes of data, but {rows} rows of step {message.step} take {expected}; "
            "the message was cut short or the publisher fills its fields wrongly"
        )
    kind = np.dtype(np.uint8 if layout.value_bytes == 1 else ">u2" if message.is_bigendian else "<u2")
    shape, strides = (rows, message.width, layout.channels), (message.step, pixel_bytes, layout.value_bytes)
    pixels: NDArray[Any] = np.ndarray(shape, kind, buffer=message.data, strides=strides)
    return pixels[..., 0] if layout.channels == 1 else pixels


def _through_cv_bridge(message: ImageMessage) -> ImageArray:
    if message.is_bigendian:
        raise ImageError(
            f"image of encoding '{message.encoding}' is big-endian, which is not supported for it; "
            "publish little-endian (is_bigendian = 0) or an 8-bit encoding"
        )
    known = ", ".join(NATIVE_ENCODINGS)
    try:
        return cv_bridge_fallback.to_bgr(message)
    except cv_bridge_fallback.ConversionUnavailable as error:
        raise ImageError(
            f"image encoding '{message.encoding}' needs the package cv_bridge: {error}. "
            f"Publish one of these instead: {known}"
        ) from error
