"""The demo as a user calls it."""

import json

import pytest

from rednet_ros.resources import models_dir

pytestmark = [pytest.mark.ros, pytest.mark.slow]


@pytest.fixture
def demo():
    from rednet_ros.nodes.demo import main

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


def test_the_portrait_is_tracked_and_recorded(demo, tmp_path):
    if not (models_dir() / "rednet-lite.safetensors").is_file():
        pytest.skip("the weights rednet-lite are not in models/")
    code = demo(["--input", "portrait", "--seconds", "4", "--output", str(tmp_path)])
    assert code == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["frames_with_face"] >= 0.5 * summary["messages"] > 0
    assert list(summary["face_frames"]) == ["f1"]
    assert all((tmp_path / name).stat().st_size > 10_000 for name in ("overlay.mp4", "contact_sheet.png"))
