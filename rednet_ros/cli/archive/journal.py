"""What was done in an output folder, and with what: a line of JSON for each clip, in archive.jsonl.

Without a line a result does not count, so a run that ends at any moment costs the clips it was busy with, and no more.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rednet_ros.cli.archive.clips import Clip
from rednet_ros.errors import InputError

NAME = "archive.jsonl"
PART = ".rednet-part-"
"""Beginning of the names of results that are not whole."""

Settings = dict[str, str | int | bool]
"""What results depend on, by the names of the options."""


class Journal:
    """The journal of one output folder, which is made where it is missing. One process at a time may have it open.

    Raises InputError where the folder cannot be written, and where another run is at work in it.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self._path = output / NAME
        try:
            output.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise InputError(f"{output}: another rednet-track is at work in this folder") from error
        except OSError:
            pass  # a file system without locks
        self._file.seek(0)
        text = self._file.read()
        if text and not text.endswith("\n"):  # its writer was killed
            self._write("\n")
        self._records = _records(text)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove_parts()
        self._file.close()

    def remove_parts(self) -> None:
        """Delete what killed runs left half done."""
        for root, _, names in os.walk(self.output):
            for name in names:
                if name.startswith(PART):
                    Path(root, name).unlink(missing_ok=True)

    def is_done(self, clip: Clip) -> bool:
        """Whether the clip, as it is now, has its whole result, with whatever settings."""
        record = self._records.get(clip.name)
        if record is None or record.get("file") != _state_of(clip.source):
            return False
        has_video = not record["settings"].get("videos") or clip.video(self.output).is_file()
        return has_video and clip.jsonl(self.output).is_file()

    def settings_of(self, clip: Clip) -> Settings:
        """With what a clip that is done was done."""
        return dict(self._records[clip.name]["settings"])

    def add(self, clip: Clip, settings: Settings, summary: Mapping[str, Any]) -> None:
        """The clip's result is whole and in its place. Raises InputError where this cannot be written."""
        record = {"clip": clip.name, "file": _state_of(clip.source), "settings": settings, **summary}
        self._write(json.dumps(record) + "\n")
        self._records[clip.name] = record

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror}") from error


def differences(before: Settings, now: Settings) -> str:
    """In what two settings differ, for people; empty where they are the same."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {before.get(name)}, now {now.get(name)}" for name in names)


def _records(text: str) -> dict[str, dict[str, Any]]:
    """The last record of each clip; lines that are not whole are left out."""
    records = {}
    for line in text.splitlines():
        try:
            record = json.loads(line)
            records[str(record["clip"])] = {**record, "settings": dict(record["settings"])}
        except (ValueError, TypeError, KeyError):
            continue
    return records


def _state_of(path: Path) -> dict[str, int]:
    """Changes when somebody replaces the file."""
    try:
        state = path.stat()
    except OSError:
        return {}
    return {"bytes": state.st_size, "modified_ns": state.st_mtime_ns}
