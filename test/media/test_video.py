import logging
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.media.video import VIDEO_SUFFIXES, VideoWriter, open_source
from rednet_ros.tracking.types import ImageArray


def shade(value: int, height: int = 48, width: int = 64) -> ImageArray:
    return np.full((height, width, 3), value, np.uint8)


def make_video(path: Path, count: int = 7, fps: float = 20.0) -> Path:
    with VideoWriter(path, fps) as writer:
        for index in range(count):
            writer.write(shade(20 + 30 * index))
    return path


def test_a_video_comes_back_frame_by_frame_with_times(tmp_path: Path) -> None:
    with open_source(make_video(tmp_path / "clip.mp4")) as source:
        assert (source.fps, source.frame_count, source.live) == (20.0, 7, False)
        frames = list(source)
    assert [round(float(image.mean()) / 10) for image, _ in frames] == [2, 5, 8, 11, 14, 17, 20]
    assert all(image.shape == (48, 64, 3) and image.dtype == np.uint8 for image, _ in frames)
    np.testing.assert_allclose([time_s for _, time_s in frames], np.arange(7) / 20, atol=1e-3)


def test_a_folder_is_read_by_name_and_everything_becomes_bgr(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "c.png"), np.full((6, 8, 4), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "a.PNG"), np.full((6, 8), 30, np.uint8))
    cv2.imwrite(str(tmp_path / "b.png"), np.full((6, 8), 60 * 257, np.uint16))
    (tmp_path / "notes.txt").write_text("not an image")
    source = open_source(str(tmp_path))
    frames = list(source)
    assert source.frame_count == 3
    assert [(image.shape, image.dtype.name, int(image.mean())) for image, _ in frames] == [
        ((6, 8, 3), "uint8", 30),
        ((6, 8, 3), "uint8", 60),
        ((6, 8, 3), "uint8", 90),
    ]
    assert [time_s for _, time_s in frames] == [0.0, 1 / 25, 2 / 25]


def test_a_single_image_is_a_source_of_one_frame(tmp_path: Path) -> None:
    """OpenCV would read `shot_1.jpg`, `shot_2.jpg`, ... as one video."""
    for index in (1, 2):
        cv2.imwrite(str(tmp_path / f"shot_{index}.jpg"), shade(100))
    assert len(list(open_source(tmp_path / "shot_1.jpg"))) == 1


def test_bad_sources_name_themselves_and_the_reason(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video at all")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "damaged.png").write_bytes(b"\x89PNG broken")
    for name, reason in {
        "absent.mp4": "No such file",
        "text.mp4": "not a video",
        "empty.mp4": "file is empty",
        "folder": "no image in this folder",
        "damaged.png": "not an image",
    }.items():
        with pytest.raises(InputError, match=reason) as caught:
            open_source(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
    with pytest.raises(InputError, match="camera 99: no such camera"):
        open_source("99")


def test_a_damaged_image_inside_a_folder_is_reported_in_its_turn(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), shade(10))
    (tmp_path / "2.png").write_bytes(b"")
    frames = iter(open_source(tmp_path))
    next(frames)
    with pytest.raises(InputError, match=r"2\.png"):
        next(frames)


class FakeCapture:
    """A decoder that announces 20 frames and delivers as many as it is told, all at position 0."""

    delivered = 0

    def __init__(self, _: object) -> None:
        self.left = self.delivered

    def isOpened(self) -> bool:
        return True

    def get(self, prop: int) -> float:
        return {cv2.CAP_PROP_FPS: float("nan"), cv2.CAP_PROP_FRAME_COUNT: 20.0}.get(prop, 0.0)

    def read(self) -> tuple[bool, ImageArray | None]:
        self.left -= 1
        return (True, shade(50)) if self.left >= 0 else (False, None)

    def release(self) -> None:
        self.left = 0


@pytest.fixture
def fake_capture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    path = tmp_path / "odd.avi"
    path.write_bytes(b"header")
    return path


def test_a_container_without_frames_is_refused(fake_capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeCapture, "delivered", 0)
    with pytest.raises(InputError, match=r"odd\.avi: no frame could be decoded"):
        open_source(fake_capture)


def test_missing_rate_and_positions_are_filled_in_and_a_truncated_file_is_told(
    fake_capture: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(FakeCapture, "delivered", 3)
    with caplog.at_level(logging.WARNING):
        source = open_source(fake_capture)
        times = [time_s for _, time_s in source]
    assert source.fps == 25.0
    np.testing.assert_allclose(times, [0.0, 0.04, 0.08])
    assert "only 3 of 20 frames" in caplog.text


def test_odd_and_changing_sizes_are_written(tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    with VideoWriter(path, 25) as writer:
        writer.write(shade(200, 47, 63))
        writer.write(shade(200, 47, 63))
        writer.write(shade(200, 200, 100))
    images = [image for image, _ in open_source(path)]
    assert [image.shape for image in images] == [(48, 64, 3)] * 3
    assert float(images[1][:, -1].mean()) == pytest.approx(200, abs=6)
    assert float(images[2][24, 32].mean()) == pytest.approx(200, abs=6)
    assert float(images[2][24, 2].mean()) < 60  # the upright image stands on a dark ground


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere/out\.mp4: the folder .* does not exist"):
        VideoWriter(tmp_path / "nowhere" / "out.mp4", 25).write(shade(0))


@pytest.mark.parametrize(
    ("name", "found"), [("out.text", "the ending .text"), ("out.png", "the ending .png"), ("out", "no ending")]
)
def test_an_ending_that_is_no_videos_is_refused_before_the_first_image(name: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{name}: cannot write a video into a file with {found}; use .mp4"):
        VideoWriter(tmp_path / name, 25)


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_every_ending_that_is_allowed_can_be_written(suffix: str, tmp_path: Path) -> None:
    path = make_video(tmp_path / f"clip{suffix.upper()}")
    assert len(list(open_source(path))) == 7


def test_silence_keeps_codecs_off_stderr(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video at all")
    script = f"""
import cv2
from rednet_ros.media.video import VideoWriter, silence_codecs
silence_codecs()
cv2.VideoCapture({str(tmp_path / "text.mp4")!r})
cv2.VideoCapture(99)
import numpy
with VideoWriter({str(tmp_path / "out.mp4")!r}, 25) as writer:
    writer.write(numpy.zeros((48, 64, 3), numpy.uint8))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert result.stderr == ""


def test_a_full_disk_is_told_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(InputError, match=r"out\.mp4: the disk is full"):
        VideoWriter(tmp_path / "out.mp4", 25).write(shade(0))


def test_a_file_cut_short_is_told_at_the_end(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = VideoWriter(tmp_path / "cut.mp4", 25)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        for _ in range(60):
            writer.write(noise)
        with pytest.raises(InputError, match=r"cut\.mp4: only \d+ of 60 frames could be written"):
            writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_file_without_a_frame(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "none.mp4", 25):
        pass
    assert list(tmp_path.iterdir()) == []
