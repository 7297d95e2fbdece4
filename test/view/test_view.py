"""The view as a program uses it: frames handed over, buttons pressed, without a browser."""

import json
import subprocess
import sys
import threading
import time

import pytest

from rednet_ros.errors import InputError
from rednet_ros.view.view import open_view


def test_without_viser_the_reason_and_the_cure_are_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "viser", None)
    monkeypatch.delitem(sys.modules, "rednet_ros.view.server", raising=False)
    with pytest.raises(InputError, match=r"needs viser.*pip install"):
        open_view("test", port=0)


def test_the_library_needs_viser_only_when_a_view_is_opened():
    script = "import sys, rednet_ros.view.view, rednet_ros.cli.view; print({'viser', 'torch'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout == "set()\n"


@pytest.fixture
def told():
    return []


@pytest.fixture
def view(tmp_path, told):
    pytest.importorskip("viser", reason="viser is not installed: pip install viser")
    with open_view("test", port=0, folder=tmp_path, tell=told.append) as opened:
        yield opened


def test_a_frame_costs_next_to_nothing_while_nobody_watches(view, make_frame):
    assert not view.is_watched
    assert not view.is_wanted
    frame = make_frame()
    start_s = time.process_time()
    for _ in range(1000):
        view.show(frame)
    assert time.process_time() - start_s < 0.25


def test_a_recording_needs_no_browser_and_is_finished_at_the_end(view, make_frame, tmp_path, told):
    view._record(True)
    assert view.is_wanted
    for number in range(10):
        view.show(make_frame(number))
    view.close()
    (lines,) = tmp_path.glob("rednet_view_*.jsonl")
    assert [json.loads(line)["frame"] for line in lines.read_text().splitlines()] == list(range(10))
    assert len(list(tmp_path.glob("rednet_view_*.mp4"))) == 1
    assert told[0].startswith("recorded 10 frames")
    assert f"{lines.with_suffix('.mp4')} and .jsonl" in told[0]


def test_while_paused_nothing_is_recorded_or_waited_for(view, make_frame, told):
    view._record(True)
    view._pause(True)
    assert not view.is_wanted
    assert not view.wait_while_paused(timeout_s=0.01)
    view.show(make_frame())
    waiting = threading.Thread(target=view.wait_while_paused)
    waiting.start()
    view._pause(False)
    waiting.join(10)
    assert not waiting.is_alive()
    view._record(False)
    assert told[0].startswith("recorded 0 frames")


def test_each_press_of_record_makes_files_of_its_own(view, make_frame, tmp_path):
    for number in range(2):
        view._record(True)
        view.show(make_frame(number))
        view._record(False)
    assert len(list(tmp_path.glob("rednet_view_*.jsonl"))) == 2


def test_a_closed_view_leaves_no_thread_and_its_port(tmp_path):
    pytest.importorskip("viser", reason="viser is not installed: pip install viser")
    with open_view("first", port=0) as first:
        port = int(first.address.rsplit(":", 1)[1])
    before = threading.active_count()
    for _ in range(3):
        with open_view("again", port=port):
            pass
    assert threading.active_count() <= before
