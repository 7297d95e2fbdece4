"""Degraded clips as JSON, as tables for people, and as a picture of degraded frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rednet_ros.evaluation.degraded.bursts import AFTER_FRAMES, KINDS, PHASES, Burst
from rednet_ros.evaluation.degraded.run import ClipErrors, Seen, rules_of
from rednet_ros.evaluation.degraded.summary import Curve, Figures, curve, figures
from rednet_ros.evaluation.networks import Network
from rednet_ros.evaluation.report import PREDICTION_COLOR, TRUTH_COLOR
from rednet_ros.evaluation.tables import markdown, rounded
from rednet_ros.media.contact_sheet import contact_sheet
from rednet_ros.media.images import DARK_GROUND, ImageArray, write_image
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.draw import draw_landmarks
from rednet_ros.training.datasets.annotation import UNITS

TILE_PX, TILE_REACH = 200, 1.4
"""Of the contact sheet, and how much more of the image than the network's crop it shows."""


def as_record(network: Network, clips: Sequence[ClipErrors], labels: dict[str, Any]) -> dict[str, Any]:
    """The numbers as a JSON object; `labels`: what was asked for."""
    titles = [rule.title for rule in rules_of(network)]
    bursts = [burst for clip in clips for burst in clip.bursts]
    kinds = [kind for kind in KINDS if any(burst.kind == kind for burst in bursts)]
    curves = {title: curve(clips, title) for title in titles}
    record = {
        "weights": network.title,
        **labels,
        "clips": len(clips),
        "bursts": len(bursts),
        "rules": {title: _numbers(figures(clips, title)) for title in titles},
        "by_kind": {
            kind: {
                "bursts": sum(burst.kind == kind for burst in bursts),
                "rules": {title: _of_kind(figures(clips, title, kind)) for title in titles},
            }
            for kind in kinds
        },
        "over_time": {title: _percent(of_rule) for title, of_rule in curves.items()},
    }
    result: dict[str, Any] = rounded(record)
    return result


def as_text(record: dict[str, Any]) -> str:
    """An object of `as_record` for people."""
    head = (
        f"weights {record['weights']}, degraded: {record['degrade']} (seed {record['seed']}), "
        f"{record['bursts']} bursts in {record['clips']} clips; errors in % of the {UNITS[record['unit']]}"
    )
    columns = ["rule", *PHASES, "inside, undegraded", "frames to recover", "not back", "begun anew"]
    rows = [
        [
            title,
            *(_pair(entry[phase]) for phase in (*PHASES, "undegraded")),
            _cell(entry["recovery_frames"], 1),
            f"{_cell(entry['not_back'], 0)} %",
            entry["anew"],
        ]
        for title, entry in record["rules"].items()
    ]
    lines = [head, "", "error, failures", "", markdown(columns, rows)]
    if len(record["by_kind"]) > 1:
        by_kind = [
            [
                kind,
                of_kind["bursts"],
                *(
                    f"{_pair(entry['inside'])}, {_cell(entry['recovery_frames'], 1)}"
                    for entry in of_kind["rules"].values()
                ),
            ]
            for kind, of_kind in record["by_kind"].items()
        ]
        lines += ["", "inside the bursts, by kind: error, failures, frames to recover", ""]
        lines.append(markdown(["kind", "bursts", *record["rules"]], by_kind))
    return "\n".join(lines)


class Sheet:
    """Keeps frames to look at, of the first bursts: the last clean one, three degraded ones, the first and fifth after.

    Give it each `Seen` frame. Annotation green, the first rule's landmarks red.
    """

    def __init__(self, bursts: int = len(KINDS)) -> None:
        self._bursts = bursts
        self._rows: dict[Burst, dict[int, tuple[ImageArray, str]]] = {}

    def add(self, seen: Seen) -> None:
        """One frame."""
        for burst in seen.bursts:
            middle = (burst.start + burst.stop) // 2
            wanted = (burst.start - 1, burst.start, middle, burst.stop - 1, burst.stop, burst.stop + AFTER_FRAMES - 1)
            if seen.frame in wanted and (burst in self._rows or len(self._rows) < self._bursts):
                self._rows.setdefault(burst, {})[seen.frame] = _tile(seen), _caption(seen, burst)

    def write(self, path: Path) -> None:
        """A row for each burst. Raises InputError where it cannot be written."""
        ordered = sorted(self._rows, key=lambda burst: KINDS.index(burst.kind))
        pictures, captions = zip(*(entry for burst in ordered for entry in self._rows[burst].values()), strict=True)
        write_image(path, contact_sheet(pictures, 6, tile_px=(TILE_PX, TILE_PX), captions=captions))


def _tile(seen: Seen) -> ImageArray:
    if seen.image is None:
        return np.full((TILE_PX, TILE_PX, 3), DARK_GROUND, np.uint8)
    crop = CropTransform.from_landmarks(seen.clip.place_px[seen.frame], TILE_PX)
    view = CropTransform(crop.center_px, TILE_REACH * crop.side_px, crop.roll_rad, TILE_PX)
    tile = view.extract(seen.image)
    for points_px, color in ((seen.clip.place_px[seen.frame], TRUTH_COLOR), (seen.landmarks_px, PREDICTION_COLOR)):
        if points_px is not None:
            draw_landmarks(tile, view.to_crop(points_px), color)
    return tile


def _caption(seen: Seen, burst: Burst) -> str:
    name = "before" if seen.frame < burst.start else "after" if seen.frame >= burst.stop else burst.kind
    return f"{name}, {100 * seen.error:.1f} %" if np.isfinite(seen.error) else name


def _numbers(of_rule: Figures) -> dict[str, Any]:
    return {
        **{name: asdict(phase) for name, phase in of_rule.phases.items()},
        "undegraded": asdict(of_rule.undegraded),
        "recovery_frames": of_rule.recovery_frames,
        "not_back": of_rule.not_back,
        "anew": of_rule.anew,
    }


def _of_kind(of_rule: Figures) -> dict[str, Any]:
    return {name: value for name, value in _numbers(of_rule).items() if name not in ("outside", "anew")}


def _percent(of_rule: Curve) -> dict[str, list[float]]:
    return {name: (100 * values).tolist() for name, values in vars(of_rule).items()}


def _pair(phase: dict[str, Any]) -> str:
    return f"{_cell(phase['error'])}, {_cell(phase['failures'], 0)} %"


def _cell(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
