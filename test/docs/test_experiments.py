"""The tables of docs/experiments.md are those of docs/experiments.json, and its configurations exist."""

import json
from pathlib import Path

import pytest
import yaml

from rednet_ros.training.config import read_config

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "experiments.md").read_text(encoding="utf-8")
DATA = json.loads((DOCS / "experiments.json").read_text(encoding="utf-8"))


def cell(value):
    """The mean of the seeds, and both of them behind it."""
    return "-" if value is None else f"{value['mean']:.2f} ({', '.join(f'{seed:.2f}' for seed in value['seeds'])})"


@pytest.mark.parametrize("name", DATA["tables"])
def test_a_table_is_on_the_page(name):
    table = DATA["tables"][name]
    lines = [f"| {' | '.join(['', *table['columns']])} |", "|" + "---|" * (len(table["columns"]) + 1)]
    lines += [f"| {' | '.join([label, *map(cell, values)])} |" for label, values in table["rows"].items()]
    assert "\n".join(lines) in PAGE


@pytest.mark.parametrize("experiment", DATA["experiments"], ids=lambda experiment: experiment["name"])
def test_a_change_gives_a_configuration_that_can_be_trained(experiment, tmp_path):
    path = DOCS.parent / experiment["config"]
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["network"].update(experiment["changes"].get("network", {}))
    stage, changes = values["stages"][0], dict(experiment["changes"].get("stage", {}))
    stage["losses"].update(changes.pop("losses", {}))
    stage.update(changes)
    if "only_in_version" not in experiment:
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        assert read_config(tmp_path / "config.yaml").stages
    assert f"| {experiment['name']}: {experiment['label']} | {path.name} |" in PAGE
    for named in experiment["changes"].values():
        assert all(f"`{name}: " in PAGE for name in named)
