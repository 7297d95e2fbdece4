"""A tracked frame as the JSON object of `rednet-track --jsonl`, and the file of such lines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Face, HeadPose

STDOUT = Path("-")
"""The path that stands for standard output."""

_PIXEL_DIGITS = 3
_SHARE_DIGITS = 4


def frame_record(frame: int, time_s: float, faces: Sequence[Face]) -> dict[str, Any]:
    """One frame: `frame` counts from 0, `time` is in seconds since the start of the source, the rest in pixels."""
    return {"frame": frame, "time": round(time_s, 6), "faces": [_face(face) for face in faces]}


class LineWriter:
    """Writes JSON objects line by line, each at once, so that a reader can follow and a full disk is noticed.

    Raises InputError naming the file when it cannot be opened or written; BrokenPipeError where the reader of
    standard output has left.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: TextIO = sys.stdout if path == STDOUT else path.open("w", encoding="utf-8")
        except OSError as error:
            raise self._failure(error) from error

    def write(self, record: dict[str, Any]) -> None:
        """Append one line."""
        try:
            self._file.write(json.dumps(record, allow_nan=False) + "\n")
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._failure(error) from error

    def __enter__(self) -> LineWriter:
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: object) -> None:
        if self._file is sys.stdout:
            return
        try:
            self._file.close()
        except OSError as error:
            if exception_type is None:  # else what failed first is reported
                raise self._failure(error) from error

    def _failure(self, error: OSError) -> InputError:
        return InputError(f"{self._path}: cannot be written: {error.strerror}")


def _face(face: Face) -> dict[str, Any]:
    box = face.box
    return {
        "id": face.id,
        "confidence": round(face.confidence, _SHARE_DIGITS),
        "box": [round(value, _PIXEL_DIGITS) for value in (box.x, box.y, box.width, box.height)],
        "landmarks": [
            [round(x, _PIXEL_DIGITS), round(y, _PIXEL_DIGITS), round(confidence, _SHARE_DIGITS)]
            for (x, y), confidence in zip(face.landmarks_px.tolist(), face.landmark_confidence.tolist(), strict=True)
        ],
        "identity_known": not math.isnan(face.identity_similarity),
        "head_pose": None if face.head_pose is None else _head_pose(face.head_pose),
    }


def _head_pose(pose: HeadPose) -> dict[str, list[float]]:
    return {
        "rotation_rad": [round(value, 5) for value in pose.rotation_rad],
        "translation_m": [round(value, 5) for value in pose.translation_m],
    }
