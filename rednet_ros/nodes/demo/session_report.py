"""What a recorded session came to: figures collected while it runs, as JSON and as a few lines of text."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.nodes.tracker.statistics import PLAUSIBLE_LATENCY_S, percentiles_ms
from rednet_ros.wording import counted

SUMMARY_NAME = "summary.json"
"""File of a `SessionReport` in the recorder's folder."""

_LATENCIES_KEPT = 100_000


@dataclass(frozen=True)
class SessionReport:
    """The figures; counts that were not reported, and latencies without a measured frame, are None.

    `frames_with_face`, `faces_most`, `face_frames` (id -> frames it was seen in) and the latencies come from the
    `faces` messages, the other counts from /diagnostics.
    """

    frames_sent: int | None = None
    frames_received: int | None = None
    frames_processed: int | None = None
    frames_dropped: int | None = None
    frames_rejected: int | None = None
    frames_failed: int | None = None
    messages: int = 0
    frames_with_face: int = 0
    faces_most: int = 0
    face_frames: dict[str, int] = field(default_factory=dict)
    latency_median_ms: float | None = None
    latency_p95_ms: float | None = None
    weights: str = ""
    files: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> SessionReport:
        """Read what `save` wrote. Raises InputError where there is no such file or it is not a report."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**values, "files": tuple(values["files"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}: no session report: {error}") from error

    def lines(self) -> list[str]:
        """The report in words."""
        share = f" ({100 * self.frames_with_face / self.messages:.0f} %)" if self.messages else ""
        seen = ", ".join(f"{name} in {counted(count, 'frame')}" for name, count in self.face_frames.items()) or "none"
        lost = [
            f"{count} {what}"
            for what, count in (("not usable as an image", self.frames_rejected), ("failed", self.frames_failed))
            if count
        ]
        return [
            f"frames   sent {_count(self.frames_sent)}, received {_count(self.frames_received)}, "
            f"processed {_count(self.frames_processed)}, dropped {_count(self.frames_dropped)}"
            + "".join(f", {entry}" for entry in lost),
            f"faces    in {self.frames_with_face} of {counted(self.messages, 'frame')}{share}, "
            f"at most {self.faces_most} at a time",
            f"ids      {seen}",
            f"latency  median {_milliseconds(self.latency_median_ms)}, p95 {_milliseconds(self.latency_p95_ms)}, "
            "from image stamp to message",
            f"weights  {self.weights or '-'}",
            *(f"file     {path}" for path in self.files),
        ]


class SessionCollector:
    """Collects a `SessionReport` while messages come in."""

    def __init__(self) -> None:
        self._tracker: Mapping[str, str] = {}
        self._player: Mapping[str, str] = {}
        self._messages = self._with_face = self._most = 0
        self._face_frames: Counter[str] = Counter()
        self._latencies_s: deque[float] = deque(maxlen=_LATENCIES_KEPT)
        self._weights = ""

    def faces(self, ids: Iterable[str], latency_s: float, weights: str) -> None:
        """One `faces` message: the ids in it, and how long after its image's stamp it arrived."""
        ids = list(ids)
        self._messages += 1
        self._with_face += bool(ids)
        self._most = max(self._most, len(ids))
        self._face_frames.update(ids)
        self._weights = weights
        if 0.0 <= latency_s <= PLAUSIBLE_LATENCY_S:
            self._latencies_s.append(latency_s)

    def tracker_figures(self, values: Mapping[str, str]) -> None:
        """The tracker's latest figures on /diagnostics."""
        self._tracker = values

    def player_figures(self, values: Mapping[str, str]) -> None:
        """The player's latest figures on /diagnostics."""
        self._player = values

    def report(self, files: Iterable[Path] = ()) -> SessionReport:
        """The figures so far."""
        median_ms, p95_ms = percentiles_ms(self._latencies_s) if self._latencies_s else (None, None)
        return SessionReport(
            frames_sent=_integer(self._player, "sent"),
            frames_received=_integer(self._tracker, "received"),
            frames_processed=_integer(self._tracker, "processed"),
            frames_dropped=_integer(self._tracker, "dropped"),
            frames_rejected=_integer(self._tracker, "rejected"),
            frames_failed=_integer(self._tracker, "failed"),
            messages=self._messages,
            frames_with_face=self._with_face,
            faces_most=self._most,
            face_frames=dict(self._face_frames),
            latency_median_ms=median_ms,
            latency_p95_ms=p95_ms,
            weights=self._weights,
            files=tuple(str(path) for path in files),
        )


def _integer(values: Mapping[str, str], key: str) -> int | None:
    return int(values[key]) if key in values else None


def _count(value: int | None) -> str:
    return "?" if value is None else str(value)


def _milliseconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f} ms"
