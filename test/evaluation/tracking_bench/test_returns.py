import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.tracking_bench import returns
from rednet_ros.evaluation.tracking_bench.returns import EMPTY_FRAMES, VISIT_FRAMES, Returns
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, Face, FaceStatus


def people_file(folder: Path, videos: tuple[str, ...] = ("train:a_1", "test:a_1", "train:a_2")) -> Path:
    """Two people, one colour each, a picture a video."""
    rows = []
    for person, color in (("ann", 60), ("bob", 180)):
        for number, video in enumerate(videos):
            name = f"{person}{number}.png"
            cv2.imwrite(str(folder / name), np.full((300, 300, 3), color + 10 * number, np.uint8))
            points = (MEAN_SHAPE * (60 + number) + (150, 150)).tolist()
            rows.append({"image": name, "points": points, "identity": person, "sequence": f"{person} {video}"})
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_everybody_comes_by_two_videos(tmp_path: Path) -> None:
    people = returns.people_in_two_videos(people_file(tmp_path, ("train:1", "train:2")), count=2)
    assert len(people) == 2
    assert all(first.picture.mean() != second.picture.mean() for first, second in people)


def test_parts_of_one_video_are_one(tmp_path: Path) -> None:
    path = people_file(tmp_path, ("1", "2"))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row, part in zip(rows, ("train:v", "test:v") * 2, strict=True):
        row["sequence"] = part
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match="holds 0 people .* in two videos .*2 needed"):
        returns.people_in_two_videos(path, count=2)


class Memory:
    """A tracker that tells two people apart by their brightness, if `knows`, and else gives new ids."""

    def __init__(self, places: list[Any], knows: bool) -> None:
        self._knows, self._places, self._count, self._ids = knows, places, 0, dict[Any, str]()

    def update(self, image: Any, stamp_s: float) -> list[Face]:
        frame = round(stamp_s * returns.FPS)
        visit = frame // (VISIT_FRAMES + EMPTY_FRAMES)
        faces = []
        for person, points in self._places[frame]:
            key = person if self._knows else (person, visit)
            face_id = self._ids.setdefault(key, f"f{len(self._ids) + 1}")
            faces.append(Face(face_id, FaceStatus.TRACKED, 0.9, Box.around(points), points, np.ones(68, np.float32)))
        return faces


@pytest.mark.parametrize(("knows", "expected"), [(True, "own"), (False, "new")])
def test_returns_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knows: bool, expected: str) -> None:
    people = returns.people_in_two_videos(people_file(tmp_path, ("train:1", "train:2")), count=2)
    places: list[Any] = []
    compose = returns.compose

    def spy(*args: Any) -> Any:
        canvas = compose(*args)
        places.append([(shown.person, shown.points_px) for shown in canvas.faces])
        return canvas

    monkeypatch.setattr(returns, "compose", spy)
    tracker: Any = Memory(places, knows)
    counts = returns._session(people, tracker, 1, 0)
    assert counts == Returns(returns=2, **{expected: 2})


def test_anothers_id_is_told_from_a_new_one() -> None:
    counts, ids = Returns(), {0: "f1", 1: "f2"}
    for person, face_id in ((0, "f2"), (1, "f9"), (2, None)):
        returns._count(counts, person, face_id, ids, is_return=True, is_first=False)
    assert (counts.returns, counts.own, counts.others, counts.new, counts.missed) == (3, 0, 1, 1, 1)
    returns._count(counts, 5, "f1", ids, is_return=False, is_first=False)
    returns._count(counts, 6, "f7", ids, is_return=False, is_first=False)
    assert (counts.strangers, counts.mistaken) == (2, 1)
