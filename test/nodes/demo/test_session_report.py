"""The summary of a recorded session."""

import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.demo.session_report import SessionCollector, SessionReport


@pytest.fixture
def collector():
    collector = SessionCollector()
    collector.player_figures({"sent": "5"})
    collector.tracker_figures(
        {"received": "5", "processed": "4", "dropped": "1", "rejected": "0", "failed": "0", "latency_median_ms": "nan"}
    )
    for ids, latency_s in ((["f1"], 0.010), (["f1", "f2"], 0.020), ([], 0.030), (["f1"], 0.040)):
        collector.faces(ids, latency_s, "rednet-lite")
    return collector


def test_figures_come_from_messages_and_diagnostics(collector, tmp_path):
    report = collector.report([tmp_path / "overlay.mp4"])
    assert (report.frames_sent, report.frames_received, report.frames_processed, report.frames_dropped) == (5, 5, 4, 1)
    assert (report.messages, report.frames_with_face, report.faces_most) == (4, 3, 2)
    assert report.face_frames == {"f1": 3, "f2": 1}
    assert report.latency_median_ms == pytest.approx(25)


def test_it_is_reported_in_words(collector):
    text = "\n".join(collector.report().lines())
    assert "sent 5, received 5, processed 4, dropped 1" in text
    assert "in 3 of 4 frames (75 %), at most 2 at a time" in text
    assert "f1 in 3 frames, f2 in 1 frame\n" in text
    assert "median 25.0 ms" in text


def test_it_survives_being_saved(collector, tmp_path):
    report = collector.report([tmp_path / "a.png"])
    report.save(tmp_path / "summary.json")
    assert SessionReport.load(tmp_path / "summary.json") == report


def test_what_was_not_reported_is_unknown_not_zero():
    lines = SessionCollector().report().lines()
    assert "sent ?, received ?, processed ?, dropped ?" in lines[0]
    assert any("median unknown" in line for line in lines)


def test_latencies_of_another_clock_are_left_out():
    collector = SessionCollector()
    collector.faces(["f1"], -5.0, "")
    collector.faces(["f1"], 1e9, "")
    assert collector.report().latency_median_ms is None


@pytest.mark.parametrize("content", [None, "", "{}", '{"files": [], "surprise": 1}'])
def test_a_missing_or_foreign_file_is_named(tmp_path, content):
    path = tmp_path / "summary.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"summary\.json: no session report"):
        SessionReport.load(path)
