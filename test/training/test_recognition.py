"""Training of the network that tells people apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rednet_ros.cli import train
from rednet_ros.errors import InputError
from rednet_ros.metrics import equal_error_rate
from rednet_ros.tracking.recognition.by_onnx import open_onnx
from rednet_ros.training.config import AugmentationSettings, RecognitionConfig, read_recognition_config
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.recognition import Chips, MarginSoftmax, RecognitionTrainer, augmented, seen

pytest.importorskip("onnx")


def run_config(**changes: object) -> RecognitionConfig:
    settings = {"name": "face-id", "license": "test", "data": "drawn", "images": 48, "mix": {"made": 1.0}, "batch": 12}
    return RecognitionConfig(**{**settings, "evaluate_every_images": 24, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def labels(make_faces: Callable[..., Path]) -> Path:
    """Three people, each of a colour of their own."""
    return make_faces(36, people=3)


def test_a_run_makes_a_recognizer_that_opencv_loads(labels: Path, tmp_path: Path) -> None:
    faces = open_dataset(str(labels))
    trainer = RecognitionTrainer(run_config(), faces, faces, tmp_path)
    trainer.run()
    assert [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()] == ["24", "48"]
    recognizer = open_onnx(str(tmp_path / "face-id.onnx"))
    assert (recognizer.name, recognizer.license) == ("face-id", "test")
    assert recognizer.threshold is not None
    chip = trainer._apart.pixels[0]
    with torch.no_grad():
        expected = torch.nn.functional.normalize(trainer.average(torch.from_numpy(_rgb(chip)))).numpy()
    np.testing.assert_allclose(recognizer._run(chip) / np.linalg.norm(recognizer._run(chip)), expected, atol=1e-4)  # type: ignore[attr-defined]


def _rgb(chip: np.ndarray) -> np.ndarray:
    return ((chip[None, ..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)) - 127.5) / 127.5


def test_a_resumed_run_goes_on_exactly(labels: Path, tmp_path: Path) -> None:
    faces = open_dataset(str(labels))
    whole = RecognitionTrainer(run_config(), faces, faces, tmp_path / "whole")
    whole.run()
    half = RecognitionTrainer(run_config(), faces, faces, tmp_path / "half")
    half._judge = lambda: (_ for _ in ()).throw(KeyboardInterrupt) if half._step > 2 else None  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        half.run()
    again = RecognitionTrainer(run_config(), faces, faces, tmp_path / "half")
    again.resume()
    assert again._step == 2
    again.run()
    for name, tensor in whole.average.state_dict().items():
        torch.testing.assert_close(again.average.state_dict()[name], tensor, msg=name)


class OfColour:
    """Makes of a face the colour of its cheek."""

    name, license, threshold, looks, problem = "of colour", "test", None, True, ""

    def vector(self, image_bgr: np.ndarray, landmarks_px: np.ndarray) -> np.ndarray | None:
        x, y = landmarks_px[[2, 30]].mean(axis=0).astype(int)
        return np.array([*image_bgr[y, x], 100], np.float32) / 255


def test_a_teacher_says_what_to_make_of_faces_without_a_name(labels: Path) -> None:
    named = open_dataset(str(labels))
    nobody = [replace(face, source="unnamed", identity=None) for face in named[:4]]
    chips = Chips.of([*named, *nobody], teacher=OfColour(), taught=["unnamed"])
    assert len(chips.pixels) == 40
    assert (chips.person[chips.rows["unnamed"]] == -1).all()
    assert not chips.taught[chips.rows["made"]].any()
    np.testing.assert_allclose(np.linalg.norm(chips.taught[chips.rows["unnamed"]], axis=1), 1, atol=1e-5)
    assert len(Chips.of([*named, *nobody]).pixels) == 36
    with pytest.raises(ValueError, match="a teacher needs taught"):
        run_config(teacher="dlib")


def test_what_is_taught_is_learned(labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rednet_ros.tracking.recognition.by_dlib.DlibRecognizer", OfColour)
    faces = open_dataset(str(labels))
    follows = []
    for teaching in ({}, {"teacher": "dlib", "taught": ("made",)}):
        config = run_config(images=360, augmentation=AugmentationSettings(), evaluate_every_images=360, **teaching)
        trainer = RecognitionTrainer(config, faces, faces, tmp_path / f"run{len(follows)}")
        trainer.run()
        taught = Chips.of(faces, margin_px=0, teacher=OfColour(), taught=["made"]).taught
        with torch.no_grad():
            found = trainer.average(seen(trainer._apart.pixels))
        follows.append(float(torch.nn.functional.cosine_similarity(found, torch.from_numpy(taught)).mean()))
    assert follows[1] > follows[0] + 0.15


def test_a_margin_asks_for_more_than_the_right_order() -> None:
    torch.manual_seed(1)
    softmax = MarginSoftmax(4, 32.0)
    vectors, person = softmax.people.detach().clone(), torch.arange(4)
    without, with_margin = (float(softmax(vectors, person, margin).detach()) for margin in (0.0, 0.9))
    assert without < 1e-3 < with_margin


def test_augmented_chips_differ_and_stay_chips() -> None:
    rng = np.random.default_rng(1)
    padded = rng.integers(0, 255, (128, 128, 3)).astype(np.uint8)
    first, second = (augmented(padded, AugmentationSettings(), rng) for _ in range(2))
    assert first.shape == (112, 112, 3)
    assert np.abs(first.astype(int) - second).mean() > 5


def test_the_equal_error_rate_is_where_both_kinds_of_errors_are_as_frequent() -> None:
    same, different = np.array([0.9, 0.8, 0.7, 0.1], np.float32), np.array([0.2, 0.0, -0.1, 0.75], np.float32)
    assert equal_error_rate(same, different)[0] == pytest.approx(0.25)
    assert equal_error_rate(same[:3], different[:3])[0] == 0.0


def test_what_cannot_be_trained_on_is_named(labels: Path, make_faces: Callable[..., Path], tmp_path: Path) -> None:
    faces = open_dataset(str(labels))
    with pytest.raises(InputError, match=r"no named people of \['other'\]; the labels have \['made'\]"):
        RecognitionTrainer(run_config(mix={"other": 1.0}), faces, faces, tmp_path)
    with pytest.raises(InputError, match="two people or more"):
        Chips.of(open_dataset(str(make_faces(4))))
    trainer = RecognitionTrainer(run_config(), faces, faces, tmp_path)
    with pytest.raises(InputError, match="cannot go on from"):
        trainer.resume()


def test_the_shipped_configuration_is_read_and_others_are_not() -> None:
    config = read_recognition_config("config/train/face-id-clean.yaml")
    assert config is not None
    assert config.license == "Apache-2.0"
    assert read_recognition_config("config/train/rednet-lite.yaml") is None


def test_the_command_trains_one(labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "id.yaml"
    lines = "kind: recognition\nname: id\nlicense: l\ndata: d\nimages: 24\nbatch: 12\nmix: {made: 1.0}\n"
    config.write_text(lines)
    arguments = [str(config), "--data", str(labels), "--validation", str(labels), "--output", str(tmp_path / "run")]
    assert train.main(arguments) == 0
    assert (tmp_path / "run" / "id.onnx").is_file()
    assert train.main(arguments) == 2
    assert "--resume" in capsys.readouterr().err
    config.write_text(lines + "margins: 1\n")
    assert train.main(arguments) == 2
    assert "unknown settings ['margins']" in capsys.readouterr().err
