"""How much time has passed, by the stamps of one or several cameras."""

from __future__ import annotations

from dataclasses import dataclass, field

from rednet_ros.tracking.motion import NOMINAL_STEP_S


@dataclass
class CommonClock:
    """A clock that never goes back, though the stamps may; `now_s` begins at 0.

    It shows the time of the camera that is ahead. Each camera counts from where it joined, so their stamps may be of
    different clocks. A pause counts in full. A camera that falls behind (its stamps jumped back, or it paused while
    others went on) goes on from the present. A stamp that repeats says nothing: a nominal step is taken for it.
    """

    now_s: float = 0.0
    _offsets_s: dict[str, float] = field(default_factory=dict)
    _stamps_s: dict[str, float] = field(default_factory=dict)

    def advance(self, camera: str, stamp_s: float, max_lag_s: float) -> None:
        """Take in the stamp of a camera's next frame; it goes on from the present if it is behind by `max_lag_s`."""
        offset_s = self._offsets_s.get(camera, self.now_s - stamp_s)
        if self._stamps_s.get(camera) == stamp_s:
            offset_s += NOMINAL_STEP_S
        if stamp_s + offset_s < self.now_s - max_lag_s:
            offset_s = self.now_s + NOMINAL_STEP_S - stamp_s
        self.now_s = max(self.now_s, stamp_s + offset_s)
        self._offsets_s[camera], self._stamps_s[camera] = offset_s, stamp_s
