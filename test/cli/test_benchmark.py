"""rednet-benchmark as it is called; what it measures is tested in test/evaluation/speed."""

import json
import re
from pathlib import Path

import pytest

from rednet_ros.cli import benchmark

DOCS = Path(__file__).parents[2] / "docs"


def run(*arguments):
    return benchmark.main([str(argument) for argument in arguments])


def test_page_and_chart_are_made_from_saved_figures(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    page, chart = tmp_path / "page.md", tmp_path / "images" / "chart.png"
    chart.parent.mkdir()
    assert run("--from", DOCS / "performance.json", "--page", page, "--chart", chart) == 0
    assert "![](images/chart.png)" in page.read_text()
    assert chart.stat().st_size > 10_000
    assert "Faces in a frame" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--faces", "4,2"), "rising numbers from 1 to 64"),
        (("--faces", "0"), "rising numbers from 1 to 64"),
        (("--cameras", "1,99"), "rising numbers from 1 to 16"),
        (("--size", "640"), "must be like 640x480"),
        (("--size", "32x480"), "at least 64x64"),
        (("--seconds", "0"), "above 0"),
        (("--fairness", "nan"), "above 0"),
        (("--memory-frames", "0"), "at least 1"),
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
        (("--input", "absent.mp4"), "absent.mp4: no such file"),
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
def test_a_short_run_measures_every_part_that_needs_no_ros(tmp_path):
    path = tmp_path / "figures.json"
    arguments = ("--faces", "1,2", "--cameras", "2", "--seconds", "0.05", "--size", "320x240", "--memory-frames", "40")
    assert run(*arguments, "--fairness", "1", "--no-topics", "--no-peers", "--json", path) == 0
    report = json.loads(path.read_text())
    assert [(row["faces"], row["tracked"]) for row in report["faces"]] == [(1, 1), (2, 2)]
    assert all(row["floor_ms"] > 0 and row["network"]["wall_ms"] > 0 for row in report["faces"])
    assert [row["tracked"] for row in report["cameras"]] == [2]
    assert report["peers"][0]["found"] > 0
    assert report["start"]["faces"] == 1
    assert report["start"]["frames"] == 40
    assert len(report["fairness"]["processed"]) == 3
    assert report["ros"] is None
    assert not [part for part in report["left_out"] if not part.startswith("backend ")]
