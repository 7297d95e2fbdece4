"""The tracker as it is measured, and a user's network in its place."""

import time

import numpy as np
import pytest

from rednet_ros.evaluation.speed.own import OnnxEngine, OwnTracker, gflop_per_face, matrix_rate_gflops
from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine, Square, paint
from rednet_ros.inference import openvino
from rednet_ros.inference.runtime import RuntimeUnavailableError
from rednet_ros.tracking import tracker as tracking


class NotingEngine(BrightEngine):
    """Notes how it is asked: faces of the batch, whether there are landmarks and a state of before."""

    backend = "stand-in"

    def __init__(self):
        self.asked = []

    def run(self, crops, previous_px=None, state=None):
        self.asked.append((len(crops), bool(np.isfinite(previous_px).all()), state is not None))
        return super().run(crops, previous_px, state)


@pytest.fixture
def image(monkeypatch):
    """Three faces that stand still, which a stand-in detector finds."""
    monkeypatch.setattr(tracking, "load_detector", lambda *_: BrightDetector())
    return paint([Square(40 + 80 * number, 60, 30, number) for number in range(3)], 260, 120)


def test_every_face_is_found_in_the_frame_and_the_network_gets_a_history(image):
    engine = NotingEngine()
    tracker = OwnTracker(engine)
    tracker.start(3)
    assert [tracker.frame(image, number / 30) for number in range(6)][-1] == 3
    engine.asked.clear()
    told = tracker.network()
    assert set(engine.asked) == {(3, True, True)}
    assert told["cpu_ms"] > 0
    assert told["gflop"] is None


def test_without_a_face_there_is_nothing_to_tell_of_the_network(image):
    tracker = OwnTracker(NotingEngine())
    tracker.start(1)
    tracker.frame(np.zeros_like(image), 0.0)
    assert tracker.network() == {}


def share_of(engine, image, tmp_path, rate_hz):
    np.save(tmp_path / "clip.npy", image[None])
    trial = OwnTracker(engine).cameras(str(tmp_path / "clip.npy"), 1.0, count=2, rate_hz=rate_hz)
    return trial["share"]


def test_cameras_that_the_tracker_can_serve_lose_nothing_and_others_do(image, tmp_path):
    class Slow(NotingEngine):
        def run(self, *arguments):
            time.sleep(0.02)
            return super().run(*arguments)

    assert share_of(Slow(), image, tmp_path, 4.0) > 0.7
    assert share_of(Slow(), image, tmp_path, 400.0) < 0.3


def test_the_network_is_looked_at_on_one_core_only(image, monkeypatch, tmp_path):
    np.save(tmp_path / "clip.npy", image[None])
    tracker = OwnTracker(NotingEngine())
    tracker.begin(str(tmp_path / "clip.npy"), 3)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    assert not tracker.block()["network"]
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {1})
    assert tracker.block()["network"]["cpu_ms"] > 0


def test_the_operations_of_the_shipped_step_are_counted():
    assert gflop_per_face("rednet-lite") == pytest.approx(0.255, abs=0.002)


def test_the_rate_of_matrix_products_is_found():
    assert 0.1 < matrix_rate_gflops(256) < 100_000


@pytest.mark.parametrize("runtime", ["openvino", "opencv"])
def test_a_users_network_gives_fractions_of_the_crop(tmp_path, monkeypatch, runtime):
    onnx = pytest.importorskip("onnx")
    if runtime == "openvino":
        pytest.importorskip("openvino")
    else:
        monkeypatch.setattr(openvino, "core", _absent)
    # The means of the three channels, red first, of a crop of 8 px, and 133 zeros.
    picks = np.zeros((3, 136), np.float32)
    picks[range(3), range(3)] = 1
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "picks"], ["points"]),
    ]
    takes = helper.make_tensor_value_info("image", floats, [1, 3, 8, 8])
    gives = helper.make_tensor_value_info("points", floats, [1, 136])
    graph = helper.make_graph(nodes, "means", [takes], [gives], [onnx.numpy_helper.from_array(picks, "picks")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    onnx.save(model, str(tmp_path / "means.onnx"))
    engine = OnnxEngine(str(tmp_path / "means.onnx"), 8)
    assert (engine.backend, engine.weights_name, engine.crop_size_px) == (runtime, "means", 8)
    crops = np.tile(np.array([0, 51, 255], np.uint8), (2, 8, 8, 1))  # blue, green, red
    landmarks_px = engine.run(crops, None, None).landmarks_px
    assert landmarks_px.shape == (2, 68, 2)
    np.testing.assert_allclose(landmarks_px[1, :2], [[7.5, 1.1], [-0.5, -0.5]], atol=1e-5)


def _absent():
    raise RuntimeUnavailableError("OpenVINO is not installed")
