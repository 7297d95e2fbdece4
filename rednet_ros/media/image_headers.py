"""Width and height out of the first bytes of an encoded picture, before anything is decoded.

A few kilobytes can unpack to gigabytes: whoever takes pictures from outside looks here first.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection
from typing import Any

Size = tuple[int, int]

# Matched from the first byte on, and no more liberal than OpenCV is: what it reads otherwise could hide a larger size.
_PNM = re.compile(rb"P[1-6Ff]\s(?:\s|#[^\n\r]*[\n\r])*(\d+)\s(?:\s|#[^\n\r]*[\n\r])*(\d+)\s")
_PAM = re.compile(rb"P7[\n\r](?:.*?[\n\r])?ENDHDR\s", re.DOTALL)
_PAM_SIZES = re.compile(rb"(WIDTH|HEIGHT)\s+(\d+)")
_RADIANCE = re.compile(rb"(?:[^\n]{1,126}\n)+\n-Y (\d+) \+X (\d+)\s")
_WIDTH, _HEIGHT, _ORIENTATION, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 274, 322, 323  # tags of TIFF
_TEXT_HEADER_BYTES = 4096
_MAX_JPEG_SCANS = 100  # encoders write 10 or so
_AVIF_BRANDS = frozenset({b"avif", b"avis", b"mif1"})  # avis: a sequence
_JPEG_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_SEGMENT = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_size_px(data: Any) -> Size | None:
    """(width, height) in stored pixels as the header of an encoded picture gives them; nothing is decoded.

    `data`: the whole file as bytes, bytearray, array or 1-D uint8 NumPy array; no copy is made. Knows every kind that
    OpenCV decodes as it is built by default, but AVIF (see `refusal`): PNG, JPEG, BMP, GIF, WebP, TIFF, JPEG 2000, PNM,
    PAM, PFM, Radiance and Sun raster. Nothing larger is decoded, so where the tiles of a TIFF are larger than its
    picture they count. None for any other kind, and for a header that is cut short, gives no positive size, or could be
    read in two ways.
    """
    view = memoryview(data).cast("B")
    start = bytes(view[:16])
    reader = next((read for fits, read in _KINDS if fits(start)), None)
    try:
        size = None if reader is None else reader(view)
    except (struct.error, LookupError):  # cut short, or a number in a form that none has
        return None
    return size if size is not None and min(size) > 0 else None


def refusal(data: Any) -> str:
    """Why a picture is not to be decoded whatever its header says of its size; empty where nothing speaks against it.

    `data`: as `image_size_px` takes it.
    """
    view = memoryview(data).cast("B")
    start = bytes(view[:12])
    if start[4:8] == b"ftyp" and start[8:12] in _AVIF_BRANDS:
        return "AVIF is not read, as its header may hide a far larger image; convert it to PNG or JPEG"
    if start.startswith(b"\xff\xd8") and (scans := _jpeg_scans(view)) > _MAX_JPEG_SCANS:
        return f"a JPEG of {scans} scans takes too long to decode, at most {_MAX_JPEG_SCANS} are read; encode it anew"
    return ""


def is_still(start: bytes) -> bool:
    """Whether a file that begins with these bytes (16 or more) is a single picture, whatever its name says.

    Not a GIF, which may move, nor an MP4, which begins like an AVIF.
    """
    if start[4:8] == b"ftyp":
        return start[8:12] in _AVIF_BRANDS - {b"avis"}
    return not start.startswith(b"GIF8") and any(fits(start) for fits, _ in _KINDS)


def exif_orientation(data: Any) -> int:
    """How a JPEG's stored pixels are to be turned for display, 1 to 8 as EXIF numbers it; 1 (not at all) if unknown.

    `data`: the file, or its first 64 kB, in any form that `image_size_px` takes.
    """
    view = memoryview(data).cast("B")
    try:
        at = 2
        while bytes(view[:2]) == b"\xff\xd8" and view[at] == 0xFF and view[at + 1] not in _JPEG_FRAMES | {0xD9, 0xDA}:
            if view[at + 1] == 0xE1 and bytes(view[at + 4 : at + 10]) == b"Exif\0\0":
                found = _tiff_values(view[at + 10 :], (_ORIENTATION,)).get(_ORIENTATION, 1)
                return found if 1 <= found <= 8 else 1
            at += 2 + struct.unpack_from(">H", view, at + 2)[0]
    except (struct.error, LookupError):  # cut short
        pass
    return 1


def _png(view: memoryview) -> Size:
    return _pair(">II", view, 16)


def _gif(view: memoryview) -> Size:
    return _pair("<HH", view, 6)


def _sun_raster(view: memoryview) -> Size:
    return _pair(">II", view, 4)


def _bmp(view: memoryview) -> Size:
    (header_bytes,) = struct.unpack_from("<I", view, 14)
    width, height = _pair("<HH", view, 18) if header_bytes == 12 else _pair("<ii", view, 18)
    return width, abs(height)  # negative: the rows lie from top to bottom


def _jpeg(view: memoryview) -> Size | None:
    at = 2
    while view[at] == 0xFF:
        marker = view[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _JPEG_STANDALONE:
            at += 2
        elif marker in _JPEG_FRAMES:
            height, width = _pair(">HH", view, at + 5)
            return width, height
        elif marker in (0x00, 0xD9, 0xDA):  # no marker, end, or pixels without a frame before them
            return None
        else:
            at += 2 + struct.unpack_from(">H", view, at + 2)[0]
    return None


def _jpeg_scans(view: memoryview) -> int:
    """How many passes over the picture are coded; what follows the end of the picture does not count."""
    at, scans = 2, 0
    while (found := _JPEG_SEGMENT.search(view, at)) is not None and view[found.end() - 1] != 0xD9:
        at = found.end()
        scans += view[at - 1] == 0xDA
        at += int.from_bytes(view[at : at + 2], "big")
    return scans


def _webp(view: memoryview) -> Size | None:
    kind = bytes(view[12:16])
    if kind == b"VP8X":  # the canvas, in 24 bits each
        return 1 + int.from_bytes(view[24:27], "little"), 1 + int.from_bytes(view[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", view, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = _pair("<HH", view, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _tiff(view: memoryview) -> Size:
    found = _tiff_values(view, (_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT))
    return max(found[_WIDTH], found.get(_TILE_WIDTH, 0)), max(found[_HEIGHT], found.get(_TILE_HEIGHT, 0))


def _tiff_values(view: memoryview, tags: Collection[int]) -> dict[int, int]:
    """Whole numbers of the first directory, by tag. KeyError where one has a form that does not fit an entry."""
    order = "<" if view[0] == ord("I") else ">"
    big = struct.unpack_from(order + "H", view, 2)[0] == 43
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), view, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), view, directory)
    entry, entry_bytes, value_at = directory + (8 if big else 2), *((20, 12) if big else (12, 8))
    codes = {3: "H", 4: "I"} | ({16: "Q"} if big else {})  # the only forms of whole numbers that fit an entry
    found: dict[int, int] = {}
    for at in range(entry, min(entry + count * entry_bytes, len(view)), entry_bytes):
        tag, kind = struct.unpack_from(order + "HH", view, at)
        if tag in tags:
            (value,) = struct.unpack_from(order + codes[kind], view, at + value_at)
            found[tag] = max(value, found.get(tag, 0))  # given twice: decoders differ in which they take
    return found


def _jpeg_2000(view: memoryview) -> Size | None:
    """The size in the code stream, which is what is decoded; the boxes of a .jp2 around it are stepped over."""
    at = 0
    while bytes(view[at : at + 4]) != b"\xff\x4f\xff\x51":
        length, kind = struct.unpack_from(">I4s", view, at)
        header_bytes = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", view, at + 8)
            header_bytes = 16
        if kind != b"jp2c" and length < header_bytes:
            return None
        at += header_bytes if kind == b"jp2c" else length
    right, bottom, left, top = struct.unpack_from(">IIII", view, at + 8)
    return right - left, bottom - top


def _pam(view: memoryview) -> Size | None:
    """The largest numbers given, comments included."""
    header = _PAM.match(bytes(view[:_TEXT_HEADER_BYTES]))
    sizes = {b"WIDTH": 0, b"HEIGHT": 0}
    for found in _PAM_SIZES.finditer(header[0] if header else b""):
        sizes[found[1]] = max(sizes[found[1]], int(found[2]))
    return sizes[b"WIDTH"], sizes[b"HEIGHT"]


def _text(pattern: re.Pattern[bytes], turned: bool = False) -> Callable[[memoryview], Size | None]:
    """A reader of headers in plain text: width and height (`turned`: height and width) are the pattern's groups."""

    def read(view: memoryview) -> Size | None:
        found = pattern.match(bytes(view[:_TEXT_HEADER_BYTES]))
        if found is None:
            return None
        first, second = int(found[1]), int(found[2])
        return (second, first) if turned else (first, second)

    return read


def _pair(format_: str, view: memoryview, offset: int) -> Size:
    first, second = struct.unpack_from(format_, view, offset)
    return first, second


def _begins(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda start: start.startswith(signatures)


_KINDS: tuple[tuple[Callable[[bytes], bool], Callable[[memoryview], Size | None]], ...] = (
    (_begins(b"\xff\xd8\xff"), _jpeg),
    (_begins(b"\x89PNG\r\n\x1a\n"), _png),
    (_begins(b"BM"), _bmp),
    (_begins(b"GIF87a", b"GIF89a"), _gif),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", _webp),
    (_begins(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _tiff),
    (_begins(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), _jpeg_2000),
    (_begins(b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf", b"PF"), _text(_PNM)),
    (_begins(b"P7"), _pam),
    (_begins(b"#?RADIANCE", b"#?RGBE"), _text(_RADIANCE, turned=True)),
    (_begins(b"\x59\xa6\x6a\x95"), _sun_raster),
)
