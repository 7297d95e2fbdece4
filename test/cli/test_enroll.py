"""rednet-enroll, with painted people."""

import stat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from painted_people import PaintedDetector, PaintedEngine, Person, paint

from rednet_ros.cli import enroll
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.tracking import tracker
from rednet_ros.tracking.recognition.people import read_people


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> PaintedEngine:
    made = PaintedEngine(vectors={number: np.eye(1, 256, number, dtype=np.float32)[0] for number in range(1, 13)})
    monkeypatch.setattr(LandmarkEngine, "load", lambda *_, **__: made)
    monkeypatch.setattr(tracker, "detector_for", lambda *_, **__: PaintedDetector())
    return made


@pytest.fixture
def clip(tmp_path: Path) -> Any:
    def make(name: str, *numbers: int) -> str:
        folder = tmp_path / name
        folder.mkdir()
        for frame in range(12):
            people = [Person(number, 80 + 100 * place, 100) for place, number in enumerate(numbers)]
            cv2.imwrite(str(folder / f"{frame}.png"), paint(people))
        return str(folder)

    return make


def test_people_are_enrolled_listed_and_forgotten(
    tmp_path: Path, clip: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.json"
    people = ["--people", str(file)]
    assert enroll.main(["ann", clip("one", 1), *people]) == 0
    assert enroll.main(["bob", clip("two", 2), *people]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = read_people(file)
    assert (stored.recognizer, list(stored.vectors)) == ("painted", ["ann", "bob"])
    assert stored.vectors["ann"][0][1] == pytest.approx(1.0)
    capsys.readouterr()
    assert enroll.main([*people, "--list"]) == 0
    assert "ann: 2 vectors of the recognizer painted\nbob: 2" in capsys.readouterr().out
    assert enroll.main([*people, "--delete", "ann"]) == 0
    assert list(read_people(file).vectors) == ["bob"]
    assert enroll.main([*people, "--delete", "bob"]) == 0
    assert not file.exists()  # an empty file of people is none


def test_what_cannot_be_enrolled(
    tmp_path: Path, clip: Any, engine: PaintedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.json"
    people = ["--people", str(file)]
    for arguments, told in (
        (["ann"], "give NAME and INPUT"),
        (["ann", clip("both", 1, 2)], "shows 2 faces"),
        (["ann", clip("nobody")], "shows no face well enough"),
        (["f1", clip("one", 1)], "cannot be called 'f1'"),
        (["--delete", "ann"], "people.json"),
    ):
        assert enroll.main([*arguments, *people]) == 2
        assert told in capsys.readouterr().err
    engine.vectors = None
    assert enroll.main(["ann", clip("again", 1), *people]) == 2
    assert "has no identity branch" in capsys.readouterr().err
    assert not file.exists()


def test_people_of_another_recogniser_are_left_alone(
    tmp_path: Path, clip: Any, engine: PaintedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.json"
    assert enroll.main(["ann", clip("one", 1), "--people", str(file)]) == 0
    before = file.read_bytes()
    engine.weights_name = "others"
    assert enroll.main(["bob", clip("two", 2), "--people", str(file)]) == 2
    assert "enrolled with the recognizer painted, not others" in capsys.readouterr().err
    assert file.read_bytes() == before
