"""Latency and rate through real topics, of a node in another process."""

import json

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.ros


@pytest.mark.slow
def test_images_go_through_a_node_in_another_process_and_are_answered(capfd):
    from rednet_ros.nodes import benchmark

    arguments = ["--input", "portrait", "--seconds", "2", "--rate-hz", "5", "--device", "cpu"]
    assert benchmark.main(arguments) == 0
    figures = json.loads(capfd.readouterr().out)
    assert figures["faces"] == 1
    assert 3 <= figures["sent"] <= 11
    assert figures["sent"] - 5 <= figures["received"] <= figures["sent"]  # a busy machine drops some
    assert 1 < figures["latency_median_ms"] <= figures["latency_p95_ms"] < 5000
    assert 1 < figures["cpu_ms_per_frame"] < 5000
    assert 0.5 < figures["largest_rate_hz"] < 1000
    assert 0.1 < figures["start_cpu_s"] < 60
    assert 0.01 < figures["first_face_s"] < 60
    assert 50 < figures["memory_mb"] < 2000


def test_a_node_that_ends_is_reported_at_once(capfd):
    from rednet_ros.errors import RednetError
    from rednet_ros.nodes.benchmark import measure

    with pytest.raises(RednetError, match="ended with code 1"):
        measure([np.zeros((48, 64, 3), np.uint8)], 30.0, 1.0, {"max_faces": "1000"})
    assert "must be 1 to 64" in capfd.readouterr().err


def test_an_input_that_cannot_be_opened_costs_a_line(capfd):
    from rednet_ros.nodes import benchmark

    assert benchmark.main(["--input", "/gone.mp4"]) == 1
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.startswith("/gone.mp4: ")


def test_images_that_are_not_answered_are_an_error(capfd, monkeypatch, tmp_path):
    from rednet_ros.nodes import benchmark

    monkeypatch.setattr(benchmark, "START_TIMEOUT_S", 0.5)
    monkeypatch.setattr(benchmark, "ANSWER_TIMEOUT_S", 0.01)
    monkeypatch.setattr(benchmark, "_SETTLE_S", 0.01)
    monkeypatch.setattr(benchmark, "_FIRST_FRAMES", 1)
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((48, 64, 3), np.uint8))
    arguments = ["--input", str(tmp_path), "--seconds", "0.02", "--device", "cpu"]
    assert benchmark.main(arguments) == 1
    assert capfd.readouterr().err.splitlines()[-1] == "the tracker node answered no image"
