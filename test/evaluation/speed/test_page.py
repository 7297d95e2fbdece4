"""The page of a report, and how a machine's figures get into it."""

import copy
import json
import re
from pathlib import Path

from rednet_ros.evaluation.speed.page import merged, page

DOCS = Path(__file__).parents[3] / "docs"


def frame(faces, cores, cpu_ms, found=None, **network):
    found = float(faces if found is None else found)
    times = {"found": found, "cpu_ms": cpu_ms, "wall_ms": cpu_ms + 1, "p95_ms": 2 * cpu_ms}
    return {"faces": faces, "cores": cores, **times, **network}


ERROR = {"labels": "some faces", "faces": 9, "missed": 1, "nme_mean": 3.333, "nme_inner51": 2.5, "failure_rate_10": 0.0}
ROWS = [
    {
        "name": "some-weights, opencv float32",
        "is_own": True,
        "start": {"cpu_s": 1.234, "memory_mb": 210.4},
        "frames": [frame(n, c, 6.0 * n, network_ms=4.0 * n, floor_ms=2.5 * n) for c in (1, 2) for n in (1, 4)],
        "cameras": {"count": 3, "rate_hz": 15.0, "seconds": 10.0, "share": 0.954, "cores": 0.5},
        "error": ERROR,
    },
    {
        "name": "MediaPipe FaceMesh 0.10.21",
        "is_own": False,
        "start": {"cpu_s": None, "memory_mb": 150.0},
        "frames": [frame(n, c, 8.0, found=1) for c in (1, 2) for n in (1, 4)],
        "cameras": None,
        "error": None,
    },
]
ENTRY = {
    "machine": {"processor": "Some CPU", "features": ["AVX2"], "cores": 2, "openvino": None, "load": 0.25},
    "command": "rednet-benchmark --labels labels.jsonl",
    "rows": ROWS,
    "topics": {"sent": 45, "latency_median_ms": 14.04, "first_face_s": None},
    "left_out": {"dlib": "No module named 'dlib'"},
}
REPORT = {"format": 3, "machines": [ENTRY]}


def cells(text):
    return {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines() if "|" in line}


def test_the_page_begins_with_the_ratio_to_mediapipe():
    text = page(REPORT)
    name = "Some CPU, AVX2, 2 cores"
    assert (name, "some-weights, opencv float32", "6.00", "8.00", "0.75") in cells(text.partition(f"## {name}")[0])


def test_the_page_shows_every_part():
    text = page(REPORT)
    titles = ["Frames, 1 core", "Frames, 2 cores", "The network", "Start, memory, error", "Through topics"]
    assert re.findall(r"^### (.*)$", text, flags=re.MULTILINE) == titles
    rows = cells(text)
    assert ("some-weights, opencv float32", "6.00 / 7.00 (12.0)", "24.0 / 25.0 (48.0)") in rows
    assert ("MediaPipe FaceMesh 0.10.21", "8.00 / 9.00 (16.0)", "8.00 / 9.00 (16.0), 1 found") in rows
    assert ("some-weights, opencv float32", "4.00 / 2.50 = 1.60", "16.0 / 10.0 = 1.60") in rows
    assert ("some-weights, opencv float32", "1.23", "210", "3.33", "2.50", "0.00", "1") in rows
    assert ("MediaPipe FaceMesh 0.10.21", "-", "150", "-", "-", "-", "-") in rows
    assert ("latency_median_ms", "14.0") in rows
    assert "(some faces)" in text
    assert "95 % of the images were tracked" in text
    assert "\n    rednet-benchmark --labels labels.jsonl\n" in text
    assert "- dlib: No module named 'dlib'" in text
    assert "{" not in text


def test_every_table_is_one():
    for block in page(REPORT).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_the_page_leaves_out_what_was_not_measured():
    entry = copy.deepcopy(ENTRY) | {"topics": None, "left_out": {}, "note": "Two others were busy."}
    entry["rows"] = [entry["rows"][0] | {"cameras": None, "error": None}]
    for row in entry["rows"][0]["frames"]:
        del row["floor_ms"]
    text = page({"format": 3, "machines": [entry]})
    assert re.findall(r"^### (.*)$", text, flags=re.MULTILINE) == [
        "Frames, 1 core",
        "Frames, 2 cores",
        "Start, memory, error",
    ]
    assert ("Some CPU, AVX2, 2 cores", "some-weights, opencv float32", "6.00", "-", "-") in cells(text)
    assert "\n\nTwo others were busy.\n\n" in text
    assert "Not measured" not in text


def test_machines_stand_side_by_side_and_a_new_run_takes_its_machines_place():
    other = copy.deepcopy(ENTRY)
    other["machine"]["features"] = ["AVX2", "AVX-512"]
    both = merged(merged(None, ENTRY), other)
    assert both["machines"] == [ENTRY, other]
    again = copy.deepcopy(ENTRY) | {"command": "again"}
    again["machine"]["load"] = 3.0
    assert merged(both, again)["machines"] == [other, again]
    assert both["machines"] == [ENTRY, other]
    assert [line for line in page(both).splitlines() if line.startswith("## Some CPU")] == [
        "## Some CPU, AVX2, 2 cores",
        "## Some CPU, AVX2, AVX-512, 2 cores",
    ]


def test_the_page_in_the_documentation_is_made_from_the_figures_beside_it():
    report = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))
    assert (DOCS / "performance.md").read_text(encoding="utf-8") == page(report)
