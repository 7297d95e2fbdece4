"""docs/datasets.md against the loaders."""

import re
from pathlib import Path

import pytest

from rednet_ros.cli import convert
from rednet_ros.training.datasets import LOADERS, aflw, ibug_300vw, ibug_300w, lfw, talking_face

PAGE = (Path(__file__).parents[3] / "docs/datasets.md").read_text(encoding="utf-8")


def rows(title: str) -> list[list[str]]:
    """Cells of all table rows in the section whose heading begins with `title`; of the first part for ""."""
    parts = re.split(r"^##? ", PAGE, flags=re.MULTILINE)[1:]
    (part,) = [part for part in parts if part.startswith(title)] if title else parts[:1]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]


def mapping(title: str) -> dict[int, str]:
    return {int(row[0]): row[1] for row in rows(title) if row[0].isdecimal()}


def test_every_format_has_its_row_and_its_section() -> None:
    assert [row[0].strip("`") for row in rows("") if row[0].startswith("`")] == list(LOADERS)
    for name in set(LOADERS) - {"labels"}:
        assert re.search(rf"^## .*`{name}`", PAGE, flags=re.MULTILINE), name


def test_the_sources_are_named() -> None:
    named = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[3])) for row in rows("")}
    halves = {"300w_helen_test", "300w_lfpw_test"}
    assert named["300w"] == set(ibug_300w.FOLDERS.values()) | halves
    assert named["300vw"] == set(ibug_300vw.CATEGORIES)


def test_the_table_of_aflw() -> None:
    assert mapping("AFLW") == aflw.MARKUP
    for name in aflw.UNUSED:
        assert name in PAGE


def test_the_table_of_lfw() -> None:
    order = {index: int(text.split(",")[0]) for index, text in mapping("LFW").items()}
    assert order == {index: number for number, index in enumerate(lfw.MARKUP, 1)}


def test_the_table_of_the_talking_face() -> None:
    assert {index: int(theirs) for index, theirs in mapping("Talking Face").items()} == talking_face.MARKUP


@pytest.mark.parametrize("source", ibug_300vw.CATEGORIES)
def test_the_split_of_300vw(source: str) -> None:
    (row,) = [row for row in rows("300-VW") if row[0].startswith(f"`{source}`")]
    assert tuple(map(int, row[2].split())) == ibug_300vw.CATEGORIES[source]
    assert int(row[1]) == len(ibug_300vw.CATEGORIES[source])


def test_how_many_landmarks_each_set_has() -> None:
    counts = {row[0].strip("`"): int(row[2].split()[0]) for row in rows("") if row[2].endswith("of the 68")}
    assert counts == {
        "aflw": len(aflw.MARKUP),
        "lfw": len(lfw.MARKUP),
        "talking-face": len(talking_face.MARKUP),
    }


def test_the_page_names_the_options_of_the_command() -> None:
    options = {name for action in convert.argument_parser()._actions for name in action.option_strings}
    section = PAGE[PAGE.index("## Crops") : PAGE.index("## 300-W")]
    assert set(re.findall(r"--[a-z]+", section)) == {name for name in options if name.startswith("--")} - {
        "--help",
        "--version",
    }
