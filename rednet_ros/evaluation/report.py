"""Evaluations as JSON, as a table for people, and as a picture of the worst faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.evaluation.accuracy import FaceResult, error_over_time, worst
from rednet_ros.evaluation.run import Run
from rednet_ros.evaluation.tables import rounded
from rednet_ros.media.contact_sheet import contact_sheet
from rednet_ros.media.images import write_image
from rednet_ros.tracking.draw import draw_landmarks
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.datasets.annotation import UNITS
from rednet_ros.training.datasets.pictures import read_picture

WORST_COUNT = 20
TRUTH_COLOR, PREDICTION_COLOR = (80, 220, 80), (60, 60, 240)
_TILE_PX = 320


def as_record(run: Run, labels: dict[str, Any]) -> dict[str, Any]:
    """The numbers as one flat JSON object; what is unknown is null. `labels`: `boxes`, `landmarks` and what else was
    asked for."""
    evaluation, flicker = run.evaluation, run.evaluation.flicker
    record = {
        "weights": run.network.title,
        **labels,
        "protocol": "stills" if run.memory is None else "tracking",
        "memory": None if run.memory is None else run.memory.value,
        "weights_mb": run.network.weights_mb,
        "unit": evaluation.unit,
        **asdict(evaluation.summary),
        "ms_per_face": evaluation.ms_per_face,
        "flicker": None if flicker is None else flicker.landmarks,
        "flicker_error": None if flicker is None else flicker.error,
        "flicker_frames": 0 if flicker is None else flicker.frames,
    }
    if run.memory is not None:
        record["error_over_time"] = (100 * error_over_time(evaluation.results)).tolist()
    result: dict[str, Any] = rounded(record)
    return result


def as_table(*records: dict[str, Any]) -> str:
    """Objects of `as_record` for people, one column each."""
    columns = [_column(record) for record in records]
    names = list(dict.fromkeys(name for column in columns for name in column))
    widths = [max(len(column.get(name, "-")) for name in names) + 2 for column in columns]
    lines = []
    for name in names:
        cells = [column.get(name, "-").ljust(width) for column, width in zip(columns, widths, strict=True)]
        lines.append(f"{name:<22}{''.join(cells)}".rstrip())
    return "\n".join(lines)


def _column(record: dict[str, Any]) -> dict[str, str]:
    column = {
        "weights": record["weights"],
        "boxes": record["boxes"],
        "protocol": record["protocol"] + (f", {record['memory']}" if record["memory"] else ""),
        "unit of errors": UNITS[record["unit"]],
        **({"landmarks": "the 7 of detection"} if record["landmarks"] == "7" else {}),
        "faces": f"{record['faces']}, {record['missed']} of them missed",
        "NME mean": _percent(record["nme_mean"]),
        "  median": _percent(record["nme_median"]),
        "  std": _percent(record["nme_std"]),
        "  inner 51": _percent(record["nme_inner51"]),
        "  7 of detection": _percent(record["nme_detection7"]),
        **{f"  {name.replace('_', ' ')}": _percent(value) for name, value in record["nme_by_region"].items()},
        "failures, NME > 10 %": _percent(record["failure_rate_10"]),
        "AUC up to 8 %": _percent(record["auc_8"]),
        "time a face": f"{record['ms_per_face']:.1f} ms",
    }
    if record["flicker"] is not None:
        column["flicker"] = f"{_percent(record['flicker'])} over {record['flicker_frames']} frames"
        column["  of the error"] = _percent(record["flicker_error"])
    return column


def write_worst(folder: Path, runs: Sequence[Run]) -> list[str]:
    """`worst.png` of each run: the worst faces side by side, annotation green, prediction red, with their errors.

    Returns a line for people for each. Raises InputError where they cannot be written.
    """
    lines = []
    for number, run in enumerate(runs, 1):
        several = len(runs) > 1
        path = folder / (f"worst_{number}.png" if several else "worst.png")
        results = worst(run.evaluation.results, WORST_COUNT)
        captions = [_caption(result) for result in results]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from error
        tiles = [_tile(result) for result in results]
        write_image(path, contact_sheet(tiles, 5, tile_px=(_TILE_PX, _TILE_PX), captions=captions))
        lines.append(f"worst faces{f' of {run.title}' if several else ''}: {path}")
    return lines


def _tile(result: FaceResult) -> ImageArray:
    image = read_picture(result.face)
    scale = _TILE_PX / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    tile = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)
    for points, color in ((result.face.points_px, TRUTH_COLOR), (result.landmarks_px, PREDICTION_COLOR)):
        if points is not None:
            _draw(tile, (points + 0.5) * scale - 0.5, color)  # pixel centres lie at integers
    return tile


def _draw(tile: ImageArray, points: FloatArray, color: tuple[int, int, int]) -> None:
    known = np.isfinite(points).all(axis=1)
    if known.all():
        draw_landmarks(tile, points, color)
        return
    for x, y in points[known]:
        cv2.circle(tile, (round(float(x)), round(float(y))), 2, color, -1, cv2.LINE_AA)


def _caption(result: FaceResult) -> str:
    error = "missed" if result.landmarks_px is None else _percent(100 * result.error)
    return f"{error}  {result.face.image_path.stem}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} %"
