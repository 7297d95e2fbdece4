"""One clip of an archive, tracked in whatever process or machine it is given to."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rednet_ros.cli.archive.journal import PART
from rednet_ros.errors import RednetError
from rednet_ros.media.video import silence_codecs


@dataclass(frozen=True)
class Job:
    """Track `source` into `jsonl`, and `video` where it is not None. `options`: of rednet-track, by their names."""

    source: Path
    jsonl: Path
    video: Path | None
    options: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of a job. `failure`: why there is no result, empty where there is one. `warnings`: of damaged files."""

    failure: str = ""
    warnings: tuple[str, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)


def track_clip(job: Job) -> Outcome:
    """Do a job. Results are written under a name of their own, and renamed when whole: nobody sees a half one, and two
    that do the same job do each other no harm. Never raises for a file that cannot be read or written."""
    from rednet_ros.cli import track

    silence_codecs()
    part = job.jsonl.with_name(f"{PART}{uuid.uuid4().hex}.jsonl")
    part_video = None if job.video is None else part.with_suffix(".mp4")
    try:
        with _warnings() as warnings:
            job.jsonl.parent.mkdir(parents=True, exist_ok=True)
            options = track.clip_options(job.source, part, part_video, job.options)
            summary = track.track_file(options)
            if job.video is not None and part_video is not None:
                part_video.replace(job.video)
            part.replace(job.jsonl)  # last: with it the result counts
    except RednetError as error:
        return Outcome(_without(str(error), part, job), tuple(warnings))
    except OSError as error:
        return Outcome(f"{error.filename or job.jsonl}: {error.strerror}", tuple(warnings))
    except Exception as error:  # a bug; the other clips go on
        logging.getLogger(__name__).exception("%s", job.source)
        return Outcome(f"{type(error).__name__}: {error}", tuple(warnings))
    finally:
        for path in (part, part_video):
            if path is not None:
                path.unlink(missing_ok=True)
    return Outcome("", tuple(warnings), {"frames": summary.frames, "frames_with_face": summary.frames_with_face})


def _without(text: str, part: Path, job: Job) -> str:
    """With the results' names in place of the partial ones."""
    text = text.replace(str(part), str(job.jsonl))
    return text.replace(str(part.with_suffix(".mp4")), str(job.video))


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What is logged by this thread and the one that decodes ahead for it, as a list for the report."""
    texts: list[str] = []
    names = {threading.current_thread().name, "read-ahead"}

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.threadName in names and record.getMessage() not in texts:
                texts.append(record.getMessage())

    logger, keeper = logging.getLogger("rednet_ros"), Keeper(logging.WARNING)
    before, logger.propagate = logger.propagate, False
    logger.addHandler(keeper)
    try:
        yield texts
    finally:
        logger.removeHandler(keeper)
        logger.propagate = before
