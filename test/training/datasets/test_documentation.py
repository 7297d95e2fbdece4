"""docs/datasets.md against the loaders."""

import re
from pathlib import Path

import pytest

from rednet_ros.cli import convert
from rednet_ros.training.datasets import LOADERS, aflw, ibug_300vw, ibug_300w, lfw, talking_face
from rednet_ros.training.datasets.labels import read_labels

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
    assert set(re.findall(r"--[a-z-]+", section)) == {name for name in options if name.startswith("--")} - {
        "--help",
        "--version",
    }


def scripts() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_script_for_98_points_makes_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    row = " ".join(f"{index}.5 {index}" for index in range(98))
    Path("list_98pt_rect_attr_train.txt").write_text(f"{row} 1 2 3 4 0 0 0 0 0 0 37--Soccer/37_a.jpg\n")
    exec(scripts()[0], {})
    (face,) = read_labels(tmp_path / "labels.jsonl")
    taken = face.points_px[:, 1].astype(int).tolist()
    assert taken[:17] == list(range(0, 33, 2))
    assert [taken[index] for index in (27, 30, 33, 36, 39, 42, 45, 48, 54, 60, 67)] == [
        *(51, 54, 57, 60, 64, 68, 72, 76, 82, 88, 95),
    ]
    assert face.image_path == tmp_path / "WFLW_images" / "37--Soccer" / "37_a.jpg"


def test_the_script_for_dlib_makes_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parts = "".join(f"<part name='{index:02}' x='{index}' y='{2 * index}'/>" for index in range(67))
    box = f"<box top='1' left='2' width='3' height='4'>{parts}</box>"
    text = f"<dataset><images><image file='helen/a.jpg'>{box}{box}</image></images></dataset>"
    Path("labels_ibug_300W_train.xml").write_text(text)
    exec(scripts()[1], {})
    first, _ = read_labels(tmp_path / "labels.jsonl")
    assert first.points_px[30].tolist() == [30, 60]
    assert first.annotated.tolist() == [True] * 67 + [False]
