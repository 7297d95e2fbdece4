"""The demo as a user calls it."""

import itertools
import json

import pytest

from rednet_ros.media.video import VideoWriter
from rednet_ros.nodes.demo.sources import open_named
from rednet_ros.resources import DEFAULT_WEIGHTS, models_dir

pytestmark = [pytest.mark.ros, pytest.mark.slow]


@pytest.fixture
def demo():
    from rednet_ros.nodes.demo.demo import main

    return main


def test_weights_that_cannot_be_used_end_it_with_the_reason(demo, tmp_path, capfd, caplog):
    code = demo(["--input", "portrait", "--output", str(tmp_path / "out"), "--weights", "/absent/w.safetensors"])
    output = "".join(capfd.readouterr())
    assert code == 1
    assert "/absent/w.safetensors" in output
    assert "demo failed: no face was tracked" in caplog.text


def test_an_input_that_cannot_be_opened_ends_it_with_the_reason(demo, tmp_path, capfd):
    code = demo(["--input", "it's absent.mp4", "--output", str(tmp_path)])
    assert code == 1
    assert "it's absent.mp4: No such file" in "".join(capfd.readouterr())


@pytest.fixture
def portrait_clip(tmp_path):
    """The first four seconds of the built-in portrait as a file: all of it is played, however busy the machine is."""
    path = tmp_path / "portrait.mp4"
    source = open_named("portrait")
    with VideoWriter(path, source.fps) as writer:
        for frame in itertools.islice(source, 100):
            writer.write(frame.image_bgr)
    return path


@pytest.mark.skipif(
    not (models_dir() / f"{DEFAULT_WEIGHTS}.safetensors").is_file(), reason=f"models/ holds no {DEFAULT_WEIGHTS}"
)
def test_a_face_is_tracked_and_recorded(demo, portrait_clip, tmp_path, capfd):
    folder = tmp_path / "output"
    code = demo(["--input", str(portrait_clip), "--output", str(folder)])
    assert "no image" not in "".join(capfd.readouterr()), "the end of the clip is no fault of the camera"
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["frames_sent"] == 100
    if summary["frames_processed"] < 50:
        pytest.skip(f"the machine is too busy to track: {summary['frames_processed']} of 100 frames in 4 s")
    assert code == 0
    assert 0 < summary["frames_with_face"] <= summary["messages"] <= summary["frames_processed"] <= 100
    assert summary["faces_most"] == 1
    assert all((folder / name).stat().st_size > 10_000 for name in ("overlay.mp4", "contact_sheet.png"))
