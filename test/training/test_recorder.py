"""Records of a run: lines that a resumed run writes again are dropped, curves are drawn, helpers keep nothing."""

import builtins
import csv
import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.training import recorder
from rednet_ros.training.recorder import Recorder, as_text


def loss_row(stage: str, images: int, **more: object) -> dict[str, object]:
    return {"stage": stage, "images": images, "detection": f"{1 / images:.4f}", "identity": "0.0", **more}


def error_row(stage: str, images: int, name: str) -> dict[str, object]:
    return {"stage": stage, "images": images, "set": name, "nme_mean": 500 / images, "clip_nme": ""}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    records = Recorder(tmp_path, ["first", "second"], keeps=True)
    for stage in ("first", "second"):
        for images in (100, 200, 300):
            records.losses(loss_row(stage, images), images)
        for name in ("300w", "render"):
            records.errors(error_row(stage, 300, name), 300)
    return tmp_path


def positions(path: Path) -> list[tuple[str, int]]:
    with path.open() as file:
        return [(row["stage"], int(row["images"])) for row in csv.DictReader(file)]


def test_what_came_after_the_checkpoint_is_dropped(written: Path) -> None:
    Recorder(written, ["first", "second"], keeps=True).rewind(1, 200)
    first = [("first", 100), ("first", 200), ("first", 300)]
    assert positions(written / "log.csv") == [*first, ("second", 100), ("second", 200)]
    assert positions(written / "validation.csv") == [("first", 300), ("first", 300)]


def test_the_curves_are_a_picture_with_lines_in_it(written: Path) -> None:
    path = recorder.draw_curves(written)
    assert path is not None
    picture = cv2.imread(str(path))
    coloured = np.ptp(picture.astype(int), axis=2) > 60
    assert coloured[: len(coloured) // 2].sum() > 200
    assert coloured[len(coloured) // 2 :].sum() > 200


def test_curves_of_a_run_without_validation_are_drawn(tmp_path: Path) -> None:
    Recorder(tmp_path, ["first"], keeps=True).losses(loss_row("first", 100), 100)
    assert recorder.draw_curves(tmp_path) is not None


def test_stages_follow_each_other_on_the_axis(written: Path) -> None:
    rows = recorder._cumulative(recorder._read(written / "log.csv"))
    assert [row["x"] for row in rows] == [100, 200, 300, 400, 500, 600]


def test_processes_that_only_help_write_nothing(tmp_path: Path) -> None:
    records = Recorder(tmp_path / "run", ["first"], keeps=False)
    records.losses(loss_row("first", 100), 100)
    records.errors(error_row("first", 100, "300w"), 100)
    records.rewind(0, 0)
    records.draw()
    assert not (tmp_path / "run").exists()


def test_missing_packages_are_told_and_leave_the_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find = importlib.util.find_spec
    missing = ("tensorboard", "matplotlib")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in missing else find(name, *more))
    imported = builtins.__import__

    def refuse(name: str, *more: object) -> object:
        assert name.split(".")[0] not in missing
        return imported(name, *more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with caplog.at_level("INFO"):
        records = Recorder(tmp_path, ["first"], keeps=True)
        records.losses(loss_row("first", 100), 100)
        records.draw()
    assert "tensorboard is not installed" in caplog.text
    assert "matplotlib is not installed" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_tensorboard_gets_every_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Events:
        def __init__(self) -> None:
            self.scalars: dict[tuple[str, int], float] = {}

        def add_scalar(self, name: str, value: float, step: int) -> None:
            self.scalars[name, step] = value

        def flush(self) -> None:
            pass

    events = Events()
    monkeypatch.setattr(recorder, "_open_events", lambda folder: events)
    records = Recorder(tmp_path, ["first"], keeps=True)
    records.losses(loss_row("first", 100), 100)
    records.errors(error_row("first", 100, "300w"), 150)
    assert events.scalars == {
        ("training/detection", 100): 0.01,
        ("training/identity", 100): 0.0,
        ("validation 300w/nme_mean", 150): 5.0,
    }


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    records = Recorder(tmp_path, ["first"], keeps=True)
    records.errors(error_row("first", 100, "render"), 150)
    events = reader.EventAccumulator(str(tmp_path / "events")).Reload()
    (found,) = events.Scalars("validation render/nme_mean")
    assert (found.step, found.value) == (150, 5.0)


def test_rows_for_people_leave_out_what_is_empty() -> None:
    assert as_text({"stage": "clips", "nme_mean": 3.14159, "clip_nme": ""}) == "stage clips, nme_mean 3.142"
