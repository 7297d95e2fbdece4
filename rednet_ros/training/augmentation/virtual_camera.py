"""A still seen through a camera that moves, or frames of a real clip seen so: frames with exact landmarks.

All that changes from frame to frame is what a camera, a light or a passer-by changes: place, zoom, roll, motion blur,
noise, compression, brightness, an object in front. The face itself does not: only real and rendered clips blink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.augmentation import bursts, film_effects
from rednet_ros.training.augmentation.crops import mirror
from rednet_ros.training.config import AugmentationSettings, ClipSettings
from rednet_ros.training.datasets.pool import Picture

Rng = np.random.Generator

REACH = 1.8
"""Side of a frame, as a multiple of the face's crop."""

SPEED = (0.025, 0.025, 0.012, 0.02)
"""Standard deviation of the camera's motion from frame to frame at `motion` 1: x and y in sides of the face's crop,
logarithm of the zoom, roll in radians."""

PLACE = (0.05, 0.05, 0.08, 0.12)
"""Standard deviation of where the face is in a clip on the whole, in the same units."""

_FINENESS = 1.5
"""Pictures with more pixels than this for one of the frame are made smaller first: once, not for every frame."""


@dataclass(frozen=True)
class Clip:
    """`frames`: T x F x F x 3 uint8 BGR. `points_px`: T x 68 x 2 pixels of them, NaN where not annotated; `place_px`
    without gaps. `shown`: T bool, False where the face is hidden altogether, and is not looked for. `burst`: T bool,
    True where it is hardly to be seen, if at all, and has to be found."""

    frames: ImageArray
    points_px: FloatArray
    place_px: FloatArray
    shown: NDArray[np.bool_]
    burst: NDArray[np.bool_]


def film(
    pictures: Sequence[Picture],
    frame_px: int,
    clip: ClipSettings,
    looks: AugmentationSettings,
    rng: Rng,
    *,
    moves: bool,
    burst_share: float = 0.0,
) -> Clip:
    """A clip of as many frames as there are pictures: of one face in consecutive frames, or of the same still.

    `frame_px`: F. `moves`: whether the camera moves over all of its range, or, for pictures in which the head moves
    by itself, only a little. `burst_share`: of the frames that are in bursts.
    """
    count = len(pictures)
    pictures = _made_smaller(pictures, frame_px)
    views = _views(pictures, frame_px, clip, rng, strength=clip.motion if moves else 0.3 * clip.motion)
    frames = [view.extract(picture.image) for view, picture in zip(views, pictures, strict=True)]
    points = [view.to_crop(picture.points_px) for view, picture in zip(views, pictures, strict=True)]
    places = [view.to_crop(picture.place_px) for view, picture in zip(views, pictures, strict=True)]
    if rng.random() < looks.flip:
        points = [mirror(frame, known)[1] for frame, known in zip(frames, points, strict=True)]
        mirrored = [mirror(frame, place) for frame, place in zip(frames, places, strict=True)]
        frames, places = [frame for frame, _ in mirrored], [place for _, place in mirrored]
    shown, burst = np.ones(count, bool), np.zeros(count, bool)
    if rng.random() < clip.motion_blur:
        frames = film_effects.blur_motion(frames, places, rng.uniform(0.3, 1.0))
    if rng.random() < clip.occlude:
        frames = film_effects.pass_object(frames, places, rng)
    if rng.random() < clip.vanish:
        frames, shown = film_effects.hide(frames, places, rng)
    frames = film_effects.expose(frames, clip, looks, rng)
    if burst_share > 0:
        planned = bursts.plan(count, burst_share, rng)
        frames = bursts.spoil(frames, places, planned, rng)
        for each in planned:
            burst[each.start : each.stop] = True
    return Clip(np.stack(frames), np.stack(points), np.stack(places), shown, burst & shown)


def _made_smaller(pictures: Sequence[Picture], frame_px: int) -> list[Picture]:
    """The pictures at a size that serves frames of `frame_px`."""
    side_px = REACH * max(CropTransform.from_landmarks(picture.place_px, 1).side_px for picture in pictures)
    factor = _FINENESS * frame_px / side_px
    if factor >= 1:
        return list(pictures)
    small: dict[int, Picture] = {}
    for picture in pictures:
        if id(picture) not in small:
            small[id(picture)] = _resized(picture, factor)
    return [small[id(picture)] for picture in pictures]


def _resized(picture: Picture, factor: float) -> Picture:
    height, width = picture.image.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    scale = np.array([size[0] / width, size[1] / height])
    points, place = (
        ((points + 0.5) * scale - 0.5).astype(np.float32) for points in (picture.points_px, picture.place_px)
    )
    image = np.asarray(cv2.resize(picture.image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Picture(image, points, place, picture.person)


def _views(
    pictures: Sequence[Picture], frame_px: int, clip: ClipSettings, rng: Rng, strength: float
) -> list[CropTransform]:
    """Where the camera looks in each picture."""
    crops = [CropTransform.from_landmarks(picture.place_px, frame_px) for picture in pictures]
    center = np.mean([crop.center_px for crop in crops], axis=0)
    side_px = REACH * max(crop.side_px for crop in crops)
    if rng.random() < clip.still_camera:
        strength = 0.0
    path = film_effects.smooth_path(len(pictures), np.array(SPEED) * strength, rng) + rng.normal(0, PLACE)
    return [
        CropTransform(
            (float(center[0] + x * side_px / REACH), float(center[1] + y * side_px / REACH)),
            float(side_px * np.exp(zoom)),
            float(roll),
            frame_px,
        )
        for x, y, zoom, roll in path
    ]
