"""Shards: their plan, going on, and the labels they leave. The faces are made up here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.datasets.labels import read_labels
from rednet_ros.training.rendering import shards
from rednet_ros.training.rendering.shards import (
    RenderSettings,
    Shard,
    is_complete,
    join_labels,
    plan,
    prepare_output,
    render_shard,
)
from rednet_ros.training.rendering.still import RenderedFace

SETTINGS = RenderSettings(count=500, clips=30, frames=4, seed=3, size_px=32)


class FakeRenderer:
    """Grey faces whose landmarks are their number."""

    def still(self, seed: int, number: int, identity_number: int) -> RenderedFace:
        points = np.full((68, 2), number % 20, np.float32)
        points[36], points[45] = (3, 4), (25, 4)
        return RenderedFace(np.full((32, 32, 3), 90, np.uint8), points, np.arange(68) > 0, f"p{seed}-{identity_number}")


def finish(output: Path, settings: RenderSettings, shard: Shard) -> None:
    assert sum(render_shard(FakeRenderer(), settings, shard, output)) == shard.pictures  # type: ignore[arg-type]


def test_the_plan_holds_every_picture_once() -> None:
    pieces = plan(SETTINGS)
    stills = [number for piece in pieces if piece.kind == "stills" for number in range(piece.start, piece.stop)]
    clips = [number for piece in pieces if piece.kind == "clips" for number in range(piece.start, piece.stop)]
    assert stills == list(range(500))
    assert clips == list(range(30))
    assert sum(piece.pictures for piece in pieces) == 500 + 30 * 4


def test_labels_can_be_read_for_training(tmp_path: Path) -> None:
    settings = RenderSettings(count=8, seed=3)
    (shard,) = plan(settings)
    finish(tmp_path, settings, shard)
    assert join_labels(tmp_path, [shard]) == 8
    faces = read_labels(tmp_path / "labels.jsonl")
    assert [face.identity for face in faces] == ["p3-0"] * 6 + ["p3-1"] * 2
    assert {face.source for face in faces} == {"render"}
    assert all(face.image_path.is_file() for face in faces)
    np.testing.assert_array_equal(faces[5].points_px[0], [5, 5])
    row = json.loads((tmp_path / "labels.jsonl").read_text().splitlines()[0])
    assert row["size"] == 32
    assert row["visible"] == [0] + [1] * 67


def test_few_identities_return(tmp_path: Path) -> None:
    settings = RenderSettings(count=24, seed=0, identities=2)
    (shard,) = plan(settings)
    finish(tmp_path, settings, shard)
    join_labels(tmp_path, [shard])
    names = [face.identity for face in read_labels(tmp_path / "labels.jsonl")]
    assert names == ["p0-0"] * 6 + ["p0-1"] * 6 + ["p0-0"] * 6 + ["p0-1"] * 6


def test_an_interrupted_shard_is_not_complete(tmp_path: Path) -> None:
    settings = RenderSettings(count=8)
    (shard,) = plan(settings)
    running = render_shard(FakeRenderer(), settings, shard, tmp_path)  # type: ignore[arg-type]
    next(running)
    running.close()
    assert not is_complete(tmp_path, shard)
    assert join_labels(tmp_path, [shard]) == 0
    finish(tmp_path, settings, shard)
    assert is_complete(tmp_path, shard)


@pytest.mark.parametrize(
    ("name", "content"),
    [("0000003.jpg", None), ("0000003.jpg", b""), ("rows.jsonl", b'{"number": 0, "ima'), ("rows.jsonl", b"[]\n")],
)
def test_a_shard_of_which_something_was_lost_is_rendered_again(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    settings = RenderSettings(count=8)
    (shard,) = plan(settings)
    finish(tmp_path, settings, shard)
    lost = tmp_path / shard.folder / name
    if content is None:
        lost.unlink()
    else:
        lost.write_bytes(content)
    assert not is_complete(tmp_path, shard)
    finish(tmp_path, settings, shard)
    assert is_complete(tmp_path, shard)


def test_a_shard_that_is_to_be_longer_is_not_complete(tmp_path: Path) -> None:
    (short,) = plan(RenderSettings(count=8))
    finish(tmp_path, RenderSettings(count=8), short)
    (longer,) = plan(RenderSettings(count=9))
    assert not is_complete(tmp_path, longer)


def test_counts_may_grow_but_the_rest_stays(tmp_path: Path) -> None:
    prepare_output(tmp_path / "new", RenderSettings(count=8))
    prepare_output(tmp_path / "new", RenderSettings(count=800, clips=3))
    with pytest.raises(InputError, match="holds renders with seed 0, not 1; choose another folder"):
        prepare_output(tmp_path / "new", RenderSettings(count=8, seed=1))
    with pytest.raises(InputError, match="size_px 224, not 96"):
        prepare_output(tmp_path / "new", RenderSettings(count=8, size_px=96))


def test_renders_of_another_version_are_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_output(tmp_path, RenderSettings(count=8))
    monkeypatch.setattr(shards, "VERSION", shards.VERSION + 1)
    with pytest.raises(InputError, match="holds renders with version"):
        prepare_output(tmp_path, RenderSettings(count=8))


def test_clips_are_labelled_as_sequences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def frames(renderer: FakeRenderer, seed: int, number: int, identity: int, count: int) -> list[RenderedFace]:
        return [renderer.still(seed, frame, identity) for frame in range(count)]

    monkeypatch.setattr(shards, "render_clip", frames)
    settings = RenderSettings(count=0, clips=3, frames=4, seed=3)
    (shard,) = plan(settings)
    finish(tmp_path, settings, shard)
    join_labels(tmp_path, [shard])
    faces = read_labels(tmp_path / "labels.jsonl")
    assert [face.frame for face in faces] == [0, 1, 2, 3] * 3
    assert len({face.sequence for face in faces}) == 3
    assert [face.identity for face in faces[::4]] == ["p3-0", "p3-0", "p3-1"]
    assert {face.source for face in faces} == {"render_clip"}
