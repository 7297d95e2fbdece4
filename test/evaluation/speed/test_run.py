"""Trackers beside each other: stand-ins in processes of their own, which say what they were asked."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import RednetError
from rednet_ros.evaluation.data import open_data
from rednet_ros.evaluation.speed import run as speed
from rednet_ros.evaluation.speed.run import Contestant, Worker, run
from rednet_ros.media.images import write_image

STAND_IN = """
import json, os, sys
name, log = sys.argv[1:]
points = [[10 + 10.0 * i, 20.0 + i % 5] for i in range(68)]
cpu_ms = iter([4.0, 9.0, 5.0] * 9)
def block():
    is_alone = len(os.sched_getaffinity(0)) == 1
    network = {"cpu_ms": 3.0, "gflop": 0.1, "gflops": 50.0 + 50 * (name == "own")} if is_alone else {}
    return {"cpu_ms": next(cpu_ms), "wall_ms": [5.0] * 18 + [24.0] * 2, "found": 1, "network": network}
answers = {
    "begin": lambda frames, faces: {"cpu_s": 1.5, "memory_mb": 99.0},
    "block": block,
    "still": lambda picture: [[[x + 500, y] for x, y in points], [[x + 3.5, y] for x, y in points]],
    "cameras": lambda **trial: {"share": 0.5},
}
print(json.dumps({"name": name}), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    with open(log, "a") as file:
        file.write(f"{name} {question['question']} {len(os.sched_getaffinity(0))}\\n")
    print(json.dumps(answers[question.pop("question")](**question)), flush=True)
"""
CLIPS = {1: np.zeros((2, 4, 6, 3), np.uint8), 4: np.ones((2, 4, 6, 3), np.uint8)}
CORES = len(os.sched_getaffinity(0))


@pytest.fixture
def stand_in(tmp_path):
    """Makes a contestant of this name."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)

    def make(name, *before):
        command = (sys.executable, str(tmp_path / "stand_in.py"), name, str(tmp_path / "log"))
        return Contestant(name, (*before, command), is_own=name == "own")

    return make


def failing(words):
    return (sys.executable, "-c", f"raise SystemExit({words!r})")


def test_a_row_has_the_figures_of_each_number_of_faces(stand_in):
    rows, left_out = run([stand_in("own"), stand_in("peer")], CLIPS, rounds=3, cameras_s=0.1)
    assert [(row["name"], row["is_own"], row["error"]) for row in rows] == [("own", True, None), ("peer", False, None)]
    assert rows[0]["start"] == {"cpu_s": 1.5, "memory_mb": 99.0}
    frames = rows[0]["frames"]
    assert [(row["faces"], row["cores"]) for row in frames] == [(n, c) for c in sorted({1, CORES}) for n in (1, 4)]
    timed = {"found": 1.0, "cpu_ms": 5.0, "wall_ms": 5.0, "p95_ms": pytest.approx(24.0)}
    assert frames[0] == {"faces": 1, "cores": 1, **timed, "network_ms": 3.0, "floor_ms": pytest.approx(1.0)}
    assert rows[1]["frames"][0]["floor_ms"] == pytest.approx(2.0)
    assert [row["cameras"] for row in rows] == [{"share": 0.5}, None]
    assert not left_out


def test_blocks_of_all_take_turns_on_one_core_and_on_all(stand_in, tmp_path):
    run([stand_in("own"), stand_in("peer")], {1: CLIPS[1]}, rounds=2, cameras_s=0.1)
    lines = (tmp_path / "log").read_text().splitlines()
    for cores in {1, CORES}:
        asked = [line.rsplit(" ", 1)[0] for line in lines if line.endswith(f" {cores}")]
        assert asked[:6] == ["own begin", "peer begin", *["own block", "peer block"] * 2]


def test_the_error_is_that_of_the_face_which_covers_the_labels(stand_in, tmp_path):
    points = [[10 + 10.0 * i, 20.0 + i % 5] for i in range(68)]
    write_image(tmp_path / "a.png", np.zeros((64, 800, 3), np.uint8))
    row = {"image": "a.png", "source": "made", "points": points}
    (tmp_path / "labels.jsonl").write_text(json.dumps(row) + "\n")
    data = open_data(str(tmp_path / "labels.jsonl"), "all", None)
    (measured,), _ = run([stand_in("peer")], {1: CLIPS[1]}, 1, data, cameras_s=0.1)
    error = measured["error"]
    assert (error["faces"], error["missed"]) == (1, 0)
    assert error["nme_mean"] == pytest.approx(100 * 3.5 / np.hypot(90, 1), abs=1e-3)
    assert error["nme_inner51"] == pytest.approx(error["nme_mean"])


def test_a_peer_that_does_not_come_up_is_left_out_with_its_last_words(stand_in):
    absent = Contestant("Other", (("/absent/python",), failing("No module named 'other'")))
    rows, left_out = run([stand_in("own"), absent], {1: CLIPS[1]}, 1, cameras_s=0.1)
    assert [row["name"] for row in rows] == ["own"]
    assert left_out == {"Other": "No module named 'other'"}


def test_the_first_interpreter_that_has_a_peer_is_used(stand_in):
    rows, left_out = run([stand_in("peer", failing("not here"))], {1: CLIPS[1]}, 1, cameras_s=0.1)
    assert ([row["name"] for row in rows], left_out) == (["peer"], {})


def test_our_own_must_come_up():
    with pytest.raises(RednetError, match="own: no such weights"):
        run([Contestant("own", (failing("no such weights"),), is_own=True)], {1: CLIPS[1]}, 1)


def test_a_worker_that_ends_later_says_why(stand_in):
    worker = Worker(stand_in("peer").commands[0], [0])
    with pytest.raises(RednetError, match="KeyError: 'weather'"):
        worker.ask("weather")
    worker.close()


def test_a_worker_leaves_this_process_on_its_cores(stand_in):
    before = os.sched_getaffinity(0)
    Worker(stand_in("peer").commands[0], [min(before)]).close()
    assert os.sched_getaffinity(0) == before


def test_the_script_of_peers_runs_without_this_package(tmp_path):
    """As in the Python of MediaPipe: alone in an empty folder, without its package's path."""
    script = tmp_path / "worker.py"
    script.write_text(Path(speed.__file__).with_name("worker.py").read_text())
    with pytest.raises(RednetError, match="dlib|No such file"):
        Worker([sys.executable, "-I", str(script), "dlib", "/absent.dat"], [min(os.sched_getaffinity(0))])
