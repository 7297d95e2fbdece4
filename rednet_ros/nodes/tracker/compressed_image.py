"""sensor_msgs/CompressedImage to a BGR array. Works on the message's attributes only and imports no ROS."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.media.images import MAX_IMAGE_PIXELS, image_size_px, refusal
from rednet_ros.nodes.tracker.image_conversion import ImageError, LightRange, check_light, check_size
from rednet_ros.tracking.types import ImageArray

# A picture's orientation tag is ignored: landmarks are in the pixels that camera_info speaks of.
_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION


class CompressedMessage(Protocol):
    """The fields of sensor_msgs/CompressedImage that are read here."""

    format: str
    data: Any


class CompressedImageConverter:
    """The compressed images of one camera as BGR; see `ImageConverter`."""

    def __init__(self, topic: str = "", max_pixels: int = MAX_IMAGE_PIXELS) -> None:
        self._topic = topic
        self._max_pixels = max_pixels
        self._range = LightRange()

    def __call__(self, message: CompressedMessage) -> ImageArray:
        """The message's picture as height x width x 3 uint8 BGR; 16-bit ones are brought to 8 bits.

        JPEG, PNG and whatever else OpenCV reads; `format` is not trusted, the data say what they are. Raises ImageError
        for depth images, data that are no picture, and, before anything is decoded, pictures of too many pixels, AVIF
        and JPEGs of very many scans.
        """
        if "compressedDepth" in message.format:
            raise ImageError(f"compressed image of format '{message.format}' holds distances, not a picture")
        check_light(message.format.split(";")[0].strip(), self._topic)
        data = np.frombuffer(message.data, np.uint8)
        if data.size == 0:
            raise ImageError("compressed image without data; the publisher must fill data")
        if reason := refusal(data):
            raise ImageError(f"compressed image of format '{message.format}': {reason}")
        size_px = image_size_px(data)
        if size_px is not None:
            check_size(*size_px, self._max_pixels)
        image = None if size_px is None else _decoded(data, message.format)
        if image is None or image.dtype not in (np.uint8, np.uint16):
            raise ImageError(
                f"compressed image of format '{message.format}', {data.size} bytes, is damaged or of a kind that "
                "OpenCV does not read; publish JPEG or PNG"
            )
        return self._range.to_8_bit(image) if image.dtype == np.uint16 else image


def compressed_to_bgr(message: CompressedMessage) -> ImageArray:
    """A single image, as `CompressedImageConverter` does it."""
    return CompressedImageConverter()(message)


def _decoded(data: NDArray[np.uint8], format_: str) -> NDArray[Any] | None:
    """The picture in its own depth; None where OpenCV reads none."""
    try:
        return cv2.imdecode(data, _FLAGS)
    except cv2.error as error:
        raise ImageError(f"compressed image of format '{format_}' cannot be read: {error.err or error}") from error
