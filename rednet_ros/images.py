"""Image files in, the package's images (H x W x 3, uint8, BGR) out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.resources import is_file


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """The picture in `path`, H x W x 3 uint8 BGR, turned upright by its EXIF orientation.

    Grey pictures get three equal channels, an alpha channel is dropped, 16-bit values are scaled to 8.
    Raises InputError that names the file when it is absent or OpenCV cannot decode it.
    """
    path = Path(path)
    if not is_file(path):
        raise InputError(f"{path}: no such image file")
    try:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error as error:  # e.g. more pixels than OpenCV's safety limit
        raise InputError(f"{path}: OpenCV refuses this image: {error.err}") from error
    if image is None:
        raise InputError(f"{path}: not an image that OpenCV can read (damaged, or an unknown format)")
    return np.asarray(image, dtype=np.uint8)
