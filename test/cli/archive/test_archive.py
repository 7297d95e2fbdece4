"""`rednet-track FOLDER --output DIR` as a user runs it: in processes of its own, on clips of a few frames."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rednet_ros.cli import track
from rednet_ros.cli.archive.clips import list_clips
from rednet_ros.cli.archive.job import Job
from rednet_ros.cli.archive.journal import NAME as JOURNAL
from rednet_ros.cli.archive.journal import PART, Journal
from rednet_ros.cli.archive.processes import run_in_processes
from rednet_ros.errors import InputError
from rednet_ros.media.video import VideoWriter

ODD = 'sub dir/ü 50%: "x".mp4'


def clip(path: Path, frames: int = 2, level: int = 20) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, 20) as writer:
        for _ in range(frames):
            writer.write(np.full((64, 96, 3), level, np.uint8))
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three clips: two that differ by their ending alone, one of an odd name."""
    folder = tmp_path / "in"
    for name, frames in (("a.mp4", 2), ("a.avi", 3), (ODD, 4)):
        clip(folder / name, frames)
    return folder


def results(output: Path) -> dict[str, bytes]:
    files = [path for path in output.rglob("*") if path.is_file() and path.name != JOURNAL]
    return {str(path.relative_to(output)): path.read_bytes() for path in files}


def journal(output: Path) -> list[str]:
    return sorted(json.loads(line)["clip"] for line in (output / JOURNAL).read_text().splitlines())


def test_every_video_below_has_a_result_of_its_own_and_a_second_run_does_nothing(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (archive / "1.jpg").write_bytes(b"")
    output = tmp_path / "out"
    assert track.main([str(archive), "--output", str(output)]) == 0
    out = capsys.readouterr().out
    assert "clips       3: 3 done, 0 were done before, 0 failed" in out
    assert "left out    1 images, 0 other files" in out
    first = results(output)
    assert {name: len(data.splitlines()) for name, data in first.items()} == {
        "a.mp4.jsonl": 2,
        "a.avi.jsonl": 3,
        f"{ODD}.jsonl": 4,
    }
    times = {path: path.stat().st_mtime_ns for path in output.rglob("*.jsonl")}
    assert track.main([str(archive), "--output", str(output)]) == 0
    assert "clips       3: 0 done, 3 were done before, 0 failed" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*.jsonl")} == times


def test_what_fails_is_named_with_its_reason_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, output = tmp_path / "in", tmp_path / "in" / "results"
    whole = clip(folder / "whole.mp4", 30).read_bytes()
    (folder / "empty.mp4").touch()
    (folder / "text.mkv").write_text("no video")
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "gone.mp4").symlink_to("nowhere.mp4")
    (folder / "loop").symlink_to("..")
    os.mkfifo(folder / "pipe.mp4")
    assert track.main([str(folder), "--output", str(output), "--videos", "--redact", "landmarks"]) == 2
    captured = capsys.readouterr()
    assert "clips       5: 1 done, 0 were done before, 4 failed" in captured.out
    assert "failed      empty.mp4: the file is empty" in captured.out
    assert "failed      text.mkv: not a video that OpenCV can open" in captured.out
    assert "failed      cut.mp4: not a video that OpenCV can open" in captured.out
    assert "failed      gone.mp4: No such file" in captured.out
    assert "4 of 5 clips failed" in captured.err
    assert sorted(results(output)) == ["whole.mp4.faces.mp4", "whole.mp4.jsonl"]


def test_results_of_other_settings_are_not_mixed_and_a_changed_clip_is_done_anew(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert track.main([str(archive), "--output", str(output)]) == 0
    before = results(output)
    assert track.main([str(archive), "--output", str(output), "--max-faces", "2"]) == 2
    assert "3 of 3 results there, such as that of a.avi, were made with other settings (max-faces 8, now 2)" in (
        capsys.readouterr().err
    )
    assert results(output) == before
    clip(archive / "a.mp4", 5)
    assert track.main([str(archive), "--output", str(output)]) == 0
    assert "1 done, 2 were done before" in capsys.readouterr().out
    assert len((output / "a.mp4.jsonl").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["in", "--output", "in"], "in: the results cannot be written between the videos"),
        (["in/a.mp4", "--output", "out"], "in/a.mp4: --output needs a folder of videos"),
        (["in", "--output", "in/a.mp4"], "in/a.mp4: this is a file"),
        (["none", "--output", "out"], "none: --output needs a folder"),
        (["pictures", "--output", "out"], "no video in this folder or below"),
        (["in", "--output", "out", "--jsonl", "x"], "leave out --jsonl and --video"),
        (["in", "--output", "out", "--redact", "blur"], "--redact needs a video to hide faces in"),
        (["in", "--jobs", "2"], "--jobs is for archives"),
        (["in", "--output", "out", "--jobs", "2", "--dask", "tcp://x:1"], "give one of them"),
        (["in", "--output", "out", "--weights", "none"], "no shipped weights named 'none'"),
        (["in", "--output", "out", "--people", "none"], "none: no such file"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: list[str],
    complaint: str,
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "1.png").touch()
    assert track.main(arguments) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out").exists() or not results(tmp_path / "out")


def test_a_folder_is_one_runs_at_a_time_and_a_torn_line_counts_for_nothing(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    (found, *_) = list_clips(archive, output).clips
    with Journal(output) as first:
        first.add(found, {}, {})
        with pytest.raises(InputError, match="another rednet-track is at work in this folder"):
            Journal(output)
    found.jsonl(output).touch()
    with (output / JOURNAL).open("a") as file:
        file.write('{"clip": "a.mp4", "fi')
    with Journal(output) as second:
        assert second.is_done(found)
        second.add(found, {"max-faces": 1}, {})
    with Journal(output) as third:
        assert third.settings_of(found) == {"max-faces": 1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_anywhere_goes_on_to_the_same_results(
    number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    for index in range(4):
        clip(folder / f"{index}.avi", 20 * index + 1)
    command = [sys.executable, "-m", "rednet_ros.cli.track", str(folder), "--output", str(output), "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_hears_interrupts)
    _wait_for(lambda: (output / "0.avi.jsonl").exists())
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == (130 if number is signal.SIGINT else -9), err
    if number is signal.SIGINT:
        assert b"not begun" in out
        assert b"Traceback" not in err
        assert not list(output.rglob(f"{PART}*"))
    assert track.main([str(folder), "--output", str(output)]) == 0
    assert track.main([str(folder), "--output", str(tmp_path / "undisturbed")]) == 0
    assert results(output) == results(tmp_path / "undisturbed")
    assert journal(output) == [f"{index}.avi" for index in range(4)]


def test_a_process_that_dies_costs_its_clip_alone(archive: Path, tmp_path: Path) -> None:
    class Deadly(Job):
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return os._exit, (7,)

    jobs = [_job(path, tmp_path / path.name) for path in (archive / "a.mp4", archive / "a.avi")]
    bad = Deadly(jobs[0].source, jobs[0].jsonl, None, {})
    outcomes = dict(run_in_processes([jobs[0], bad, jobs[1]], 1))
    assert [outcomes[index].failure for index in range(3)] == [
        "",
        "the process that tracked it ended (exit code 7)",
        "",
    ]


def test_a_full_disk_leaves_no_half_result(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rednet_ros.cli.archive import job

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rednet_ros.tracking.frame_json.json", SimpleNamespace(dumps=full))
    output = tmp_path / "out"
    outcome = job.track_clip(_job(archive / "a.mp4", output / "a.mp4.jsonl"))
    assert outcome.failure == f"{output}/a.mp4.jsonl: cannot be written: No space left on device"
    assert results(output) == {}


@pytest.mark.slow
def test_on_a_cluster_a_killed_worker_loses_no_clip_and_doubles_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask distributed not installed: requirements/cluster.txt")
    folder, output = tmp_path / "in", tmp_path / "out"
    for index in range(8):
        clip(folder / f"{index}.avi", 40)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = min(client.run(os.getpid).values())
        command = [sys.executable, "-m", "rednet_ros.cli.track", str(folder), "--output", str(output)]
        process = subprocess.Popen([*command, "--dask", cluster.scheduler_address])
        _wait_for(lambda: any(output.rglob("*.avi.jsonl")))
        os.kill(victim, signal.SIGKILL)
        assert process.wait(timeout=300) == 0
    assert journal(output) == [f"{index}.avi" for index in range(8)]
    found = results(output)
    assert sorted(found) == [f"{index}.avi.jsonl" for index in range(8)]
    assert {len(data.splitlines()) for data in found.values()} == {40}


def test_no_scheduler_is_one_line(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rednet_ros.cli.archive import cluster

    pytest.importorskip("distributed", reason="Dask distributed not installed: requirements/cluster.txt")
    monkeypatch.setattr(cluster, "_CONNECT_TIMEOUT_S", 1)
    with pytest.raises(InputError, match="--dask tcp://127.0.0.1:9: no Dask scheduler answers there"):
        next(cluster.run_on_cluster([], "tcp://127.0.0.1:9"))


def test_without_dask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from rednet_ros.cli.archive import cluster

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'rednet_ros\[cluster\]'"):
        next(cluster.run_on_cluster([], "tcp://127.0.0.1:9"))


def _job(source: Path, jsonl: Path) -> Job:
    options = track.argument_parser().parse_args([str(source)])
    names = ("max_faces", "detector_px", "recognizer", "people", "weights", "device", "redact")
    return Job(source, jsonl, None, {name: getattr(options, name) for name in names})


def _hears_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline_s, "nothing came in time"
        time.sleep(0.02)
