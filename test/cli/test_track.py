import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.cli import track
from rednet_ros.errors import WeightsError
from rednet_ros.media.images import read_image, write_image
from rednet_ros.media.video import TimedImage, VideoSource, VideoWriter, open_source
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Box, Face, FaceStatus, HeadPose, ImageArray, Place

LANDMARKS = np.random.default_rng(0).uniform(10, 50, (68, 2)).astype(np.float32)


def face(face_id: str = "f1", pose: HeadPose | None = None, similarity: float = float("nan")) -> Face:
    confidence = np.linspace(0.5, 1.0, 68).astype(np.float32)
    return Face(
        face_id,
        FaceStatus.TRACKED,
        0.75,
        Box.around(LANDMARKS),
        LANDMARKS,
        confidence,
        head_pose=pose,
        identity_similarity=similarity,
    )


class FakeTracker:
    """Sees a face wherever the image is bright."""

    def __init__(self) -> None:
        self.settings: TrackerSettings | None = None
        self.weights = ""
        self.stamps_s: list[float] = []

    @contextmanager
    def open(self, options: argparse.Namespace, settings: TrackerSettings) -> Iterator["FakeTracker"]:
        self.settings, self.weights = settings, options.weights
        if options.weights == "missing":
            raise WeightsError("missing: no such weights, choose one of ...")
        yield self

    def update(self, image_bgr: ImageArray, stamp_s: float) -> Sequence[Face]:
        self.stamps_s.append(stamp_s)
        return [face()] if image_bgr.mean() > 100 else []

    def figures(self) -> dict[str, str]:
        return {"weights": self.weights, "license": "research use only"}


@pytest.fixture
def tracker(monkeypatch: pytest.MonkeyPatch) -> FakeTracker:
    fake = FakeTracker()
    monkeypatch.setattr(track, "open_face_tracker", fake.open)
    return fake


def clip(path: Path, levels: Sequence[int] = (200, 200, 20, 200)) -> Path:
    with VideoWriter(path, 20) as writer:
        for level in levels:
            writer.write(np.full((64, 96, 3), level, np.uint8))
    return path


def test_one_json_line_a_frame_in_the_documented_form(tmp_path: Path, tracker: FakeTracker) -> None:
    target = tmp_path / "out.jsonl"
    assert track.main([str(clip(tmp_path / "in.mp4")), "--jsonl", str(target)]) == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["frame"] for row in rows] == [0, 1, 2, 3]
    np.testing.assert_allclose([row["time"] for row in rows], [0, 0.05, 0.1, 0.15], atol=1e-3)
    assert [len(row["faces"]) for row in rows] == [1, 1, 0, 1]
    (found,) = rows[0]["faces"]
    assert set(found) == {"id", "confidence", "box", "landmarks", "identity_known", "head_pose"}
    assert (found["id"], found["confidence"], found["identity_known"], found["head_pose"]) == ("f1", 0.75, False, None)
    landmarks = np.array(found["landmarks"])
    assert landmarks.shape == (68, 3)
    np.testing.assert_allclose(landmarks[:, :2], LANDMARKS, atol=1e-3)
    np.testing.assert_allclose(landmarks[:, 2], np.linspace(0.5, 1, 68), atol=1e-3)
    x, y, width, height = found["box"]
    np.testing.assert_allclose([x, y], LANDMARKS.min(axis=0), atol=1e-3)
    np.testing.assert_allclose([x + width, y + height], LANDMARKS.max(axis=0), atol=2e-3)
    np.testing.assert_allclose(tracker.stamps_s, [0, 0.05, 0.1, 0.15], atol=1e-3)


def test_head_pose_and_identity_are_written_where_known(
    tmp_path: Path, tracker: FakeTracker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = face(pose=HeadPose((0.1, -0.2, 0.3), (0.0, 0.05, 0.7)), similarity=0.8)
    monkeypatch.setattr(tracker, "update", lambda image_bgr, stamp_s: [known])
    assert track.main([str(clip(tmp_path / "in.mp4", [200])), "--jsonl", "-"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["faces"]
    assert found["identity_known"] is True
    assert found["head_pose"] == {"rotation_rad": [0.1, -0.2, 0.3], "translation_m": [0.0, 0.05, 0.7]}


def test_stdout_holds_json_only_and_the_summary_moves_to_stderr(
    tmp_path: Path, tracker: FakeTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track.main([str(clip(tmp_path / "in.mp4")), "--jsonl", "-"]) == 0
    captured = capsys.readouterr()
    assert [json.loads(line)["frame"] for line in captured.out.splitlines()] == [0, 1, 2, 3]
    assert "with a face 3 (75.0 %)" in captured.err


def test_summary_counts_frames_faces_ids_and_times(
    tmp_path: Path, tracker: FakeTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track.main([str(clip(tmp_path / "in.mp4"))]) == 0
    out = capsys.readouterr().out
    assert "frames      4" in out
    assert "with a face 3 (75.0 %)" in out
    assert "ids         1: f1 (3)" in out
    assert "frames/s" in out
    assert [line.split()[0] for line in out.splitlines()[-3:]] == ["decode", "track", "write"]


def test_summary_names_the_weights_and_their_licence(
    tmp_path: Path, tracker: FakeTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track.main([str(clip(tmp_path / "in.mp4")), "--weights", "rednet-lite"]) == 0
    assert capsys.readouterr().out.startswith("weights     rednet-lite (research use only)\n")


def test_a_clip_without_a_face_is_no_error_and_says_so(
    tmp_path: Path, tracker: FakeTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track.main([str(clip(tmp_path / "dark.mp4", [10, 10]))]) == 0
    assert "no face was found" in capsys.readouterr().out


def test_the_overlay_video_shows_the_faces(tmp_path: Path, tracker: FakeTracker) -> None:
    target = tmp_path / "overlay.mp4"
    assert track.main([str(clip(tmp_path / "in.mp4")), "--video", str(target)]) == 0
    with open_source(target) as video:
        assert video.fps == 20
        spread = [float(image[10:50, 10:50].std()) for image, _ in video]
    assert [value > 10 for value in spread] == [True, True, False, True]


@pytest.mark.parametrize("name", ["drawn.png", "drawn.JPG"])
def test_a_single_image_can_be_drawn_into_a_picture(name: str, tmp_path: Path, tracker: FakeTracker) -> None:
    source = tmp_path / "photo.png"
    write_image(source, np.full((64, 96, 3), 200, np.uint8))
    assert track.main([str(source), "--video", str(tmp_path / name)]) == 0
    drawn = read_image(tmp_path / name)
    assert drawn.shape == (64, 96, 3)
    assert float(drawn[10:50, 10:50].std()) > 10
    assert float(drawn[60:, 60:].mean()) == pytest.approx(200, abs=2)


@pytest.mark.parametrize(
    ("source", "name", "complaint"),
    [
        ("in.mp4", "out.png", "out.png: a picture can be written for a single image only, not for a video file"),
        ("frames", "out.jpg", "out.jpg: a picture can be written for a single image only, not for a folder of images"),
        ("in.mp4", "out.txt", "out.txt: cannot write a video into a file with the ending .txt; use .mp4"),
        ("in.mp4", "out", "out: cannot write a video into a file with no ending; use .mp4"),
    ],
)
def test_the_ending_of_the_video_is_checked_before_tracking_begins(
    source: str,
    name: str,
    complaint: str,
    tmp_path: Path,
    tracker: FakeTracker,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    clip(tmp_path / "in.mp4")
    (tmp_path / "frames").mkdir()
    write_image(tmp_path / "frames" / "1.png", np.full((64, 96, 3), 200, np.uint8))
    assert track.main([source, "--video", name]) == 2
    assert capsys.readouterr().err.startswith(f"rednet-track: {complaint}")
    assert tracker.settings is None, "the tracker was loaded"
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["hidden.mp4", "hidden.png"])
def test_redaction_hides_the_face_in_the_video_and_changes_no_line(
    name: str, tmp_path: Path, tracker: FakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track, "draw_faces", lambda image_bgr, faces: image_bgr)
    source = tmp_path / "in.png"
    write_image(source, np.random.default_rng(0).integers(100, 255, (64, 96, 3)).astype(np.uint8))
    tracker.places = lambda: [Place("f1", LANDMARKS)]  # type: ignore[attr-defined]
    lines, hidden = tmp_path / "redacted.jsonl", tmp_path / name
    assert track.main([str(source), "--redact", "landmarks", "--video", str(hidden), "--jsonl", str(lines)]) == 0
    assert track.main([str(source), "--jsonl", str(tmp_path / "plain.jsonl")]) == 0
    assert lines.read_text() == (tmp_path / "plain.jsonl").read_text()
    with open_source(hidden) as video:
        (image,) = [image for image, _ in video]
    assert float(image[15:45, 15:45].std()) < 5
    assert float(image[:, 80:].std()) > 20


def test_files_are_repeatable_and_the_options_reach_the_tracker(tmp_path: Path, tracker: FakeTracker) -> None:
    assert track.main([str(clip(tmp_path / "in.mp4")), "--max-faces", "2", "--weights", "mine"]) == 0
    assert tracker.weights == "mine"
    assert tracker.settings == TrackerSettings(max_faces=2, detect_in_background=False)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["absent.mp4"], "absent.mp4: No such file"),
        (["in.mp4", "--weights", "missing"], "missing: no such weights"),
        (["in.mp4", "--jsonl", "nowhere/out.jsonl"], "the folder nowhere does not exist"),
        (["in.mp4", "--video", "in.mp4"], "already an input"),
        (["in.mp4", "--video", "out.mp4", "--jsonl", "./out.mp4"], "already an input or another output"),
        (["in.mp4", "--video", "out.text"], "out.text: cannot write a video"),
        (["in.mp4", "--max-faces", "1000"], "max_faces must be 1 to 64"),
        (["in.mp4", "--jsonl", "/dev/full"], "/dev/full: cannot be written: No space left"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    tracker: FakeTracker,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    clip(tmp_path / "in.mp4")
    before = (tmp_path / "in.mp4").read_bytes()
    assert track.main(arguments) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rednet-track: ")]
    assert complaint in line
    assert (tmp_path / "in.mp4").read_bytes() == before


def test_earlier_results_survive_a_run_that_cannot_start(tmp_path: Path, tracker: FakeTracker) -> None:
    earlier = tmp_path / "out.jsonl"
    earlier.write_text("earlier results\n")
    assert track.main([str(clip(tmp_path / "in.mp4")), "--jsonl", str(earlier), "--weights", "missing"]) == 2
    assert earlier.read_text() == "earlier results\n"


@pytest.mark.parametrize("arguments", [[], ["in.mp4", "--max-faces", "0"], ["in.mp4", "--device", "tpu"]])
def test_wrong_arguments_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        track.main(arguments)
    assert caught.value.code == 2
    assert "usage: rednet-track" in capsys.readouterr().err


def test_an_interrupted_file_keeps_what_was_written(
    tmp_path: Path, tracker: FakeTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.jsonl"

    def update(image_bgr: ImageArray, stamp_s: float) -> Sequence[Face]:
        if stamp_s > 0.08:
            raise KeyboardInterrupt
        return []

    tracker.update = update  # type: ignore[method-assign]
    assert track.main([str(clip(tmp_path / "in.mp4")), "--jsonl", str(target)]) == 130
    assert len(target.read_text().splitlines()) == 2
    assert "frames      2" in capsys.readouterr().out


def test_a_reader_that_leaves_ends_the_command_quietly(tmp_path: Path) -> None:
    """As in `rednet-track clip.mp4 --jsonl - | head -1`."""
    script = f"""
import contextlib, sys
from types import SimpleNamespace
from rednet_ros.cli import track
tracker = SimpleNamespace(update=lambda image, stamp_s: [], figures=lambda: {{"weights": "made"}})
track.open_face_tracker = lambda options, settings: contextlib.nullcontext(tracker)
sys.exit(track.main([{str(clip(tmp_path / "in.mp4", [20] * 50))!r}, "--jsonl", "-"]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr is not None
    assert "Error" not in process.stderr.read()
    process.stderr.close()


@pytest.fixture
def heard_interrupts() -> Iterator[None]:
    """Python hears SIGINT and SIGHUP even where this test run was started with them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


@pytest.mark.usefixtures("heard_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_camera_ends_with_a_signal_and_complete_files(
    number: signal.Signals,
    tmp_path: Path,
    tracker: FakeTracker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def camera_frames() -> Iterator[TimedImage]:
        for index in range(1000):  # an end, in case that the signal is not heard
            yield TimedImage(np.full((64, 96, 3), 200, np.uint8), index / 30)

    def update(image_bgr: ImageArray, stamp_s: float) -> Sequence[Face]:
        if stamp_s > 0.09:
            signal.raise_signal(number)
        return [face()]

    tracker.update = update  # type: ignore[method-assign]
    monkeypatch.setattr(track, "open_source", lambda name: VideoSource(name, camera_frames(), 30.0, None, live=True))
    target = tmp_path / "overlay.mp4"
    assert track.main(["0", "--video", str(target)]) == 0
    assert open_source(target).frame_count == 3
    assert tracker.settings == TrackerSettings(detect_in_background=True)
    assert "frames      3" in capsys.readouterr().out


def test_under_nohup_a_closed_terminal_ends_nothing(tmp_path: Path, tracker: FakeTracker) -> None:
    def update(image_bgr: ImageArray, stamp_s: float) -> Sequence[Face]:
        signal.raise_signal(signal.SIGHUP)
        return [face()]

    tracker.update = update  # type: ignore[method-assign]
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` starts its command
    try:
        assert track.main([str(clip(tmp_path / "in.mp4"))]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("announced_hz", "times_s"),
    [
        (30.0, [index / 6 for index in range(13)]),  # a camera that gives less than it announces
        (10.0, [0.0, 0.1, 0.2, 0.7, 0.8, 1.9, 2.0]),  # a clip of variable rate
        (1000.0, [index / 25 for index in range(51)]),  # a browser's recording, which announces its clock
        (30.0, [5.0, 6.0, 7.0]),  # a recording that begins late
        (5.0, [index / 25 for index in range(51)]),  # more frames than announced
    ],
)
def test_the_overlay_video_plays_in_the_time_of_its_source(
    announced_hz: float,
    times_s: list[float],
    tmp_path: Path,
    tracker: FakeTracker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def frames() -> Iterator[TimedImage]:
        for time_s in times_s:
            level = round(100 * (time_s - times_s[0]))  # shows when it was taken, 0..2 s
            yield TimedImage(np.full((64, 96, 3), level, np.uint8), time_s)

    tracker.update = lambda image_bgr, stamp_s: []  # type: ignore[method-assign]
    source = VideoSource("made", frames(), announced_hz, len(times_s))
    monkeypatch.setattr(track, "open_source", lambda name: source)
    target = tmp_path / "overlay.mp4"
    assert track.main(["0", "--video", str(target)]) == 0
    with open_source(target) as video:
        written = [(time_s, float(image[40:].mean()) / 100) for image, time_s in video]
    assert written[-1][0] == pytest.approx(2.0, abs=0.5 / announced_hz + 0.05)
    longest_s = max(np.diff(times_s))
    for shown_s, taken_s in written:
        assert -0.05 - 1 / announced_hz <= shown_s - taken_s <= longest_s + 1 / announced_hz + 0.05
