"""Page and chart of a report."""

import copy
import json
import re
from pathlib import Path

import cv2
import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed.page import draw_chart, page

DOCS = Path(__file__).parents[3] / "docs"
MS = {"wall_ms": 12.345, "p95_ms": 20.0, "cpu_ms": 15.0, "runs": 100}
REPORT = {
    "format": 2,
    "command": "rednet-benchmark --seconds 3",
    "machine": {"processor": "Some CPU", "cores": 2},
    "weights": "some-weights",
    "backend": "opencv float32",
    "frames": "640 x 480, composed of a portrait",
    "gflop_per_face": 0.5,
    "faces": [
        {
            "faces": faces,
            "tracked": faces,
            "threads": 1,
            "network": MS,
            "floor_ms": 5.0 * faces,
            "frame": MS,
            "stages_ms": {"detect": 0.0, "network": 12.0, "crop": 0.5, "rest": 0.5},
            "search": MS,
        }
        for faces in (1, 4)
    ],
    "backends": [{"backend": "opencv float32", "faces": 1, "threads": 1, "network": MS, "floor_ms": 5.0}],
    "peers": [{"name": "Other 1.0", "found": 99, "frames": 100, "frame": MS}],
    "cameras": [{"cameras": 3, "tracked": 3, "frame": MS}],
    "start": {"faces": 1, "cpu_s": 2.5, "memory_mb": 200.0, "frames": 100, "tenth_mb": 201.0, "end_mb": 203.0},
    "fairness": {"rate_hz": 15.0, "seconds": 9.0, "processed": [1.0], "first_ms": [20.0], "last_ms": [21.0]},
    "ros": {"answer": {"wall_ms": 14.0}, "memory_mb": 300.0},
    "rates_gflops": [{"threads": 1, "device": "cpu", "precision": "float32", "gflops": 100.0}],
    "left_out": {"dlib": "dlib is not installed"},
}


def test_the_page_shows_every_part_and_the_command():
    text = page(REPORT, "images/chart.png")
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == [
        "Machine",
        "Faces in a frame",
        "Stages of a frame",
        "Backends",
        "Other libraries",
        "Cameras",
        "Start and memory",
        "Cameras that share a tracker",
        "Through topics",
        "Not measured",
    ]
    assert "    rednet-benchmark --seconds 3\n" in text
    assert "](images/chart.png)" in text
    assert "- dlib: dlib is not installed" in text
    assert "{" not in text
    rows = {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines() if "|" in line}
    assert ("1", "1", "1", "12.3 (20.0)", "15.0", "12.3 (20.0)", "5.00", "2.47") in rows
    assert ("answer, wall_ms", "14.0") in rows
    assert "2.5 s of CPU time; it then has 200 MB" in text
    assert "After 100 more frames it has 203 MB, +2.0 MB" in text


def test_the_page_leaves_out_what_is_not_there():
    report = copy.deepcopy(REPORT)
    report |= {"backends": [], "cameras": [], "start": [], "fairness": None, "ros": None, "left_out": {}}
    report |= {"gflop_per_face": None, "rates_gflops": []}
    for row in report["faces"]:
        row["floor_ms"] = None
    titles = re.findall(r"^## (.*)$", page(report), flags=re.MULTILINE)
    assert titles == ["Machine", "Faces in a frame", "Stages of a frame", "Other libraries"]


def test_a_note_stands_on_the_page():
    assert "\n\nTwo others were busy.\n\n## Machine" in page({**REPORT, "note": "Two others were busy."})


def test_every_table_is_one():
    for block in page(REPORT).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_the_chart_is_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    draw_chart(tmp_path / "chart.png", REPORT)
    assert min(cv2.imread(str(tmp_path / "chart.png")).shape[:2]) > 400
    with pytest.raises(InputError, match="cannot be written"):
        draw_chart(tmp_path / "absent" / "chart.png", REPORT)


def test_the_page_in_the_documentation_is_made_from_the_figures_beside_it():
    report = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))
    assert (DOCS / "performance.md").read_text(encoding="utf-8") == page(report)
