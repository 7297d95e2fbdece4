"""The 68 iBUG landmarks: indices, regions, flip order and drawing contours.

Plain constants without imports, the lowest layer of the package. Indices are 0-based, in the order of the
300-W annotations (iBUG), which is also the order of every array of landmarks in this package.
"""

LANDMARK_COUNT = 68

REGIONS: dict[str, range] = {
    "jaw": range(0, 17),
    "right_brow": range(17, 22),
    "left_brow": range(22, 27),
    "nose": range(27, 36),
    "right_eye": range(36, 42),
    "left_eye": range(42, 48),
    "outer_mouth": range(48, 60),
    "inner_mouth": range(60, 68),
}
"""Region name -> its landmark indices. Right and left are the person's own sides."""

DETECTION_INDICES: tuple[int, ...] = (36, 39, 42, 45, 30, 48, 54)
"""The 7 landmarks of the detection step: four eye corners, nose tip, two mouth corners (paper, section 3.2)."""

RIGHT_OUTER_EYE_CORNER, LEFT_OUTER_EYE_CORNER = 36, 45
"""Their distance is the inter-ocular distance by which errors are divided (the 300-W protocol)."""

NOSE_TIP = 30

INNER_51 = range(17, 68)
"""All landmarks but the jaw line."""

FLIP_ORDER: tuple[int, ...] = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46),
    *(39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *(67, 66, 65),
)
"""`points[FLIP_ORDER]` re-orders the landmarks of a mirrored face."""

CONTOURS: tuple[tuple[tuple[int, ...], bool], ...] = (
    (tuple(range(0, 17)), False),
    (tuple(range(17, 22)), False),
    (tuple(range(22, 27)), False),
    (tuple(range(27, 31)), False),
    (tuple(range(31, 36)), False),
    (tuple(range(36, 42)), True),
    (tuple(range(42, 48)), True),
    (tuple(range(48, 60)), True),
    (tuple(range(60, 68)), True),
)
"""(indices, closed) of the nine lines that draw a face."""
