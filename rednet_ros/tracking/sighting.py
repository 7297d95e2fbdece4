"""One look of RED-Net at each of many faces: crops in one batch, answers in image pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np

from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.landmarks import DETECTION_INDICES, FLIP_ORDER, LANDMARK_COUNT
from rednet_ros.tracking.appearance import appearance
from rednet_ros.tracking.crops import CropTransform, mirrored
from rednet_ros.tracking.face_shape import inside
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

_DETECTED = list(DETECTION_INDICES)
_FLIPPED = list(FLIP_ORDER)
_DETECTED_FLIPPED = [_DETECTED.index(FLIP_ORDER[index]) for index in _DETECTED]
_UNKNOWN = np.full((LANDMARK_COUNT, 2), np.nan, np.float32)


class Engine(Protocol):
    """What tracking needs of `rednet_ros.inference.engine.LandmarkEngine`."""

    crop_size_px: int
    weights_name: str

    @property
    def gives_identity(self) -> bool:
        """Whether estimates hold identity vectors."""
        ...

    @property
    def identity_threshold(self) -> float | None:
        """Cosine from which on two identity vectors are one person's; None where nobody measured it."""
        ...

    def initial_state(self, faces: int) -> FaceState | None:
        """State of faces seen for the first time; None where the weights keep none."""
        ...

    def run(self, crops: ImageArray, previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """N x S x S x 3 uint8 BGR crops; N x 68 x 2 landmarks before, in crop pixels, NaN rows for none; N states."""
        ...


CLOSER = 0.92
"""Side of the crop of `closer_looks` in sides of a usual one: of 0.88 to 1, what was best on the validation faces."""


@dataclass(frozen=True)
class Look:
    """A face to look at: where (`crop` of `image`), and what is known of it.

    `previous_px`: 68 x 2 landmarks of the previous frame in image pixels, None for a new face. `state`: one row,
    None where the weights keep none. `mirrored`: the network sees the mirror image; what it answers is turned back.
    """

    image: ImageArray
    crop: CropTransform
    previous_px: FloatArray | None
    state: FaceState | None
    mirrored: bool = False

    def pixels(self) -> ImageArray:
        """What the network sees, S x S x 3."""
        pixels = self.crop.extract(self.image)
        return cv2.flip(pixels, 1) if self.mirrored else pixels

    def carried_state(self) -> FaceState | None:
        """The state, as it lies in this crop."""
        if self.state is None or self.state.left_in is None:
            return self.state
        x, y, side_px, roll_rad = self.state.left_in
        before = CropTransform((x, y), side_px, roll_rad, self.crop.size_px)
        return self.state.seen_from(self.crop.seen_from(before))

    def to_network(self, points_px: FloatArray) -> FloatArray:
        """68 x 2 landmarks of the image in those pixels."""
        points_px = self.crop.to_crop(points_px)
        return mirrored(points_px, self.crop.size_px) if self.mirrored else points_px

    def to_image(self, points_px: FloatArray) -> FloatArray:
        """68 x 2 landmarks of those pixels in the image."""
        return self.crop.to_image(mirrored(points_px, self.crop.size_px) if self.mirrored else points_px)


@dataclass(frozen=True)
class Sighting:
    """What one look showed, in image pixels.

    `confidence`: that this is a face; the mean over the landmarks inside the image (0 where none is) of the network's
    detection step, or of the landmarks' own confidences where it has none. The other fields as in `Face`. `state`: one
    row, to be used for the face's next look. `image`: where it was seen, H x W x 3; None where nobody asks for
    `appearance`.
    """

    landmarks_px: FloatArray
    landmark_confidence: FloatArray
    confidence: float
    identity: FloatArray | None
    state: FaceState | None
    image: ImageArray | None = None

    @cached_property
    def box(self) -> Box:
        """Tight around the landmarks."""
        return Box.around(self.landmarks_px)

    @cached_property
    def crop(self) -> CropTransform:
        """Around the landmarks, of one pixel."""
        return CropTransform.from_landmarks(self.landmarks_px, 1)

    @cached_property
    def appearance(self) -> FloatArray | None:
        """What the face looks like, 16 x 16; None without an image, and where landmarks are not numbers."""
        if self.image is None or not np.isfinite(self.landmarks_px).all():
            return None
        return appearance(self.image, self.crop)


def look_from(image: ImageArray, landmarks_px: FloatArray, state: FaceState | None, crop_size_px: int) -> Look:
    """A look at a face where its landmarks (68 x 2, image pixels) were a moment ago."""
    return Look(image, CropTransform.from_landmarks(landmarks_px, crop_size_px), landmarks_px, state)


def look_again(seen: Sighting, image: ImageArray, crop_size_px: int) -> Look:
    """The next look at a face that was last seen as `seen`: in the same image, or the next one."""
    return look_from(image, seen.landmarks_px, seen.state, crop_size_px)


def closer_looks(engine: Engine, seen: Sighting, image: ImageArray) -> tuple[Look, Look]:
    """Two more looks at a face that was just seen in the same image, a little closer: as it is, and mirrored.

    A network errs otherwise in another crop and on the mirror image, so the looks `together` are more exact than each.
    They begin without a state.
    """
    look = look_from(image, seen.landmarks_px, engine.initial_state(1), engine.crop_size_px)
    closer = replace(look, crop=replace(look.crop, side_px=CLOSER * look.crop.side_px))
    return closer, replace(closer, mirrored=True)


def look_at(engine: Engine, looks: Sequence[Look]) -> list[Sighting]:
    """Run `engine` once on all of `looks`, whatever camera they are of; answers in their order."""
    if not looks:
        return []
    crops = np.stack([look.pixels() for look in looks])
    previous_px = np.stack(
        [_UNKNOWN if look.previous_px is None else look.to_network(look.previous_px) for look in looks]
    )
    estimate = engine.run(crops, previous_px, _stack_states(looks))
    return [_sighting(look, row, estimate) for row, look in enumerate(looks)]


def together(first: Sighting, closer: Sequence[Sighting]) -> Sighting:
    """A look at a face and `closer_looks` as one: the last's, with the mean of the landmarks and the first's state."""
    landmarks_px = np.stack([seen.landmarks_px for seen in (first, *closer)]).mean(axis=0)
    return replace(closer[-1], landmarks_px=landmarks_px, state=first.state)


def _stack_states(looks: Sequence[Look]) -> FaceState | None:
    states = [state for look in looks if (state := look.carried_state()) is not None]
    if not states:
        return None
    if len(states) != len(looks):
        raise ValueError("some faces have a temporal state and some have none")
    return FaceState.stack(states)


def _sighting(look: Look, row: int, estimate: Estimate) -> Sighting:
    landmarks_px, confidence = look.to_image(estimate.landmarks_px[row]), estimate.confidence[row]
    presence = None if estimate.presence is None else estimate.presence[row]
    if look.mirrored:
        confidence = confidence[_FLIPPED]
        presence = None if presence is None else presence[_DETECTED_FLIPPED]
    identity = None if estimate.identity is None else estimate.identity[row]
    state = None if estimate.state is None else estimate.state.row(row)
    if state is not None and state.knows_places:
        state = replace(state, left_in=(*look.crop.center_px, look.crop.side_px, look.crop.roll_rad))
    height, width = look.image.shape[:2]
    seen = inside(landmarks_px, width, height)
    evidence = confidence[seen]
    if presence is not None and seen[_DETECTED].any():
        evidence = presence[seen[_DETECTED]]
    total = float(evidence.mean()) if len(evidence) else 0.0
    return Sighting(landmarks_px, confidence, total, identity, state, look.image)
