"""Many pictures on disk: shards rendered by many processes, each complete or absent, so that a run can go on later.

    OUTPUT/render.json              what was asked for
    OUTPUT/labels.jsonl             all rows of all complete shards
    OUTPUT/stills/00000/000000.jpg  pictures
    OUTPUT/stills/00000/rows.jsonl  the shard's rows, written last

Which process renders what makes no difference to the files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2

from rednet_ros.errors import InputError
from rednet_ros.training.rendering.clip import render_clip
from rednet_ros.training.rendering.still import IMAGES_PER_IDENTITY, FaceRenderer, RenderedFace

STILLS_PER_SHARD, CLIPS_PER_SHARD = 240, 24
CLIPS_PER_IDENTITY = 2
JPEG_QUALITY = 92
SETTINGS_FILE, LABELS_FILE, ROWS_FILE = "render.json", "labels.jsonl", "rows.jsonl"
VERSION = 7
"""Of what a seed looks like and where its landmarks lie: raise it with every change to either."""
KEPT_SETTINGS = ("version", "seed", "size_px", "identities", "frames")
"""What must not change when a run goes on; the counts may grow."""


LabelledPicture = tuple[RenderedFace, dict[str, Any]]


@dataclass(frozen=True)
class RenderSettings:
    """What to render. `identities`: how many people there are at most, None for a new one every few pictures."""

    count: int
    clips: int = 0
    frames: int = 10
    seed: int = 0
    size_px: int = 224
    identities: int | None = None


@dataclass(frozen=True)
class Shard:
    """Stills (or clips) number `start` to `stop` - 1, in one folder."""

    kind: str
    number: int
    start: int
    stop: int
    pictures: int

    @property
    def folder(self) -> str:
        """Its folder, relative to the output."""
        return f"{self.kind}/{self.number:05d}"


def plan(settings: RenderSettings) -> list[Shard]:
    """All shards of a run."""
    stills = _pieces("stills", settings.count, STILLS_PER_SHARD, 1)
    clips = _pieces("clips", settings.clips, CLIPS_PER_SHARD, settings.frames)
    return [*stills, *clips]


def _pieces(kind: str, count: int, a_shard: int, pictures_each: int) -> Iterator[Shard]:
    for number in range(math.ceil(count / a_shard)):
        start, stop = number * a_shard, min((number + 1) * a_shard, count)
        yield Shard(kind, number, start, stop, (stop - start) * pictures_each)


def prepare_output(output: Path, settings: RenderSettings) -> None:
    """Make the folder and note the settings. Raises InputError if it holds a run with others."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{output}: cannot be made a folder ({error.strerror}), choose another") from error
    path = output / SETTINGS_FILE
    wanted = {"version": VERSION, **asdict(settings)}
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: not JSON, remove the folder or choose another: {error}") from error
        for name in KEPT_SETTINGS:
            if before.get(name) != wanted[name]:
                raise InputError(
                    f"{output}: holds renders with {name} {before.get(name)}, not {wanted[name]}; choose another folder"
                )
    path.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")


def is_complete(output: Path, shard: Shard) -> bool:
    """Whether this shard was rendered to its end, and all its rows and pictures are still there."""
    try:
        lines = (output / shard.folder / ROWS_FILE).read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        numbers = {row["number"] for row in rows}
        pictures = [output / row["image"] for row in rows]
        are_there = all(picture.stat().st_size > 0 for picture in pictures)
    except (OSError, ValueError, KeyError, TypeError):  # absent or damaged: rendered again
        return False
    return numbers == set(range(shard.start, shard.stop)) and len(rows) == shard.pictures and are_there


def render_shard(renderer: FaceRenderer, settings: RenderSettings, shard: Shard, output: Path) -> Iterator[int]:
    """Render a shard; yields 1 after each picture."""
    folder = output / shard.folder
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(shard.start, shard.stop):
        faces = _stills if shard.kind == "stills" else _frames
        for face, row in faces(renderer, settings, shard, number):
            _write_picture(output / row["image"], face)
            rows.append(row)
            yield 1
    unfinished = folder / (ROWS_FILE + ".part")
    unfinished.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    unfinished.replace(folder / ROWS_FILE)


def _stills(renderer: FaceRenderer, settings: RenderSettings, shard: Shard, number: int) -> Iterator[LabelledPicture]:
    face = renderer.still(settings.seed, number, _identity(settings, number // IMAGES_PER_IDENTITY))
    yield face, label_row(face, f"{shard.folder}/{number:07d}.jpg", number, "render")


def _frames(renderer: FaceRenderer, settings: RenderSettings, shard: Shard, number: int) -> Iterator[LabelledPicture]:
    identity = _identity(settings, number // CLIPS_PER_IDENTITY)
    sequence = f"render-{settings.seed}-clip-{number:06d}"
    for frame, face in enumerate(render_clip(renderer, settings.seed, number, identity, settings.frames)):
        name = f"{shard.folder}/{number:06d}_{frame:03d}.jpg"
        yield face, label_row(face, name, number, "render_clip", sequence=sequence, frame=frame)


def _identity(settings: RenderSettings, number: int) -> int:
    return number if settings.identities is None else number % settings.identities


def label_row(face: RenderedFace, image: str, number: int, source: str, **more: Any) -> dict[str, Any]:
    """One row of a labels file (docs/datasets.md), points rounded to a hundredth of a pixel."""
    return {
        "image": image,
        "source": source,
        "size": face.image.shape[0],
        "identity": face.identity,
        "number": number,
        **more,
        "points": [[round(float(x), 2), round(float(y), 2)] for x, y in face.points_px],
        "visible": [int(flag) for flag in face.visible],
    }


def join_labels(output: Path, shards: list[Shard]) -> int:
    """Write labels.jsonl of all complete shards; returns the number of rows."""
    complete = [shard for shard in shards if is_complete(output, shard)]
    text = "".join((output / shard.folder / ROWS_FILE).read_text(encoding="utf-8") for shard in complete)
    unfinished = output / (LABELS_FILE + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(output / LABELS_FILE)
    return text.count("\n")


def _write_picture(path: Path, face: RenderedFace) -> None:
    done, code = cv2.imencode(".jpg", face.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done
    path.write_bytes(code.tobytes())
