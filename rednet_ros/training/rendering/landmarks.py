"""The 68 landmarks of a rendered head, by the definition of iBUG's 300-W annotation, and which of them can be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.tracking.mean_shape import both_halves
from rednet_ros.training.rendering.brows import SurfacePoints
from rednet_ros.training.rendering.contour import JawLine
from rednet_ros.training.rendering.geometry import BoolArray, FloatArray, project, unit

TOLERANCE_DM, JAW_TOLERANCE_DM = 0.05, 0.2
SKIN_POINTS = slice(27, 68)
JAW = slice(0, 17)
SLIDES = {
    **{index: ((17 if index < 22 else 26,), 0.33) for index in (18, 25)},
    **{index: ((18 if index < 22 else 25,), 0.2) for index in (19, 24)},
    39: ((36,), 0.035),
    42: ((45,), 0.035),
    37: ((38,), 0.27),
    41: ((40,), 0.2),
    44: ((43,), 0.27),
    46: ((47,), 0.2),
    31: ((33,), -0.08),
    35: ((33,), -0.08),
    32: ((33,), -0.15),
    34: ((33,), -0.15),
    **{index: ((50 if index < 51 else 52,), 0.11) for index in (49, 53)},
    50: ((61,), 0.12),
    51: ((62,), 0.28),
    52: ((63,), 0.12),
    **dict.fromkeys((56, 58), ((57,), 0.3)),
    59: ((58,), 0.3),
    55: ((56,), 0.3),
    **dict.fromkeys((61, 63), ((62,), 0.35)),
    **dict.fromkeys((65, 67), ((66,), 0.3)),
    60: ((61, 67), 0.25),
    64: ((63, 65), 0.25),
}
"""How far points of the rig move along brow, lid or lip towards others (the middle of them), to where 300-W has them.

Brows: 18 and 25 lie near the outer ends, where the brow bends. Eyes: 37, 38 and 40, 41 divide the lids in three; 39
and 42 lie a little outside the inner corner. Nose: the wings a little wider. Lips: 51 lies in the upper lip's dip, 2 %
of the eyes' distance below its peaks 50 and 52; 58, 61 and 67 lie below the peak 50, 56, 63 and 65 below 52; 49, 53, 55
and 59 half-way between their neighbours; the inner corners 60 and 64 a little inside the outer ones.
"""
BROW_RISE = {
    **dict.fromkeys((17, 26), 0.15),
    **dict.fromkeys((18, 25), 0.2),
    **dict.fromkeys((19, 24), 0.13),
    **dict.fromkeys((20, 23), 0.14),
    **dict.fromkeys((21, 22), 0.25),
}
"""How far the brow's points rise from the middle of its hair to its upper edge: share of their distance from the line
of the eye's corners."""
CONVENTION_RIGHT: dict[int, tuple[tuple[float, float, float], ...]] = {
    0: (
        (0.3, 0.2, -0.5),
        (1.8, 1.2, -0.6),
        (2.9, 1.1, -0.4),
        (2.0, 0.1, -0.8),
        (1.9, 0.8, -0.7),
        (1.4, 2.1, -0.3),
        (0.5, 2.4, -1.4),
        (1.3, 1.1, -4.6),
        (0.3, 0.0, -2.6),
    ),
    17: ((2.0, -1.7, 0.5), (0.4, 0.0, 1.4), (-3.0, -0.3, 0.2), (-2.7, -1.1, 0.4), (0.7, 0.2, 0.7)),
    27: ((2.9, 0.0, 0.3), (3.7, 0.0, 0.6), (4.0, 0.0, -0.7), (3.1, 0.0, 0.8)),
    31: ((3.8, -0.4, 0.0), (1.5, -0.5, -1.5), (2.1, 0.0, -1.2)),
    36: (
        (-0.6, 0.0, -0.2),
        (-0.6, -0.3, 0.9),
        (-1.1, 0.8, -0.2),
        (-0.5, 0.7, -1.7),
        (-1.0, -0.2, -0.4),
        (-0.4, 0.1, -0.3),
    ),
    48: ((-1.7, 0.2, 0.4), (-0.9, 0.2, -0.8), (0.4, 1.4, 0.0), (0.1, 0.0, -0.4)),
    57: ((1.4, 0.0, -0.5), (1.9, 0.6, -1.6), (0.3, 0.2, -1.3), (-1.7, -0.7, -0.1)),
    61: ((3.2, 0.6, 0.3), (2.6, 0.0, 0.0)),
    66: ((2.8, 0.0, 0.0), (3.6, 1.3, -0.1)),
}
"""Where 300-W's annotators have a landmark instead, for the person's right half and the middle: first landmark ->
(forward, to the person's left, up) in hundredths of the distance of the outer eye corners. The mean of how a network
trained on renders without it misses the annotation of 1,087 faces, turned back by their head pose."""
CONVENTION = both_halves(CONVENTION_RIGHT, (1.0, -1.0, 1.0)) / 100
"""68 x 3: `CONVENTION_RIGHT` of all landmarks, in eye distances."""
BRIDGE_PITCH_RAD = np.deg2rad(26)
"""How far the line from below the nose to between the eyes leans back on the mean head."""
LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))
"""Upper and lower landmarks that meet when an eye is shut."""
LIPS = ((61, 67), (62, 66), (63, 65))
"""Upper and lower landmarks that meet when the mouth is shut."""


@dataclass(frozen=True, eq=False)
class SeenLandmarks:
    """`points_px`: 68 x 2, pixel centres at integers; `depth`: 68, as OpenGL stores it (0..1)."""

    points_px: FloatArray
    depth: FloatArray


@dataclass(frozen=True, eq=False)
class LandmarkModel:
    """Where the landmarks lie on the head: jaw by outline, brows on the brow's hair, the rest on the skin."""

    jaw: JawLine
    skin: SurfacePoints
    brows: dict[str, SurfacePoints]

    def in_space(self, head: FloatArray, brow_name: str, brow: FloatArray) -> FloatArray:
        """51 x 3: landmarks 17 to 67 of a head (V x 3) that wears a brow (its vertices, B x 3)."""
        at_rest = np.concatenate([self.brows[brow_name].on(brow), self.skin.on(head)])
        points = at_rest.copy()
        for index, (towards, share) in SLIDES.items():
            aim = at_rest[[number - 17 for number in towards]].mean(axis=0)
            points[index - 17] += share * (aim - at_rest[index - 17])
        for index, share in BROW_RISE.items():
            corners = at_rest[[36 - 17, 39 - 17] if index < 22 else [42 - 17, 45 - 17]]
            points[index - 17] += share * (points[index - 17] - _foot(points[index - 17], corners))
        points += CONVENTION[17:] @ _axes(at_rest)
        _meet(points, LIDS, upper_share=1.0)
        _meet(points, LIPS, upper_share=0.5)
        return points

    def seen(
        self, head: FloatArray, inner: FloatArray, view_projection: FloatArray, size_px: int, roll_rad: float
    ) -> SeenLandmarks:
        """All landmarks of a posed head as a camera sees them; `inner` is what in_space gave, posed like the head."""
        places = np.empty((LANDMARK_COUNT, 3))
        places[17:] = project(inner, view_projection, size_px)
        places[JAW] = self.jaw.trace(head, places[17:], view_projection, size_px, roll_rad)
        moved = np.concatenate([inner[33 - 17][None], inner[33 - 17] + CONVENTION[JAW] @ _axes(inner)])
        moved_px = project(moved, view_projection, size_px)[:, :2]
        places[JAW, :2] += moved_px[1:] - moved_px[0]
        return SeenLandmarks(places[:, :2].astype(np.float32), places[:, 2].astype(np.float32))


def _axes(inner: FloatArray) -> FloatArray:
    """3 x 3 rows forward, left and up of a head by its landmarks 17 to 67, each as long as the distance of the outer
    eye corners."""
    right, left, nose = inner[36 - 17], inner[45 - 17], inner[33 - 17]
    size = float(np.linalg.norm(left - right))
    to_left = unit(left - right)
    bridge = (left + right) / 2 - nose
    bridge = unit(bridge - (bridge @ to_left) * to_left)
    before = np.cross(to_left, bridge)
    cosine, sine = np.cos(BRIDGE_PITCH_RAD), np.sin(BRIDGE_PITCH_RAD)
    return np.stack([cosine * before - sine * bridge, to_left, cosine * bridge + sine * before]) * size


def _foot(point: FloatArray, line: FloatArray) -> FloatArray:
    """Where the perpendicular from a point (3) meets the line through two others (2 x 3)."""
    along = line[1] - line[0]
    return np.asarray(line[0] + ((point - line[0]) @ along) / (along @ along) * along)


def _meet(points: FloatArray, pairs: tuple[tuple[int, int], ...], upper_share: float) -> None:
    """Where lids or lips overlap, put both landmarks on the line that is seen. Changes `points` (landmarks 17 to 67).

    An upper lid closes over the lower one, so its edge is seen (share 1); lips press each other (share one half).
    """
    up = points[10] - points[16]
    for upper, lower in pairs:
        above, below = points[upper - 17], points[lower - 17]
        if (above - below) @ up < 0:
            points[[upper - 17, lower - 17]] = upper_share * above + (1 - upper_share) * below


def visible_landmarks(seen: SeenLandmarks, depth: FloatArray, linear_depth: tuple[float, float]) -> BoolArray:
    """Which landmarks nothing solid covers: 68 bool.

    `depth`: the picture's depth (S x S, OpenGL's 0..1), `linear_depth`: near and far planes. A landmark may lie
    TOLERANCE_DM behind the nearest surface, of the jaw, whose outline is curved away, JAW_TOLERANCE_DM. A landmark at
    an edge counts as seen when a pixel beside it shows its surface. Landmarks outside the picture are not visible.
    """
    size_px = depth.shape[0]
    window = 2 * max(1, round(size_px / 150)) + 1
    away = _distance(cv2.dilate(depth, np.ones((window, window), np.uint8)), *linear_depth)
    tolerance = np.full(LANDMARK_COUNT, TOLERANCE_DM)
    tolerance[JAW] = JAW_TOLERANCE_DM
    pixels = np.rint(seen.points_px).astype(int)
    inside = ((pixels >= 0) & (pixels < size_px)).all(axis=1)
    x, y = np.clip(pixels, 0, size_px - 1).T
    return inside & (_distance(seen.depth, *linear_depth) <= away[y, x] + tolerance)


def _distance(depth: FloatArray, near: float, far: float) -> FloatArray:
    """Distance from the camera of OpenGL's depth values of a perspective view."""
    return 2 * near * far / (far + near - (2 * depth - 1) * (far - near))
