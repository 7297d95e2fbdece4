"""16-bit light of a camera in 8 bits, as bright in one image as in the next."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from rednet_ros.media.images import to_8_bit, used_bits

IMAGES = 300
"""How long a bright image is remembered: ten seconds at 30 Hz."""
SAMPLING_PX = 4
"""Every fourth pixel of every fourth row is looked at."""
BROKEN_SHARE = 1e-4
"""Of pixels that may be brighter than the range: sensors have a few that always are."""


class LightRange:
    """How many of 16 bits a camera uses: the most that any of its last `IMAGES` images needed.

    Infrared and industrial cameras put 10 or 12 bits of light in 16, and no message says how many. There are four
    ranges only (`images.used_bits`), nothing is stretched to an image's contrast, and a dark image among bright ones
    stays dark.
    """

    def __init__(self) -> None:
        self._bits: deque[int] = deque(maxlen=IMAGES)

    def to_8_bit(self, image: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """The camera's next image (H x W or H x W x channels), brought to 8 bits a value."""
        sample = image[::SAMPLING_PX, ::SAMPLING_PX].ravel()
        place = int((sample.size - 1) * (1 - BROKEN_SHARE))
        self._bits.append(used_bits(np.partition(sample, place)[place : place + 1]))
        return to_8_bit(image, max(self._bits))
