import json
import threading
from pathlib import Path

from rednet_ros.media.video import open_source
from rednet_ros.view import recording as module
from rednet_ros.view.recording import QUEUE_FRAMES, Recording, new_base


def test_a_video_and_json_lines_of_the_same_frames(tmp_path, make_frame):
    recording = Recording(tmp_path / "r", 25.0)
    for number in range(100, 120):
        recording.add(make_frame(number))
    status = recording.close()
    assert (status.frames, status.left_out, status.problem) == (20, 0, "")
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(20))
    assert rows[0]["time"] == 0
    assert rows[-1]["time"] == 19 / 25
    assert len(rows[0]["faces"][0]["landmarks"]) == 68
    with open_source(tmp_path / "r.mp4") as video:
        frames = list(video)
    assert len(frames) == 20
    assert frames[0].image_bgr.std() > 5, "the face is drawn in"


def test_what_the_disk_is_too_slow_for_is_left_out_and_counted_and_nobody_waits(tmp_path, make_frame, monkeypatch):
    may_go_on = threading.Event()
    draw = module.draw_faces

    def slow(*arguments):
        assert may_go_on.wait(30)
        return draw(*arguments)

    monkeypatch.setattr(module, "draw_faces", slow)
    recording = Recording(tmp_path / "r", 25.0)
    for number in range(QUEUE_FRAMES + 20):
        recording.add(make_frame(number))
    may_go_on.set()
    status = recording.close()
    assert QUEUE_FRAMES <= status.frames <= QUEUE_FRAMES + 1
    assert status.frames + status.left_out == QUEUE_FRAMES + 20


def test_a_folder_that_went_away_is_told_and_ends_no_thread(tmp_path, make_frame):
    recording = Recording(tmp_path / "gone" / "r", 25.0)
    for number in range(3 * QUEUE_FRAMES):
        recording.add(make_frame(number))
    status = recording.close()
    assert "gone" in status.problem
    assert status.frames == 0


def test_nothing_to_record_leaves_an_empty_list_and_no_video(tmp_path):
    assert Recording(tmp_path / "r", 25.0).close().problem == ""
    assert (tmp_path / "r.jsonl").read_text() == ""
    assert not (tmp_path / "r.mp4").exists()


def test_no_file_is_written_over(tmp_path: Path):
    first = new_base(tmp_path, 0.0)
    first.with_name(first.name + ".jsonl").touch()
    second = new_base(tmp_path, 0.0)
    assert second.name == f"{first.name}_2"
    second.with_name(second.name + ".mp4").touch()
    assert new_base(tmp_path, 0.0).name == f"{first.name}_3"


def test_an_error_that_nobody_thought_of_ends_the_recording_and_not_its_user(tmp_path, make_frame, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("thirteen")

    monkeypatch.setattr(module, "draw_faces", broken)
    recording = Recording(tmp_path / "r", 25.0)
    for number in range(3 * QUEUE_FRAMES):
        recording.add(make_frame(number))
    assert recording.close().problem == "thirteen"
