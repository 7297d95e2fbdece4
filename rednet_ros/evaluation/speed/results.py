"""What a benchmark has measured, as values that go to a JSON file and come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed.floor import Floor
from rednet_ros.evaluation.speed.machine import Machine
from rednet_ros.evaluation.speed.records import build
from rednet_ros.evaluation.speed.timing import Timing


@dataclass(frozen=True)
class FacesRow:
    """One number of faces in one camera's images of the size in `Report`.

    `tracked`: faces that were followed at a time, the median. `threads`: of the CPU, which compute the network.
    `network`: one batch, alone. `floor_ms`: the least it could take with them (`Report.floors`). Of a whole
    `FaceTracker.update`: `frame`; in it, a frame: `crop` cuts and turns the faces, `landmarks` is all that is neither
    crop, network nor detector: what is decided and computed about them. `detect`: one search of the detector, which
    runs beside the frames or once in many.
    """

    faces: int
    tracked: int
    threads: int
    network: Timing
    floor_ms: float
    frame: Timing
    crop: Timing
    landmarks: Timing
    detect: Timing

    @property
    def network_floors(self) -> float:
        """The network's time in floors."""
        return self.network.median_ms / self.floor_ms


@dataclass(frozen=True)
class BackendRow:
    """The network by one backend, one batch: `name` with its precision. `floor_ms`: in that precision, with `threads`
    of the CPU."""

    name: str
    faces: int
    threads: int
    network: Timing
    floor_ms: float


@dataclass(frozen=True)
class CamerasRow:
    """`cameras` images, one face in each, in one call: `FaceTracker.update_many`. `tracked`: faces in all."""

    cameras: int
    tracked: int
    frame: Timing


@dataclass(frozen=True)
class ClipRow:
    """A video file: `decode`, one frame; `track_rate_hz`: frames a second of rednet-track, start to end."""

    name: str
    width_px: int
    height_px: int
    decode: Timing
    track_rate_hz: float


@dataclass(frozen=True)
class MessageRow:
    """`FaceLandmarks` of `faces` faces: filled from the tracker's arrays, to bytes and back, in milliseconds.

    `flat_`: the same numbers as one array of float32 (std_msgs/Float32MultiArray).
    """

    faces: int
    fill: Timing
    serialise: Timing
    deserialise: Timing
    flat_fill: Timing
    flat_serialise: Timing
    flat_deserialise: Timing


@dataclass(frozen=True)
class FramePath:
    """An image's way through the node but for the tracker. `is_view`: bgr8 messages are used without a copy.

    `view`: a bgr8 message as an array; `convert`: rgb8 to BGR; `copy`: of one frame, as the detector's thread gets.
    """

    is_view: bool
    view: Timing
    convert: Timing
    copy: Timing
    messages: tuple[MessageRow, ...]


@dataclass(frozen=True)
class TopicsRow:
    """Images to the tracker node in a process of its own, each answered before the next is sent.

    `answer`: from before an image is published until its faces are here. `answered` of `sent` were. `memory_mb`: the
    node's resident memory at the end.
    """

    faces: int
    tracked: int
    sent: int
    answered: int
    profile: str
    answer: Timing
    memory_mb: float


@dataclass(frozen=True)
class PeerRow:
    """Another library on the same frames, one face: `frame` is its whole work on one, detection included."""

    name: str
    version: str
    found: int
    frames: int
    frame: Timing


@dataclass(frozen=True)
class MemoryCurve:
    """Resident megabytes of the process named `of`, after so many frames each."""

    of: str
    frames: tuple[int, ...]
    memory_mb: tuple[float, ...]

    @property
    def growth_mb(self) -> float:
        """From the end of the first tenth, when all is loaded, to the end."""
        start = next(index for index, frame in enumerate(self.frames) if frame >= self.frames[-1] / 10)
        return self.memory_mb[-1] - self.memory_mb[start]


@dataclass(frozen=True)
class FairCamera:
    """One of several streams that share a tracker. Latencies from an image's arrival to its faces."""

    name: str
    sent: int
    processed: int
    latency_first: Timing | None
    latency_last: Timing | None


@dataclass(frozen=True)
class Fairness:
    """Streams of `rate_hz` for `seconds` into the process named `of`.

    `latency_first` and `latency_last` of a camera: of its first and last fifth of images, None where none was answered.
    """

    of: str
    rate_hz: float
    seconds: float
    cameras: tuple[FairCamera, ...]

    @property
    def least_share(self) -> float:
        """Images of the worst camera that were processed, over its fair share: an equal part of all that were."""
        fair = sum(camera.processed for camera in self.cameras) / len(self.cameras)
        return min(camera.processed for camera in self.cameras) / fair if fair else 0.0


@dataclass(frozen=True)
class RosResults:
    """What `rednet_ros.nodes.benchmark.benchmark` measures: the fields of `Report` of the same names."""

    frame_path: FramePath
    topics: tuple[TopicsRow, ...]
    memory: MemoryCurve | None = None
    fairness: Fairness | None = None


@dataclass(frozen=True)
class Report:
    """Everything that one run of rednet-benchmark measured; a part that was not is empty.

    `left_out`: what was not measured, and why. `backend`: what computed the network, with its precision. `size_px`:
    width and height of the frames; `frames_from`: photograph, drawing, or the clip's name. `others_share`: of all
    cores, 0..1, what other processes used meanwhile; above 0.05 or so the times are too long. `gpu_memory_mb`: the
    most that PyTorch held, None on a CPU. `floors`: with as many cores as one face takes, then with more.
    """

    machine: Machine
    command: str
    weights: str
    backend: str
    size_px: tuple[int, int]
    frames_from: str
    floors: tuple[Floor, ...]
    others_share: float | None
    faces: tuple[FacesRow, ...] = ()
    backends: tuple[BackendRow, ...] = ()
    cameras: tuple[CamerasRow, ...] = ()
    clip: ClipRow | None = None
    frame_path: FramePath | None = None
    topics: tuple[TopicsRow, ...] = ()
    peers: tuple[PeerRow, ...] = ()
    memory: MemoryCurve | None = None
    fairness: Fairness | None = None
    gpu_memory_mb: float | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


Saved = TypeVar("Saved", RosResults, Report)


def save(results: RosResults | Report, path: Path) -> None:
    """Write as JSON, rounded to a ten-thousandth. Raises InputError where that is impossible."""
    text = json.dumps(_rounded(asdict(results)), indent=1, allow_nan=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def load(kind: type[Saved], path: Path) -> Saved:
    """Read what `save` wrote. Raises InputError where there is no such file or it holds something else."""
    try:
        return build(kind, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: no results of rednet-benchmark: {error}") from error


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    return [_rounded(entry) for entry in value] if isinstance(value, list | tuple) else value
