"""An evaluation as JSON, as a table for people, and as a picture of its worst faces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np

from rednet_ros.images import read_image
from rednet_ros.tracking.draw import contact_sheet, draw_landmarks
from rednet_ros.tracking.types import ImageArray
from rednet_ros.training.evaluation import Evaluation, FaceResult

TRUTH_COLOR, PREDICTION_COLOR = (80, 220, 80), (60, 60, 240)
_TILE_PX = 320


def as_record(evaluation: Evaluation, labels: dict[str, Any]) -> dict[str, Any]:
    """The numbers as one flat JSON object, with `labels` (what was evaluated) in front; what is unknown is null."""
    flicker = evaluation.flicker
    record = {
        **labels,
        **asdict(evaluation.summary),
        "ms_per_face": evaluation.ms_per_face,
        "flicker": None if flicker is None else flicker.landmarks,
        "flicker_error": None if flicker is None else flicker.error,
        "flicker_frames": 0 if flicker is None else flicker.frames,
    }
    return {name: _rounded(value) for name, value in record.items()}


def as_table(record: dict[str, Any]) -> str:
    """The object of `as_record` for people."""
    rows = [
        ("weights", record["weights"]),
        ("boxes", record["boxes"]),
        ("faces", f"{record['faces']}, {record['missed']} of them missed"),
        ("NME mean", _percent(record["nme_mean"])),
        ("  median", _percent(record["nme_median"])),
        ("  std", _percent(record["nme_std"])),
        ("  inner 51", _percent(record["nme_inner51"])),
        *((f"  {name.replace('_', ' ')}", _percent(value)) for name, value in record["nme_by_region"].items()),
        ("failures, NME > 10 %", _percent(record["failure_rate_10"])),
        ("AUC up to 8 %", _percent(record["auc_8"])),
        ("time a face", f"{record['ms_per_face']:.1f} ms"),
    ]
    if record["flicker"] is not None:
        rows += [
            ("flicker", f"{_percent(record['flicker'])} over {record['flicker_frames']} frames"),
            ("  of the error", _percent(record["flicker_error"])),
        ]
    return "\n".join(f"{name:<22}{value}" for name, value in rows)


def worst_sheet(results: Sequence[FaceResult], columns: int = 5) -> ImageArray:
    """The faces side by side, annotation green, prediction red, with their errors."""
    return contact_sheet(
        [_tile(result) for result in results],
        columns,
        tile_px=(_TILE_PX, _TILE_PX),
        captions=[_caption(result) for result in results],
    )


def _tile(result: FaceResult) -> ImageArray:
    image = read_image(result.face.image_path)
    scale = _TILE_PX / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    tile = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)
    for points, color in ((result.face.points_px, TRUTH_COLOR), (result.landmarks_px, PREDICTION_COLOR)):
        if points is not None:
            draw_landmarks(tile, (points + 0.5) * scale - 0.5, color)  # pixel centres lie at integers
    return tile


def _caption(result: FaceResult) -> str:
    error = "missed" if result.landmarks_px is None else _percent(100 * result.error)
    return f"{error}  {result.face.image_path.stem}"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} %"
