"""sensor_msgs/CompressedImage to a BGR array. Works on the message's attributes only and imports no ROS."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
import numpy as np

from rednet_ros.nodes.image_conversion import ImageError
from rednet_ros.tracking.types import ImageArray

# A picture's orientation tag is ignored: landmarks are in the pixels that camera_info speaks of.
_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


class CompressedMessage(Protocol):
    """The fields of sensor_msgs/CompressedImage that are read here."""

    format: str
    data: Any


def compressed_to_bgr(message: CompressedMessage) -> ImageArray:
    """The message's picture as height x width x 3 uint8 BGR; deeper ones are brought to 8 bits.

    JPEG, PNG and whatever else OpenCV reads; `format` is not trusted, the data say what they are. Raises ImageError
    for depth images (compressedDepth) and data that are no picture.
    """
    if "compressedDepth" in message.format:
        raise ImageError(f"compressed image of format '{message.format}' holds distances, not a picture")
    data = np.frombuffer(message.data, np.uint8)
    if data.size == 0:
        raise ImageError("compressed image without data; the publisher must fill data")
    try:
        image = cv2.imdecode(data, _FLAGS)
    except cv2.error as error:
        raise ImageError(
            f"compressed image of format '{message.format}' cannot be read: {error.err or error}"
        ) from error
    if image is None:
        raise ImageError(
            f"compressed image of format '{message.format}', {data.size} bytes, is damaged or of a kind that OpenCV "
            "does not read; publish JPEG or PNG"
        )
    return np.asarray(image, np.uint8)
