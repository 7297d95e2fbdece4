"""Which found face is which tracked one, and which tracks follow the same face."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from rednet_ros.tracking.track import Track
from rednet_ros.tracking.types import Box, FaceStatus, FloatArray

MIN_OVERLAP = 0.25
"""Boxes that overlap less (intersection over union) show different faces; neighbours cheek to cheek stay below."""

SAME_FACE_DISTANCE = 0.2
"""Two sets of landmarks are the same face when they are nearer than this mean distance, as a fraction of its size."""


def match(tracked: Sequence[Box], found: Sequence[Box]) -> dict[int, int]:
    """Pair tracked and found boxes one to one, the best overlap first: index into `found` -> index into `tracked`.

    Found boxes that overlap no free tracked box by `MIN_OVERLAP` are absent: new faces.
    """
    overlaps = [(box.overlap(other), f, t) for f, other in enumerate(found) for t, box in enumerate(tracked)]
    pairs: dict[int, int] = {}
    for overlap, f, t in sorted(overlaps, key=lambda entry: (-entry[0], entry[1], entry[2])):
        if overlap < MIN_OVERLAP:
            break
        if f not in pairs and t not in pairs.values():
            pairs[f] = t
    return pairs


def same_face(first_px: FloatArray, second_px: FloatArray) -> bool:
    """Whether two sets of 68 x 2 landmarks of one image lie on the same face."""
    sizes = [max(box.width, box.height) for box in (Box.around(first_px), Box.around(second_px))]
    distance = float(np.linalg.norm(first_px - second_px, axis=1).mean())
    return distance < SAME_FACE_DISTANCE * min(sizes)


def intruders(tracks: Iterable[Track]) -> set[str]:
    """Ids of the tracks that have no right to the face they follow, because a better one follows it too.

    When two faces cross, the hidden one's track may jump onto the face in front. The one to go is the unconfirmed one,
    else the one whose motion was surprising of late, else the younger: so the face in front keeps its id.
    """
    losers: set[str] = set()
    for first, second in itertools.combinations(tracks, 2):
        if losers.isdisjoint((first.id, second.id)) and same_face(first.landmarks_px, second.landmarks_px):
            losers.add(min(first, second, key=_claim).id)
    return losers


def _claim(track: Track) -> tuple[bool, float, int]:
    return track.status is not FaceStatus.TENTATIVE, -round(track.surprise, 1), track.good_frames
