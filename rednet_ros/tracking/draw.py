"""Faces drawn into images, for people to look at."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from rednet_ros.landmarks import CONTOURS
from rednet_ros.tracking.types import Box, Face, FloatArray, ImageArray

Color = tuple[int, int, int]
"""Blue, green, red; 0..255."""

_LINE_COLORS: tuple[Color, ...] = (
    (255, 214, 120),
    (235, 190, 255),
    (205, 240, 190),
    (250, 170, 190),
    (245, 245, 245),
    (220, 225, 110),
)
_LOW, _MIDDLE, _HIGH = (60, 60, 235), (60, 200, 250), (110, 230, 90)
_SHADE: Color = (20, 20, 20)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SUBPIXEL_BITS = 4  # OpenCV draws at positions in 1/16 pixel
_FAR_PX = 30_000.0  # keeps positions, shifted by the bits above, within OpenCV's integers


def draw_faces(image_bgr: ImageArray, faces: Sequence[Face], *, boxes: bool = False, labels: bool = True) -> ImageArray:
    """A copy of the image with each face's contours, its 68 landmarks and its id.

    Points run from red over amber to green with their confidence (0, 0.5, 1); lines have a colour of the face's
    id. `boxes` adds the face's box, `labels` its id and confidence. Sizes follow the face's size in the image.
    """
    canvas = np.ascontiguousarray(image_bgr).copy()
    for face in faces:
        line_color = id_color(face.id)
        if boxes:
            _box(canvas, face.box, line_color)
        point_colors = [confidence_color(float(value)) for value in face.landmark_confidence]
        draw_landmarks(canvas, face.landmarks_px, line_color, point_colors)
        if labels:
            _label(canvas, face, line_color)
    return canvas


def draw_landmarks(
    canvas: ImageArray, landmarks_px: FloatArray, line_color: Color, point_colors: Sequence[Color] | None = None
) -> None:
    """Draw 68 x 2 landmarks into `canvas`: contours in `line_color`, and points where their colours are given."""
    size_px = _extent(Box.around(landmarks_px))
    line_px = float(np.clip(size_px / 170, 0.8, 4.0))
    radius_px = float(np.clip(size_px / 85, 1.0, 7.0))
    rim_px = min(1.2, 0.6 * line_px)
    layer = _Layer.over(canvas, landmarks_px, margin_px=radius_px + 2 * rim_px, finest=size_px < 200)
    if layer is None:
        return
    layer.lines(landmarks_px, _SHADE, line_px + 2 * rim_px, opacity=0.35)
    layer.lines(landmarks_px, line_color, line_px, opacity=0.85)
    if point_colors is not None:
        layer.dots(landmarks_px, [_SHADE] * len(landmarks_px), radius_px + rim_px, opacity=0.6)
        layer.dots(landmarks_px, point_colors, radius_px, opacity=1.0)
    layer.blend()


def id_color(face_id: str) -> Color:
    """The colour of a face's lines, the same wherever it is drawn; faces may share one."""
    return _LINE_COLORS[zlib.crc32(face_id.encode()) % len(_LINE_COLORS)]


def confidence_color(confidence: float) -> Color:
    """Red at 0, amber at 0.5, green at 1; values outside 0..1 are clipped."""
    position = 2 * min(max(confidence, 0.0), 1.0)
    start, end = (_LOW, _MIDDLE) if position < 1 else (_MIDDLE, _HIGH)
    share = position if position < 1 else position - 1
    blue, green, red = (round(a + share * (b - a)) for a, b in zip(start, end, strict=True))
    return blue, green, red


class _Layer:
    """A transparent drawing over a part of an image, finer than its pixels so that thin lines stay smooth."""

    def __init__(self, part: ImageArray, origin_px: tuple[int, int], finer: int) -> None:
        self._part = part
        self._origin_px = np.array(origin_px)
        self._finer = finer
        height, width = part.shape[:2]
        self._drawn = np.zeros((height * finer, width * finer, 4), np.uint8)  # BGR times opacity, opacity

    @classmethod
    def over(cls, canvas: ImageArray, points: FloatArray, margin_px: float, finest: bool) -> _Layer | None:
        """A layer over what `points` cover of `canvas`; None where that is nothing."""
        height, width = canvas.shape[:2]
        left, top = np.clip(np.floor(points.min(axis=0) - margin_px), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(points.max(axis=0) + margin_px) + 1, 0, (width, height)).astype(int)
        if left >= right or top >= bottom:
            return None
        return cls(canvas[top:bottom, left:right], (left, top), finer=4 if finest else 2)

    def lines(self, landmarks_px: FloatArray, color: Color, width_px: float, opacity: float) -> None:
        points = self._to_layer(landmarks_px)
        thickness = max(1, round(width_px * self._finer))
        for indices, closed in CONTOURS:
            line = points[list(indices)]
            cv2.polylines(self._drawn, [line], closed, _ink(color, opacity), thickness, cv2.LINE_8, _SUBPIXEL_BITS)

    def dots(self, points_px: FloatArray, colors: Sequence[Color], radius_px: float, opacity: float) -> None:
        radius = round(radius_px * self._finer * (1 << _SUBPIXEL_BITS))
        for (x, y), color in zip(self._to_layer(points_px).tolist(), colors, strict=True):
            cv2.circle(self._drawn, (x, y), radius, _ink(color, opacity), -1, cv2.LINE_8, _SUBPIXEL_BITS)

    def blend(self) -> None:
        """Put the drawing into the image."""
        height, width = self._part.shape[:2]
        drawn = cv2.resize(self._drawn, (width, height), interpolation=cv2.INTER_AREA)
        rest = cv2.cvtColor(255 - drawn[:, :, 3], cv2.COLOR_GRAY2BGR)
        self._part[:] = cv2.add(cv2.multiply(self._part, rest, scale=1 / 255), drawn[:, :, :3])

    def _to_layer(self, points_px: FloatArray) -> np.ndarray:
        """Image pixels to the layer's, both with pixel centres at integers, in OpenCV's fixed point."""
        finer = self._finer
        return _fixed((np.clip(points_px, -_FAR_PX, _FAR_PX) - self._origin_px) * finer + (finer - 1) / 2)


def _ink(color: Color, opacity: float) -> tuple[float, ...]:
    return (*(opacity * value for value in color), 255 * opacity)


def _box(canvas: ImageArray, box: Box, color: Color) -> None:
    corners = np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]])
    (left, top), (right, bottom) = _fixed(np.clip(corners, -_FAR_PX, _FAR_PX)).tolist()
    thickness_px = max(1, round(_extent(box) / 260))
    cv2.rectangle(canvas, (left, top), (right, bottom), color, thickness_px, cv2.LINE_AA, _SUBPIXEL_BITS)


def _label(canvas: ImageArray, face: Face, color: Color) -> None:
    """Id and confidence on a dark tag above the face, moved inside where it would leave the image."""
    height_px = float(np.clip(_extent(face.box) / 16, 10, 28))
    text = f"{face.id} {100 * face.confidence:.0f} %"
    (width_px, _), _ = cv2.getTextSize(text, _FONT, _font_scale(height_px), 1)
    pad = round(height_px * 0.4)
    tag_width, tag_height = width_px + 2 * pad, round(height_px) + 2 * pad
    image_height, image_width = canvas.shape[:2]
    left = int(np.clip(face.box.center[0] - tag_width / 2, 0, max(0, image_width - tag_width)))
    top = int(np.clip(face.box.y - tag_height - height_px * 0.6, 0, max(0, image_height - tag_height)))
    tag = canvas[top : top + tag_height, left : left + tag_width]
    tag[:] = cv2.addWeighted(tag, 0.35, np.full_like(tag, _SHADE), 0.65, 0.0)
    _text(canvas, text, (left + pad, top + tag_height - pad), height_px, color)


def _text(canvas: ImageArray, text: str, bottom_left: tuple[int, int], height_px: float, color: Color) -> None:
    thickness_px = 2 if height_px > 20 else 1
    cv2.putText(canvas, text, bottom_left, _FONT, _font_scale(height_px), color, thickness_px, cv2.LINE_AA)


def _font_scale(height_px: float) -> float:
    return height_px / 22  # the font's capitals are 22 px high at scale 1


def _extent(box: Box) -> float:
    return max(box.width, box.height)


def _fixed(points: FloatArray) -> np.ndarray:
    """Points in OpenCV's fixed-point pixels."""
    return np.rint(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
