"""Aims, page and chart of a report."""

import re
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed.aims import aims, rest_share
from rednet_ros.evaluation.speed.chart import draw_chart, stages
from rednet_ros.evaluation.speed.page import page, write_page
from rednet_ros.evaluation.speed.results import Report, load
from rednet_ros.evaluation.speed.timing import Timing

DOCS = Path(__file__).parents[3] / "docs"


def unmet(report):
    return [aim.name for aim in aims(report) if not aim.is_met]


def test_a_report_in_which_all_is_well(make_report):
    assert unmet(make_report()) == []
    assert len(aims(make_report())) == 11


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda r: {"faces": (replace(r.faces[0], floor_ms=1.0), r.faces[1])}, "network, one face, in floors"),
        (lambda r: {"faces": (r.faces[0], replace(r.faces[1], floor_ms=1.0))}, "network, 8 faces, in floors"),
        (lambda r: {"clip": replace(r.clip, track_rate_hz=29.9)}, "rednet-track on the clip"),
        (lambda r: {"clip": replace(r.clip, decode=Timing(9, 9, 9))}, "all but network and detector, of a frame"),
        (lambda r: {"topics": (replace(r.topics[0], answer=Timing(17, 17, 9)),)}, "added by topics and the node"),
        (lambda r: {"topics": (replace(r.topics[0], memory_mb=1300.0),)}, "resident memory of the node"),
        (lambda r: {"memory": replace(r.memory, memory_mb=(0, 600, 620, 640))}, "growth of memory over 20000 frames"),
    ],
)
def test_an_aim_that_is_missed_is_told(make_report, change, name):
    report = make_report()
    assert unmet(replace(report, **change(report))) == [name]


def test_a_message_that_costs_too_much_is_told(make_report):
    path = make_report().frame_path
    costly = replace(path, messages=(replace(path.messages[0], serialise=Timing(0.2, 0.2, 9)),))
    assert unmet(make_report(frame_path=costly)) == ["FaceLandmarks beyond a flat array, of a frame"]


def test_a_starved_camera_is_told(make_report):
    fairness = make_report().fairness
    starved = replace(fairness, cameras=(replace(fairness.cameras[0], processed=50), fairness.cameras[1]))
    assert unmet(make_report(fairness=starved)) == ["worst of 2 cameras, of its share"]


def test_a_growing_latency_is_told(make_report):
    fairness = make_report().fairness
    late = replace(fairness.cameras[1], latency_last=Timing(40, 40, 9))
    growing = replace(fairness, cameras=(fairness.cameras[0], late))
    assert unmet(make_report(fairness=growing)) == ["latency in the last fifth over the first, worst camera"]


def test_what_was_not_measured_has_no_aim(make_report):
    bare = make_report(faces=(), clip=None, frame_path=None, topics=(), memory=None, fairness=None)
    assert aims(bare) == []
    assert rest_share(bare) is None


def test_the_rest_is_all_but_network_and_detector(make_report):
    """Decode 0.1, crop 0.5, landmarks 0.5, filling 0.1, bytes 0.05 beside 9.0 of the network."""
    assert rest_share(make_report()) == pytest.approx(1.25 / 10.25)


def test_the_stages_are_those_of_the_page_in_their_order(make_report):
    assert list(stages(make_report())) == ["decode", "detect", "crop", "network", "landmarks", "publish"]
    assert list(stages(make_report(clip=None, frame_path=None))) == ["detect", "crop", "network", "landmarks"]


def test_the_page_shows_every_part_and_the_command(make_report):
    text = page(make_report(), "images/chart.png")
    titles = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert titles == [
        "Aims",
        "Stages",
        "Faces",
        "Backends",
        "Cameras",
        "A video file",
        "Through topics",
        "The frame path",
        "Memory",
        "Cameras that share",
        "Other libraries",
        "Not measured",
    ]
    assert "    rednet-benchmark --seconds 3\n" in text
    assert "](images/chart.png)" in text
    assert "- dlib, 68 points: dlib is not installed" in text
    assert "{" not in text


def test_the_page_leaves_out_what_is_not_there(make_report):
    bare = make_report(
        backends=(),
        cameras=(),
        clip=None,
        frame_path=None,
        topics=(),
        peers=(),
        memory=None,
        fairness=None,
        left_out={},
    )
    assert re.findall(r"^## (.*)$", page(bare), flags=re.MULTILINE) == ["Aims", "Stages", "Faces"]


def test_a_note_stands_on_the_page(make_report):
    assert "\n\nTwo others were busy.\n\n## Aims" in page(make_report(note="Two others were busy."))


def test_every_table_is_one(make_report):
    for block in page(make_report()).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_the_chart_is_a_picture(make_report, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "chart.png"
    draw_chart(path, make_report())
    picture = cv2.imread(str(path))
    assert min(picture.shape[:2]) > 400
    assert picture[-picture.shape[0] // 3 :, picture.shape[1] // 2 :].min() == 255  # five panels: no sixth


def test_a_chart_of_nothing_and_one_into_no_folder_are_refused(make_report, tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match="nothing to draw"):
        draw_chart(tmp_path / "chart.png", make_report(faces=(), cameras=(), peers=(), memory=None))
    with pytest.raises(InputError, match="cannot be written"):
        draw_chart(tmp_path / "absent" / "chart.png", make_report())
    with pytest.raises(InputError, match="cannot be written"):
        write_page(tmp_path / "absent" / "page.md", make_report(), None)


def test_the_page_in_the_documentation_is_made_from_the_figures_beside_it():
    report = load(Report, DOCS / "performance.json")
    assert (DOCS / "performance.md").read_text(encoding="utf-8") == page(report, "images/performance.png")
