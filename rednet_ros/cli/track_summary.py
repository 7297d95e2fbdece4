"""What `rednet-track` says at its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from rednet_ros.tracking.types import Face

STEPS = ("decode", "track", "write")
_IDS_SHOWN = 12


class TrackSummary:
    """Counts frames, faces and ids, and how long each step of a frame took. `weights`: their name and licence."""

    def __init__(self, weights: str) -> None:
        self._weights = weights
        self.frames = 0
        self.frames_with_face = 0
        self.frames_by_id: Counter[str] = Counter()
        self._milliseconds: dict[str, list[float]] = {step: [] for step in STEPS}
        self._start_s = time.perf_counter()
        self._end_s = self._start_s

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Counts the block's duration to `step`; each step may be timed by one thread only."""
        start_s = time.perf_counter()
        yield
        self._milliseconds[step].append(1000 * (time.perf_counter() - start_s))

    def add(self, faces: Sequence[Face]) -> None:
        """One more frame is done."""
        self.frames += 1
        self.frames_with_face += bool(faces)
        self.frames_by_id.update(face.id for face in faces)
        self._end_s = time.perf_counter()

    @property
    def frames_per_second(self) -> float:
        """From the start to the last frame done."""
        return self.frames / max(self._end_s - self._start_s, 1e-9)

    def text(self) -> str:
        """A few lines for people."""
        lines = [
            f"weights     {self._weights}",
            f"frames      {self.frames}",
            f"with a face {self._share_with_face()}",
            f"ids         {self._ids()}",
        ]
        if self.frames:
            lines += [f"speed       {self.frames_per_second:.1f} frames/s", *self._steps()]
        return "\n".join(lines)

    def _share_with_face(self) -> str:
        if self.frames_with_face == 0:
            return "0: no face was found"
        return f"{self.frames_with_face} ({100 * self.frames_with_face / self.frames:.1f} %)"

    def _ids(self) -> str:
        shown = [f"{face_id} ({count})" for face_id, count in self.frames_by_id.most_common(_IDS_SHOWN)]
        more = len(self.frames_by_id) - len(shown)
        text = f"{len(self.frames_by_id)}"
        if shown:
            text += ": " + ", ".join(shown) + (f" and {more} more" if more else "") + "; (frames)"
        return text

    def _steps(self) -> list[str]:
        lines = ["ms a frame  median    p95"]
        for step, values in self._milliseconds.items():
            if values:
                median, p95 = np.percentile(values, [50, 95])
                lines.append(f"  {step:<8}{median:8.1f} {p95:6.1f}")
        return lines
