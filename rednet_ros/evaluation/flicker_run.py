"""`rednet-evaluate --flicker VIDEO...`: how much the landmarks of the tracker flicker on real clips."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from rednet_ros.errors import InputError
from rednet_ros.evaluation.clip_faces import FRAME_BY_FRAME, TRACKER, ClipFollower
from rednet_ros.evaluation.flicker import ClipFlicker, compare_flicker, joined
from rednet_ros.evaluation.networks import Network
from rednet_ros.files import list_files
from rednet_ros.media.images import IMAGE_SUFFIXES
from rednet_ros.media.video import TimedImage, open_source
from rednet_ros.wording import progress_interval_s

RULES = (TRACKER, FRAME_BY_FRAME)
MOTION, SHARE = "smooth path of the second", "tracker, as a share"
CLIP_SHARE = "mean of the clips' shares"
AWAY, LOST = "distance from the second", "frames without the face"


@dataclass(frozen=True)
class ClipResult:
    """One clip: `faces` that lasted long enough, and how both rules flickered on them."""

    name: str
    faces: int
    flicker: ClipFlicker


def clips(arguments: Sequence[str]) -> list[Path]:
    """The clips among the arguments: videos, folders of frames, and the videos in folders without images.

    Raises InputError for an argument that does not exist and a folder that holds neither.
    """
    found: list[Path] = []
    for path in map(Path, arguments):
        if not path.exists():
            raise InputError(f"{path}: no such video or folder")
        if not path.is_dir() or _holds_images(path):
            found.append(path)
            continue
        files = list_files(path)
        if not files:
            raise InputError(f"{path}: holds neither a video nor images")
        found += files
    return found


def measure(network: Network, paths: Sequence[Path]) -> list[ClipResult]:
    """Every clip, seen by one network. Raises InputError for a clip that cannot be read."""
    return [_measure(network, path) for path in paths]


def as_record(network: Network, results: Sequence[ClipResult]) -> dict[str, Any]:
    """The numbers as a JSON object; `share`: the tracker's flicker as a share of that frame by frame.

    `clip_share`: the mean of the clips' own shares, in which clips of much motion have no more weight than others.
    """
    whole = joined([result.flicker for result in results])
    return {
        "weights": network.title,
        "has_state": network.has_state,
        "clips": [{"clip": result.name, "faces": result.faces, **_numbers(result.flicker)} for result in results],
        **_numbers(whole),
        "share": _share(whole),
        "clip_share": _mean([_share(result.flicker) for result in results]),
    }


def as_text(record: dict[str, Any]) -> str:
    """The object of `as_record` (after `rounded`) for people."""
    width = max(len(CLIP_SHARE), *(len(clip["clip"]) for clip in record["clips"])) + 2
    columns = [max(len(rule), 8) + 2 for rule in RULES]

    def line(name: str, faces: object, frames: object, values: Sequence[str]) -> str:
        cells = "".join(value.rjust(column) for value, column in zip(values, columns, strict=True))
        return f"{name:<{width}}{faces!s:>5}{frames!s:>8}{cells}".rstrip()

    lines = [
        f"weights {record['weights']}: mean acceleration of the landmarks, % of the inter-ocular distance",
        line("clip", "faces", "frames", RULES),
    ]
    for clip in record["clips"]:
        lines.append(line(clip["clip"], clip["faces"], clip["frames"], _cells(clip["flicker"], "%.3f")))
    lines.append(
        line("all", sum(clip["faces"] for clip in record["clips"]), record["frames"], _cells(record["flicker"], "%.3f"))
    )
    lines.append(line(MOTION, "", "", _cells({FRAME_BY_FRAME: record["motion"]}, "%.3f")))
    lines.append(line(SHARE, "", "", _cells({TRACKER: record["share"]}, "%.2f")))
    lines.append(line(CLIP_SHARE, "", "", _cells({TRACKER: record["clip_share"]}, "%.2f")))
    lines.append(line(AWAY, "", "", _cells(record["away"], "%.2f")))
    lines.append(line(LOST, "", "", _cells(record["lost"], "%d")))
    return "\n".join(lines)


def _measure(network: Network, path: Path) -> ClipResult:
    follower = ClipFollower(network.engine, network.detector)
    for frame in _frames(path, f"{network.title}, {path.name}"):
        follower.update(frame.image_bgr, frame.time_s)
    faces = follower.faces()
    return ClipResult(path.name, len(faces), compare_flicker(faces, RULES, FRAME_BY_FRAME))


def _frames(path: Path, title: str) -> Iterator[TimedImage]:
    with open_source(path) as source:
        bar = tqdm(source, total=source.frame_count, unit="frame", desc=title, mininterval=progress_interval_s())
        yield from bar


def _holds_images(folder: Path) -> bool:
    return bool(list_files(folder, IMAGE_SUFFIXES))


def _share(flicker: ClipFlicker) -> float:
    """The tracker's flicker as a share of that frame by frame, NaN where that is not known or nought."""
    other = flicker.landmarks[FRAME_BY_FRAME]
    return flicker.landmarks[TRACKER] / other if other else math.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _numbers(flicker: ClipFlicker) -> dict[str, Any]:
    return {
        "frames": flicker.frames,
        "flicker": flicker.landmarks,
        "motion": flicker.motion,
        "away": flicker.away,
        "lost": flicker.lost,
    }


def _cells(values: dict[str, float | None], form: str) -> list[str]:
    """A cell for each rule: empty where there is no such number, a dash where it is not known."""
    return ["" if rule not in values else _cell(values[rule], form) for rule in RULES]


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form % value
