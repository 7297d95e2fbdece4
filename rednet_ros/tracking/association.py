"""Which found face is which tracked one, and which tracks follow the same face."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np

from rednet_ros.tracking.appearance import MIN_FACE_LIKENESS, likeness
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.tracking.track import SIZE_STEP_RANGE, Track
from rednet_ros.tracking.types import Box, FaceStatus, FloatArray

MIN_COVERED = 0.4
"""Boxes of which the smaller is covered less by the other show different faces: neighbours, cheek to cheek."""

SAME_FACE_DISTANCE = 0.2
"""Two sets of landmarks are the same face when they are nearer than this mean distance, as a fraction of its size."""

REACH, REACH_PER_S = 0.5, 6.0
"""A lost face is within so many of its sides of where it is expected, and so many more for each second."""

MIN_FIT, FIT_LOST_BY_SIDE = 0.3, 0.25
"""A found face is a lost one's if their likeness is at least the first, and more by the second for each side that it
lies from where that one is expected. After 0.4 s a face's likeness to itself is 0.93 in the median of ten real clips,
0.37 in one of twenty cases."""

CLOSE = 0.6
"""Faces whose centres are nearer than this fraction of the larger one's side are one, or hide each other."""

NESTED_SIZE_RATIO, NESTED_COVERED = 1.4, 0.7
"""A face so much larger that covers so much of another one's box is the same face, or hides it."""


def match(tracked: Sequence[Box], found: Sequence[Box]) -> dict[int, int]:
    """Pair tracked and found boxes one to one, the best overlap first: index into `found` -> index into `tracked`.

    Found boxes that share no `MIN_COVERED` with a free tracked box are absent: new faces.
    """
    pairs: dict[int, int] = {}
    possible = [
        (box.overlap(other), f, t)
        for f, other in enumerate(found)
        for t, box in enumerate(tracked)
        if covered(box, other) >= MIN_COVERED
    ]
    for _, f, t in sorted(possible, key=lambda entry: (-entry[0], entry[1], entry[2])):
        if f not in pairs and t not in pairs.values():
            pairs[f] = t
    return pairs


def covered(first: Box, second: Box) -> float:
    """Share of the smaller box that the other one covers, 0..1."""
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    smaller = min(first.width * first.height, second.width * second.height)
    return max(width, 0.0) * max(height, 0.0) / max(smaller, 1e-9)


def returned(tracks: Iterable[Track], found: Sequence[Sighting]) -> dict[int, str]:
    """Which found face is which lost track's, one to one, the best fit first: index into `found` -> the track's id.

    The farther a face is from where it is expected, the more alike it must look: between two images of a slow camera it
    may have gone anywhere.
    """
    fits = [
        (fit, index, track.id)
        for track in tracks
        if not track.is_well
        for index, sighting in enumerate(found)
        if (fit := _fit(track, sighting)) >= MIN_FIT
    ]
    pairs: dict[int, str] = {}
    for _, index, track_id in sorted(fits, reverse=True):
        if index not in pairs and track_id not in pairs.values():
            pairs[index] = track_id
    return pairs


def _fit(track: Track, sighting: Sighting) -> float:
    """Of a found face to a lost track: how alike it looks, at most 1, less what it lies apart."""
    side_px = max(track.box.width, track.box.height)
    size_step = max(sighting.box.width, sighting.box.height) / max(side_px, 1e-6)
    apart = math.dist(track.box.center, sighting.box.center) / max(side_px, 1e-6)
    is_in_reach = apart <= REACH + REACH_PER_S * track.bad_s and SIZE_STEP_RANGE[0] <= size_step <= SIZE_STEP_RANGE[1]
    alike = likeness(track.appearance, sighting.appearance)
    return alike - FIT_LOST_BY_SIDE * apart if is_in_reach and alike >= track.least_likeness else -math.inf


def same_face(first_px: FloatArray, second_px: FloatArray) -> bool:
    """Whether two sets of 68 x 2 landmarks of one image lie on the same face: near each other, or one inside the other.

    A face inside another one's is not there: it would be hidden, or hide the other.
    """
    boxes = Box.around(first_px), Box.around(second_px)
    smaller, larger = sorted(max(box.width, box.height) for box in boxes)
    if larger > NESTED_SIZE_RATIO * smaller:
        return covered(*boxes) > NESTED_COVERED
    distance = float(np.linalg.norm(first_px - second_px, axis=1).mean())
    return distance < SAME_FACE_DISTANCE * smaller


def intruders(tracks: Iterable[Track]) -> set[str]:
    """Ids of the tracks that have no right to the face they follow, because a better one follows it too.

    When two faces cross, the hidden one's track may jump onto the face in front. Of two faces close together the one to
    go is that which does not look as it did. If both do, or neither, they must be one face: then it is the unconfirmed
    one, else the much smaller one (shrunk, or farther away and so behind), else the one whose motion was surprising of
    late, else the younger: so the face in front keeps its id.
    """
    losers: set[str] = set()
    for pair in itertools.combinations(tracks, 2):
        if not losers.isdisjoint(track.id for track in pair) or not _are_close(*pair):
            continue
        unlike = [track for track in pair if track.likeness < MIN_FACE_LIKENESS]
        if len(unlike) == 1:
            losers.add(unlike[0].id)
        elif same_face(pair[0].landmarks_px, pair[1].landmarks_px):
            sizes = [max(track.box.width, track.box.height) for track in pair]
            losers.add(min(pair, key=functools.partial(_claim, least_size=max(sizes) / NESTED_SIZE_RATIO)).id)
    return losers


def _are_close(first: Track, second: Track) -> bool:
    boxes = first.box, second.box
    return math.dist(boxes[0].center, boxes[1].center) < CLOSE * max(max(box.width, box.height) for box in boxes)


def _claim(track: Track, least_size: float) -> tuple[bool, bool, float, int]:
    size = max(track.box.width, track.box.height)
    return track.status is not FaceStatus.TENTATIVE, size >= least_size, -round(track.surprise, 1), track.good_frames
