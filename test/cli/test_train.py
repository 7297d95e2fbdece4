"""rednet-train: what a user types and sees."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import processes, train
from rednet_ros.tracking.mean_shape import MEAN_SHAPE

CONFIG = """
name: tiny
license: none
data: drawn faces
network: {backbone: resnet14, width: 0.0625, crop_px: 64, temporal: none, identity: false}
stages:
  - {name: only, crop_px: 64, images: 8, batch: 4, mix: {made: 1.0}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run.yaml").write_text(CONFIG)
    rows = []
    for number in range(30):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((120, 120, 3), 8 * number, np.uint8))
        points = (np.asarray(MEAN_SHAPE) * 40 + 50).tolist()
        rows.append(json.dumps({"image": f"{number}.png", "source": "made", "points": points}))
    (tmp_path / "labels.jsonl").write_text("\n".join(rows[:20]))
    (tmp_path / "more.jsonl").write_text("\n".join(row.replace("made", "extra") for row in rows[20:]))
    return tmp_path


def run(folder: Path, *more: str) -> int:
    base = [str(folder / "run.yaml"), "--data", str(folder / "labels.jsonl"), "--output", str(folder / "run")]
    return train.main([*base, "--device", "cpu", "--threads", "1", "--workers", "0", *more])


def test_a_run_leaves_its_files(folder: Path) -> None:
    assert run(folder, "--validation", str(folder / "more.jsonl")) == 0
    names = {path.name for path in (folder / "run").iterdir()}
    assert {"log.csv", "validation.csv", "checkpoint.safetensors", "weights.safetensors"} <= names
    sets = [row["set"] for row in csv.DictReader((folder / "run" / "validation.csv").open())]
    assert sets == ["made", "extra"]


def test_data_may_be_given_several_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = CONFIG.replace("{made: 1.0}", "{made: 0.5, extra: 0.5}")
    (folder / "run.yaml").write_text(text)
    assert run(folder) == 2
    assert "no faces of ['extra']" in capsys.readouterr().err
    assert run(folder, "--data", f"labels:{folder / 'more.jsonl'}") == 0


def test_a_folder_with_a_run_is_not_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    before = (folder / "run" / "log.csv").read_text()
    assert run(folder) == 2
    assert "--resume" in capsys.readouterr().err
    assert run(folder, "--resume") == 0
    assert (folder / "run" / "log.csv").read_text() == before  # there was nothing left to do


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resume",), "cannot resume from"),
        (("--data", "aflw:nowhere"), "nowhere"),
        (("--encoder", "none.pth"), "none.pth"),
        (("--init", "none.safetensors"), "none.safetensors"),
        (("--stage", "second"), "no stage 'second'"),
    ],
)
def test_what_cannot_be_used_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert run(folder, *arguments) == 2
    assert message in capsys.readouterr().err


def test_the_page_on_training_names_every_option(repository: Path) -> None:
    page = (repository / "docs" / "training.md").read_text(encoding="utf-8")
    actions = train.argument_parser()._actions
    options = {name for action in actions for name in action.option_strings if name.startswith("--")}
    assert {name for name in options - {"--help", "--version"} if f"`{name}" not in page} == set()


def test_the_page_on_training_names_every_configuration(repository: Path) -> None:
    page = (repository / "docs" / "training.md").read_text(encoding="utf-8")
    folder = repository / "config" / "train"
    for path in [*folder.glob("*.yaml"), *(folder / "augmentation").glob("*.yaml")]:
        assert f"`{path.relative_to(folder).as_posix()}`" in page


def test_several_processes_end_together_when_one_fails(folder: Path) -> None:
    (folder / "module.py").write_text(
        "import os, sys, time\nif os.environ['RANK'] == '1': sys.exit(7)\ntime.sleep(60)\n"
    )
    environment = {"PYTHONPATH": str(folder)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        assert processes.launch("module", [], 2) == 7


def test_several_processes_know_each_other(folder: Path) -> None:
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    (folder / "module.py").write_text(
        "import os, sys, pathlib\n"
        f"text = ' '.join(os.environ[name] for name in {names!r})\n"
        "(pathlib.Path(sys.argv[1]) / os.environ['RANK']).write_text(text)\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        assert processes.launch("module", [str(folder)], 2) == 0
    first, second = ((folder / rank).read_text().split() for rank in "01")
    assert first[:4] == ["0", "0", "2", "127.0.0.1"]
    assert second[:4] == ["1", "1", "2", "127.0.0.1"]
    assert first[4] == second[4]
