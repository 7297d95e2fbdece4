"""Looks for engines that cut the faces out of the images themselves, as on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray, ImageArray


class ImageEngine(Protocol):
    """What tracking needs of such an engine (`LandmarkEngine.takes_frames`)."""

    def run_frames(
        self,
        images: Sequence[ImageArray],
        which: Sequence[int],
        transforms: FloatArray,
        previous_px: FloatArray,
        state: FaceState | None,
    ) -> Estimate:
        """See `LandmarkEngine.run_frames`."""
        ...


class Place(Protocol):
    """What is needed of a `looks.Look`."""

    @property
    def image(self) -> ImageArray: ...

    @property
    def crop(self) -> CropTransform: ...

    @property
    def previous_px(self) -> FloatArray | None: ...


def run_on_images(engine: ImageEngine, places: Sequence[Place], state: FaceState | None) -> Estimate:
    """All faces of all cameras in one batch; each image is handed over once. Landmarks are in image pixels."""
    images: dict[int, ImageArray] = {id(place.image): place.image for place in places}
    numbers = {key: number for number, key in enumerate(images)}
    crops = [place.crop for place in places]
    transforms = np.array([[*crop.center_px, crop.side_px, crop.roll_rad] for crop in crops], np.float32)
    none = np.full((LANDMARK_COUNT, 2), np.nan, np.float32)
    previous_px = np.stack([none if place.previous_px is None else place.previous_px for place in places])
    which = [numbers[id(place.image)] for place in places]
    return engine.run_frames(list(images.values()), which, transforms, previous_px, state)
