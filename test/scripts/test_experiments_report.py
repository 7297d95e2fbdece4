"""The report of the experiments: numbers of the runs reach the page, with every seed, and pictures show them."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import cv2
import experiments_report
import pytest
from experiments.measurements import IN_GENERAL, measurements
from experiments.page import markers, replaced
from experiments.plan import EXPERIMENTS, Run, by_name, plan
from experiments.results import as_text, measured, read_results, values
from experiments.tables import QUESTIONS, as_markdown, has_state, rows

MEMORIES = ("with state", "without state", "without state and z0")


def leave(folder: Path, run: Run, nme: float) -> None:
    """The files of a run that is done, all of its errors `nme`."""
    own = folder / run.name
    own.mkdir(parents=True)
    (own / "trained.json").write_text('{"seconds": 120}')
    numbers = {"nme_mean": nme, "nme_std": 1.0, "failure_rate_10": 2.5, "nme_inner51": nme, "weights_mb": 4.75}
    state = has_state(run.experiment)
    clips = [
        {**numbers, "memory": memory, "flicker": 3.0, "flicker_error": nme / 2, "error_over_time": [nme, None, nme + 1]}
        for memory in MEMORIES[0 if state else 1 :]
    ]
    found = {
        "clips": clips,
        "flicker": {"flicker": dict.fromkeys(MEMORIES, 1.5)},
        "verification": {"pairs": {"all pairs": {"eer": 21.0}}},
    }
    for one in measurements(run.experiment, IN_GENERAL):
        (own / one.file_name).write_text(json.dumps(found.get(one.name, numbers)))
    with (own / "validation.csv").open("w", newline="") as file:
        clip = {"clip_nme": nme, "clip_nme_stateless": 9.25, "clip_flicker": 0.5, "clip_flicker_stateless": 0.75}
        writer = csv.DictWriter(file, ["images", "set", "nme_mean", "nme_detection7", "failure_rate_10", *clip])
        writer.writeheader()
        for images in (100, 200):
            errors = {"nme_mean": nme + 200 / images, "nme_detection7": nme, "failure_rate_10": 1.0}
            writer.writerows({"images": images, "set": name, **errors, **clip} for name in ("300w", "udacity_ytf"))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of all runs; the error of experiment number n and seed s is n + s / 10."""
    for number, experiment in enumerate(EXPERIMENTS):
        for seed in (1, 2):
            leave(tmp_path / "runs", Run(experiment, seed), number + seed / 10)
    return tmp_path / "runs"


def line(table: str, label: str) -> list[str]:
    """The cells behind a label."""
    (found,) = [row for row in table.splitlines() if row.startswith(f"| {label} |")]
    return [cell.strip() for cell in found.split("|")[2:-1]]


def test_a_number_is_the_mean_with_every_seed_behind_it():
    assert as_text([1.0, 2.0]) == "1.50 (1.00, 2.00)"
    assert as_text([1.25]) == "1.25 (one seed)"
    assert as_text([]) == "-"


def test_seeds_are_in_order_and_runs_that_are_not_trained_are_left_out(runs: Path):
    (runs / "reg-1" / "trained.json").unlink()
    results = read_results(runs, reversed(plan()))

    assert values(results, by_name("det"), measured("truth7", "nme_mean")) == [2.1, 2.2]
    assert values(results, by_name("reg"), measured("truth7", "nme_mean")) == [1.2]
    assert values(results, by_name("det"), measured("truth7", "absent")) == []


def test_every_question_has_a_table_of_its_experiments(runs: Path):
    results = read_results(runs, plan())

    for question in QUESTIONS:
        table = as_markdown(question, results)
        for row in rows(question):
            assert any(cell != "-" for cell in line(table, row.label))
        assert "rednet-evaluate faces68/labels.jsonl" in table or question == "temporal"
    assert {question for experiment in EXPERIMENTS for question in experiment.question} == set(QUESTIONS)


def test_steps_are_compared_by_the_seven_landmarks(runs: Path):
    table = as_markdown("steps", read_results(runs, plan()))

    assert line(table, "one-step detection")[0] == "2.15 (2.10, 2.20)"
    assert "--landmarks 7" in table
    assert "8 of 8 runs; they trained for 16 minutes" in table


def test_the_temporal_module_is_compared_with_itself_without_state(runs: Path):
    table = as_markdown("temporal", read_results(runs, plan()))

    with_state = line(table, "temporal, residual e_p: with state")
    without = line(table, "temporal, residual e_p: without state")
    without_z0 = line(table, "temporal, residual e_p: without state and z0")
    moving = 5
    assert with_state[moving] == "6.15 (6.10, 6.20)"
    assert without[moving] == "9.25 (9.25, 9.25)"
    assert without_z0[moving] == "-"
    assert without_z0[0] == "6.15 (6.10, 6.20)"
    assert "without temporal module: with state" not in table
    assert "--flicker" in table


def test_what_is_not_measured_is_said(tmp_path: Path):
    leave(tmp_path, Run(by_name("det"), 1), 4.0)
    results = read_results(tmp_path, plan())

    assert as_markdown("sharing", results) == "Not run yet."
    assert line(as_markdown("steps", results), "one-step regression")[0] == "-"
    assert line(as_markdown("steps", results), "one-step detection")[0] == "4.00 (one seed)"


def test_a_part_is_replaced_and_nothing_else():
    begin, end = markers("steps")
    page = f"before\n{begin}\nold\n\nolder\n{end}\nafter\n"

    once = replaced(page, "steps", r"new \1")

    assert once == f"before\n{begin}\nnew \\1\n{end}\nafter\n"
    assert replaced(once, "steps", "old\n\nolder") == page
    with pytest.raises(ValueError, match="count"):
        replaced(page, "count", "new")


def report(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["experiments_report.py", *map(str, arguments)])
    return experiments_report.main()


def test_the_shipped_page_is_filled(runs: Path, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("matplotlib")
    shipped = (repository / "docs" / "experiments.md").read_text()
    page = tmp_path / "experiments.md"
    page.write_text(shipped)

    for _ in range(2):
        assert report(monkeypatch, runs, "--page", page, "--images", tmp_path / "images") == 0

    filled = page.read_text()
    assert "| one-step detection | 2.15 (2.10, 2.20) |" in filled
    assert filled.count("## ") == shipped.count("## ")
    pictures = sorted((tmp_path / "images").iterdir())
    assert len(pictures) == 5
    for picture in pictures:
        assert filled.count(f"](images/{picture.name})") == 1
        assert cv2.imread(str(picture)).std() > 5


def test_pictures_are_left_out_where_nothing_is_measured(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("matplotlib")
    leave(tmp_path / "runs", Run(by_name("det"), 1), 4.0)
    page = tmp_path / "experiments.md"
    page.write_text((repository / "docs" / "experiments.md").read_text())

    assert report(monkeypatch, tmp_path / "runs", "--page", page, "--images", tmp_path) == 0

    assert [path.name for path in tmp_path.glob("*.png")] == ["experiments_steps.png"]


def test_a_folder_without_runs_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert report(monkeypatch, tmp_path, "--page", tmp_path / "absent.md") == 1
