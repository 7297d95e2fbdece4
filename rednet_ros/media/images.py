"""Image files in, the package's images (H x W x 3, uint8, BGR) out, and back into files.

Everything that reads or writes a picture comes through here: OpenCV is only ever given bytes. Names of files it would
pass on in the process's locale, and it ends the process with a name that has no form there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.media.image_headers import exif_orientation as exif_orientation
from rednet_ros.media.image_headers import image_size_px as image_size_px
from rednet_ros.media.image_headers import refusal as refusal
from rednet_ros.resources import is_file

ImageArray = NDArray[np.uint8]
"""An image: H x W x 3, uint8, BGR (OpenCV's order)."""

DARK_GROUND = (34, 34, 34)
"""Blue, green, red of what lies behind images that do not fill their place."""

MAX_IMAGE_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: 300 MB of BGR. A photograph has 50 million at most."""

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tif", ".tiff", ".webp"),
    *(".pbm", ".pnm", ".jpe", ".jfif", ".jp2", ".avif"),
)
"""Endings of image files, in lower case; in order of preference, should several files hold one picture.

AVIF is among them so that it is refused aloud (`refusal`), and not left out of a folder.
"""

_CAMERA_BITS = (8, 10, 12, 16)


def read_image(path: str | Path, *, max_pixels: int = MAX_IMAGE_PIXELS) -> NDArray[np.uint8]:
    """The picture in `path`, H x W x 3 uint8 BGR, turned upright by its EXIF orientation.

    See `decode_image`. Raises InputError that names the file when it is absent, too large or cannot be decoded.
    """
    return decode_image(_content(path), str(path), max_pixels=max_pixels)


def read_with_alpha(path: str | Path) -> NDArray[np.uint8]:
    """The picture in `path` as `read_image` gives it, but as it lies in the file, and with its alpha channel.

    H x W x 4 uint8 BGRA where it has one, else H x W x 3. Raises InputError as `read_image`.
    """
    encoded = _checked(_content(path), str(path), MAX_IMAGE_PIXELS)
    image = _in_8_bit(_decoded(encoded, str(path), cv2.IMREAD_UNCHANGED))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8) if image.ndim == 2 else image


def write_image(path: str | Path, image: NDArray[np.uint8], quality: int = 95) -> None:
    """Write an image, H x W or H x W x 3 (BGR), in the format that the file's ending names.

    `quality`: of JPEG, 0..100. Raises InputError that names the file when that is not possible.
    """
    path = Path(path)
    try:
        done, encoded = cv2.imencode(path.suffix or ".", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    except cv2.error as error:
        raise InputError(f"{path}: not the name of an image, take .png or .jpg ({error.err or error})") from error
    if not done:
        raise InputError(f"{path}: OpenCV cannot encode this image, {image.shape} {image.dtype}")
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def is_image_name(path: str | Path) -> bool:
    """Whether `write_image` can write a file with this ending."""
    suffix = Path(path).suffix.lower()
    return suffix in IMAGE_SUFFIXES and cv2.haveImageWriter(f"image{suffix}")


def decode_image(
    data: Any, name: str = "image", *, max_pixels: int = MAX_IMAGE_PIXELS, upright: bool = True
) -> NDArray[np.uint8]:
    """The picture that is encoded in `data`, H x W x 3 uint8 BGR.

    `data`: bytes, or anything with a buffer of them; `name`: what messages call it; `upright`: turn it by its EXIF
    orientation. Grey pictures get three equal channels, an alpha channel is dropped, 16-bit values are brought to 8
    by `to_8_bit`; of floating point ones 1 is white, or the largest if it is more.
    Raises InputError if its header gives more than `max_pixels` or it is refused for what it is (see `refusal`;
    nothing is decoded then), or if it cannot be decoded.
    """
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR | (0 if upright else cv2.IMREAD_IGNORE_ORIENTATION)
    return _in_8_bit(_decoded(_checked(data, name, max_pixels), name, flags))


def used_bits(image: NDArray[np.uint16]) -> int:
    """How many bits of 16 hold light: the fewest of 8, 10, 12 and 16 that fit every value.

    14 is not among them: such a picture taken as 16 bits is dark, not black, and a dark one of 16 bits is left as it
    is. The answer for an image without light may be too low; in a stream, keep the largest answer so far.
    """
    return next(bits for bits in _CAMERA_BITS if int(image.max(initial=0)) < 1 << bits)


def to_8_bit(image: NDArray[np.uint16], bits: int | None = None) -> NDArray[np.uint8]:
    """The upper 8 of the `bits` (8 to 16) lower ones that hold light, in the same shape; larger values become 255.

    `bits`: as `used_bits` finds them if None. Infrared and industrial cameras put 10 or 12 bits in 16: taken as 16
    they are black.
    """
    shift = (used_bits(image) if bits is None else bits) - 8
    return np.minimum(image >> shift, 255).astype(np.uint8)


_WHAT_IT_IS_NOT = "not an image that OpenCV can read (damaged, or an unknown format)"


def _content(path: str | Path) -> bytes:
    if not is_file(path):
        raise InputError(f"{path}: no such image file")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _checked(data: Any, name: str, max_pixels: int) -> NDArray[np.uint8]:
    """`data` for OpenCV, once its header has been found to be of a picture of at most `max_pixels`."""
    encoded = np.frombuffer(data, np.uint8)
    if reason := refusal(encoded):
        raise InputError(f"{name}: {reason}")
    size_px = image_size_px(encoded)
    if size_px is None:
        raise InputError(f"{name}: {_WHAT_IT_IS_NOT}")
    width, height = size_px
    if width * height > max_pixels:
        raise InputError(
            f"{name}: an image of {width} x {height} pixels, more than the limit of {max_pixels}; scale it down"
        )
    return encoded


def _decoded(encoded: NDArray[np.uint8], name: str, flags: int) -> NDArray[Any]:
    try:
        image = cv2.imdecode(encoded, flags)
    except cv2.error as error:
        raise InputError(f"{name}: OpenCV refuses this image: {error.err or error}") from error
    if image is None:
        raise InputError(f"{name}: {_WHAT_IT_IS_NOT}")
    return np.asarray(image)


def _in_8_bit(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.dtype == np.uint16:
        return to_8_bit(image)
    if image.dtype != np.uint8:  # floating point: 1 is white, unless something is brighter
        light = np.nan_to_num(image.astype(np.float32), posinf=1.0).clip(0)
        return np.asarray(light / max(1.0, float(light.max())) * 255, np.uint8)
    return np.asarray(image, np.uint8)


def fit(image_bgr: ImageArray, size_px: tuple[int, int]) -> ImageArray:
    """The image scaled to fit `size_px` (width, height) with its aspect kept, centred on a dark ground."""
    height, width = image_bgr.shape[:2]
    if (width, height) == size_px:
        return image_bgr
    scale = min(size_px[0] / width, size_px[1] / height)
    inner = (max(1, min(size_px[0], round(width * scale))), max(1, min(size_px[1], round(height * scale))))
    scaled = cv2.resize(image_bgr, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size_px[0] - inner[0]) // 2, (size_px[1] - inner[1]) // 2
    canvas = np.full((size_px[1], size_px[0], 3), DARK_GROUND, dtype=np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = scaled
    return canvas
