"""The plan of the experiments: every run is one that rednet-train accepts, and changes what its label says."""

import pytest
import yaml
from experiments.plan import EXPERIMENTS, configuration

from rednet_ros.training.config import read_config


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_rednet_train_accepts_the_configuration(experiment, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(configuration(experiment, 2)))

    config = read_config(path)

    assert config.seed == 2
    assert config.name == f"{experiment.name}-2"
    for name, value in experiment.network.items():
        assert getattr(config.network, name) == (tuple(value) if isinstance(value, list) else value)


def test_no_two_experiments_are_the_same():
    configurations = [{**configuration(experiment, 1), "name": ""} for experiment in EXPERIMENTS]

    assert all(configurations.count(one) == 1 for one in configurations)


def test_every_question_compares_at_least_two():
    questions = [question for experiment in EXPERIMENTS for question in experiment.question]

    assert min(questions.count(question) for question in questions) >= 2
