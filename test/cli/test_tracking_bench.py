"""rednet-tracking-bench as it is called; what it measures is tested in test/evaluation/tracking_bench."""

import re
from pathlib import Path

from rednet_ros.cli import tracking_bench


def test_what_cannot_be_used_costs_one_line(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert tracking_bench.main([str(tmp_path / "none.jsonl")]) == 2
    assert "no such labels file" in capsys.readouterr().err


def test_the_page_names_every_option_count_and_kind_of_clip() -> None:
    page = (Path(__file__).parents[2] / "docs/reliability.md").read_text(encoding="utf-8")
    (usage,) = re.findall(r"^rednet-tracking-bench .*$", page, re.MULTILINE)
    options = {name for action in tracking_bench.argument_parser()._actions for name in action.option_strings}
    assert set(re.findall(r"--[a-z-]+", usage)) == {name for name in options if name.startswith("--")} - {
        "--help",
        "--version",
    }
    for field in ("clear", "found", "switches", "renewals", "births", "astray", "losses"):
        assert f"`{field}`" in page
    for kind in ("tiled", "crossing", "leaving", "returning", "replaced", "occluded", "cut", "empty"):
        assert re.search(rf"^\| .*\b{kind}\b.* \|", page, re.MULTILINE)
