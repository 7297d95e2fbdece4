"""What a look at a face takes over from the look before: all, for tracking; less, to measure what it is good for."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from rednet_ros.tracking import sighting
from rednet_ros.tracking.sighting import Engine, Look, Sighting
from rednet_ros.tracking.types import ImageArray


class Memory(Enum):
    """What is carried from one look to the next; the values are names for people.

    The crop always lies around the landmarks of the look before.
    """

    STATE = "with state"
    """The temporal state, and the landmarks as z0: the paper's tracker, and this package's."""

    LANDMARKS = "without state"
    """The landmarks as z0; the temporal state is zero in every frame."""

    CROP = "without state and z0"
    """Nothing but the crop: z0 is the mean shape and the state zero, every frame is the network's first."""


def look_again(engine: Engine, image: ImageArray, seen: Sighting, memory: Memory = Memory.STATE) -> Look:
    """The next look at a face that was last seen as `seen`: in the same image, or the next one."""
    if memory is not Memory.STATE:
        seen = replace(seen, state=engine.initial_state(1))
    look = sighting.look_again(seen, image, engine.crop_size_px)
    return replace(look, previous_px=None) if memory is Memory.CROP else look
