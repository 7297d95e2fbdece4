"""rednet-benchmark as it is called; what it measures is tested in test/evaluation/speed."""

import json
import re
from pathlib import Path

import pytest

from rednet_ros.cli import benchmark
from rednet_ros.evaluation.speed.page import FORMAT

DOCS = Path(__file__).parents[2] / "docs"


def run(*arguments):
    return benchmark.main([str(argument) for argument in arguments])


def test_the_page_is_made_from_saved_figures(tmp_path, capsys):
    page = tmp_path / "page.md"
    assert run("--from", DOCS / "performance.json", "--page", page) == 0
    assert page.read_text() == (DOCS / "performance.md").read_text()
    assert "### Frames, 1 core" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--faces", "4,2"), "rising numbers from 1 to 64"),
        (("--faces", "0"), "rising numbers from 1 to 64"),
        (("--rounds", "0"), "at least 1"),
        (("--backend", "other"), "invalid choice"),
        (("--onnx", "a.onnx"), "expected 2 arguments"),
    ],
)
def test_arguments_out_of_range_are_refused(capsys, arguments, complaint):
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--from", "absent.json"), "absent.json: no results of rednet-benchmark"),
        (("--from", "other.json"), "other.json: no results of this version's rednet-benchmark"),
        (("--json", "other.json"), "other.json: no results of this version's rednet-benchmark"),
        (("--input", "absent.mp4"), "absent.mp4: No such file"),
        (("--labels", "absent.jsonl"), "absent.jsonl"),
        (("--weights", "absent"), "no shipped weights named 'absent'"),
        (("--json", "absent/figures.json"), "the folder absent does not exist"),
    ],
)
def test_files_that_cannot_be_used_are_named(capsys, monkeypatch, tmp_path, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    Path("other.json").write_text('{"floors": []}')
    assert run(*arguments) == 2
    assert complaint in capsys.readouterr().err


def test_an_output_must_not_replace_the_figures(capsys, tmp_path):
    figures = tmp_path / "figures.json"
    figures.write_text("{}")
    assert run("--from", figures, "--page", figures) == 2
    assert "already an input" in capsys.readouterr().err


def test_the_commands_page_names_every_option():
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    common, *parts = re.split(r"^## ", page, flags=re.MULTILINE)
    (part,) = [part for part in parts if part.startswith(f"{benchmark.NAME}\n")]
    options = {name for action in benchmark.argument_parser()._actions for name in action.option_strings}
    assert set(re.findall(r"--[a-z][a-z-]+", common + part)) == {name for name in options if name.startswith("--")}


@pytest.mark.slow
def test_a_short_run_puts_a_row_beside_those_of_other_machines(tmp_path):
    path, page = tmp_path / "figures.json", tmp_path / "page.md"
    (other,) = json.loads((DOCS / "performance.json").read_text())["machines"][:1]
    other["machine"]["processor"] = "Another CPU"
    path.write_text(json.dumps({"format": FORMAT, "machines": [other]}))
    assert run("--faces", "1,4", "--rounds", "1", "--no-topics", "--json", path, "--page", page) == 0
    kept, mine = json.loads(path.read_text())["machines"]
    assert kept == other
    own = mine["rows"][0]
    assert [(row["faces"], row["found"]) for row in own["frames"][:2]] == [(1, 1), (4, 4)]
    # Which is the largest depends on what runs beside this test, and bf16 may undercut the floor, which is of float32.
    assert all(row[name] > 0 for row in own["frames"][:2] for name in ("floor_ms", "network_ms", "cpu_ms"))
    assert 0.2 < own["start"]["cpu_s"] < 30
    assert 50 < own["start"]["memory_mb"] < 2000
    assert 0 < own["cameras"]["share"] <= 1
    assert str(tmp_path) not in mine["command"]
    assert page.read_text().count("\n### Frames, 1 core\n") == 2
