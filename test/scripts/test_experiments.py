"""The experiments: every run is one that rednet-train accepts, and changes what its label says."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import yaml
from experiments.execution import TRAINED, Execution, do_all
from experiments.measurements import IN_GENERAL, measurements
from experiments.plan import EXPERIMENTS, SEEDS, WHOLE, Run, by_name, configuration, plan

from rednet_ros.cli.evaluate_options import argument_parser, check
from rednet_ros.training.config import read_config


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_rednet_train_accepts_the_configuration(experiment, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(configuration(Run(experiment, 2))))

    config = read_config(path)

    assert config.seed == 2
    assert config.name == f"{experiment.name}-2"
    for name, value in experiment.network.items():
        assert getattr(config.network, name) == (tuple(value) if isinstance(value, list) else value)
    assert config.network.finds_all_landmarks == experiment.finds_all_landmarks


def test_no_two_experiments_are_the_same():
    configurations = [{**configuration(Run(experiment, 1)), "name": ""} for experiment in EXPERIMENTS]

    assert all(configurations.count(one) == 1 for one in configurations)


def test_every_question_compares_at_least_two():
    questions = [question for experiment in EXPERIMENTS for question in experiment.question]

    assert min(questions.count(question) for question in questions) >= 2


def test_a_run_goes_on_from_one_that_has_the_same_network_and_comes_before_it():
    runs = plan()

    for run in runs:
        if run.begins_with is not None:
            assert runs.index(run.begins_with) < runs.index(run)
            own, before = (configuration(one)["network"] for one in (run, run.begins_with))
            own.pop("smoothing", None)
            assert {**own, "temporal": "none", "identity": False} == before


def test_a_part_of_the_plan_holds_what_its_runs_begin_with():
    names = [run.name for run in plan(["temporal", "det"], [1])]

    assert names == ["det_reg-1", "det-1", "no_memory-1", "residual-1", "replace-1", "smoothing-1", "calm-1"]
    assert len(plan()) == len(EXPERIMENTS) * len(SEEDS)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_rednet_evaluate_accepts_every_measurement(experiment):
    found = measurements(experiment, IN_GENERAL)

    assert found
    for one in found:
        options = argument_parser().parse_args(one.command("runs"))
        check(options)
        assert options.landmarks == "7" or experiment.finds_all_landmarks
        assert options.json == Path("runs") / one.file_name


class Recorded:
    """A command that leaves the files which the real ones leave. `fails`: a word in the commands that fail."""

    def __init__(self, fails: str | None = None) -> None:
        self.calls: list[list[str]] = []
        self._fails = fails
        self._lock = threading.Lock()

    def __call__(self, command: list[str], log_path: Path) -> bool:
        with self._lock:
            self.calls.append(command)
        if self._fails is not None and any(self._fails in argument for argument in command):
            return False
        if "--json" in command:
            Path(command[command.index("--json") + 1]).write_text("{}")
        return True

    def trained(self) -> list[str]:
        """Names of the runs that were trained, in order."""
        return [Path(command[1]).parent.name for command in self.calls if command[0] == "rednet_ros.cli.train"]


def run_all(runs: list[Run], command: Recorded, output: Path, processes: int = 1) -> list[str]:
    return do_all(runs, Execution(IN_GENERAL, output, command), processes, lambda: False)


def test_runs_are_trained_in_order_and_measured_at_once(tmp_path):
    command = Recorded()

    assert run_all(plan(["temporal"], [1]), command, tmp_path) == []

    assert command.trained() == ["det_reg-1", "no_memory-1", "residual-1", "replace-1", "smoothing-1", "calm-1"]
    second = command.trained()[1]
    modules = [call[0].rsplit(".")[-1] for call in command.calls if any(second in argument for argument in call)]
    assert modules == ["train", "evaluate", "evaluate"]
    init = command.calls[[call[1].endswith("no_memory-1/config.yaml") for call in command.calls].index(True)]
    assert init[init.index("--init") + 1] == str(tmp_path / "det_reg-1" / "weights.safetensors")


def test_what_is_done_is_not_done_again(tmp_path):
    runs = plan(["steps"], [1])
    run_all(runs, Recorded(), tmp_path)
    (tmp_path / "reg-1" / "truth7.json").unlink()
    again = Recorded()

    assert run_all(runs, again, tmp_path) == []

    assert [call[0] for call in again.calls] == ["rednet_ros.cli.evaluate"]
    assert "--landmarks" in again.calls[0]


def test_a_run_that_was_stopped_goes_on_from_its_checkpoint_or_begins_anew(tmp_path):
    stopped, early = tmp_path / "residual-1", tmp_path / "det_reg-1"
    stopped.mkdir()
    early.mkdir()
    (stopped / "checkpoint.safetensors").touch()
    (early / "log.csv").write_text("begun")
    command = Recorded()

    run_all(plan(["residual"], [1]), command, tmp_path)

    first, second = (call for call in command.calls if call[0] == "rednet_ros.cli.train")
    assert "--resume" not in first
    assert not (early / "log.csv").exists()
    assert "--resume" in second
    assert "--init" not in second


def test_a_failed_run_fails_those_that_begin_with_it_and_no_other(tmp_path):
    command = Recorded(fails=f"{WHOLE}-1/config")

    failed = run_all(plan(["det", "no_memory"]), command, tmp_path, processes=2)

    assert sorted(failed) == ["det_reg-1", "no_memory-1"]
    assert "no_memory-1" not in command.trained()
    assert (tmp_path / "no_memory-2" / TRAINED).exists()


def test_nothing_is_begun_once_the_time_is_over(tmp_path):
    command = Recorded()
    runs = plan(["steps"])

    failed = do_all(runs, Execution(IN_GENERAL, tmp_path, command), 1, lambda: len(command.trained()) >= 2)

    assert failed == []
    assert command.trained() == ["det_reg-1", "det_reg-2"]


def test_the_chain_can_be_tried_on_few_images(tmp_path):
    run_all([Run(by_name("reg"), 2)], command := Recorded(), tmp_path)
    do_all([Run(by_name("det"), 2)], Execution(IN_GENERAL, tmp_path, command, images=64), 1, lambda: False)

    images = [
        yaml.safe_load((tmp_path / name / "config.yaml").read_text())["stages"][0]["images"]
        for name in ("reg-2", "det-2")
    ]
    assert images[0] > images[1] == 64
    assert json.loads((tmp_path / "det-2" / TRAINED).read_text())["seconds"] >= 0
