"""The runtimes of a CPU, each against PyTorch; and what is said of those that cannot run here."""

import hashlib
import importlib.util
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import WeightsError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.threads import CpuThreads
from rednet_ros.network import weights

RNG = np.random.default_rng(11)

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed: pip install 'rednet_ros[fast]'"
)
RUNTIMES = ["opencv", pytest.param("openvino", marks=needs_openvino)]
SHIPPED = ["rednet-lite", "rednet-lite-clean"]


def check_same(one: LandmarkEngine, other: LandmarkEngine, tolerance_px: float) -> None:
    """Over frames of changing numbers of faces, some of them new."""
    states: dict[LandmarkEngine, list] = {one: [], other: []}
    size_px = one.crop_size_px
    for faces in (2, 3, 1, 4):
        crops = RNG.integers(0, 256, (faces, size_px, size_px, 3), dtype=np.uint8)
        previous_px = RNG.uniform(8, size_px - 8, (faces, 68, 2)).astype(np.float32)
        previous_px[-1] = np.nan
        results = {}
        for engine, known in states.items():
            fresh = [engine.initial_state(1)] * (faces - len(known))
            rows = [*known[:faces], *fresh]
            state = None if rows[0] is None else type(rows[0]).stack(rows)
            results[engine] = engine.run(crops, previous_px, state)
            states[engine] = [results[engine].state and results[engine].state.row(at) for at in range(faces)]
        expected, got = results[one], results[other]
        np.testing.assert_allclose(got.landmarks_px, expected.landmarks_px, rtol=0, atol=tolerance_px)
        for name in ("confidence", "presence", "identity"):
            if (value := getattr(expected, name)) is not None:
                np.testing.assert_allclose(getattr(got, name), value, rtol=0, atol=1e-3, err_msg=name)
        if expected.state is not None:
            for name, part in expected.state.parts.items():
                np.testing.assert_allclose(got.state.parts[name], part, rtol=0, atol=1e-3, err_msg=name)


@pytest.mark.parametrize("backend", RUNTIMES)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temporal": "replace", "regression_maps": "linear"},
        {"temporal": "none", "identity": False},
        {"steps": ("detection", "regression", "regression")},
        {"backbone": "mobile", "direct": True},
        {"backbone": "mobile", "direct": True, "temporal": "spatial"},
    ],
    ids=["base", "paper's maps", "stills", "three steps", "shipped", "spatial"],
)
def test_a_runtime_gives_what_pytorch_gives(small_network, exported, info, backend, settings, monkeypatch):
    monkeypatch.setattr("rednet_ros.inference.openvino._multiplies_bf16", lambda core: False)
    network = small_network(**{"backbone": "resnet14", "regression_maps": "softmax", **settings})
    engine = LandmarkEngine.load(exported(network), "cpu", backend=backend)
    assert engine.backend == f"{backend} float32"
    assert engine.notices == ()
    check_same(LandmarkEngine.of_network(network, info), engine, 0.02)


MOVED_PX = {"float32": (0.01, 0.02), "bfloat16": (0.1, 0.2), "int8": (0.8, 2.0)}
"""By precision: how far 99 of 100 coordinates may be from PyTorch's, and how far any may be."""


@pytest.mark.slow
@pytest.mark.parametrize("backend", RUNTIMES)
@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_weights_move_landmarks_no_more_than_their_precision_explains(portrait_crops, name, backend):
    """On crops of a real face: in the middle, aside, larger, turned."""
    torch_engine = LandmarkEngine.load(name, "cpu", backend="torch")
    engine = LandmarkEngine.load(name, "cpu", backend=backend)
    crops = portrait_crops(engine.crop_size_px)
    usual_px, most_px = MOVED_PX[engine.backend.split()[1]]
    first, expected = engine.run(crops), torch_engine.run(crops)
    np.testing.assert_allclose(first.landmarks_px, expected.landmarks_px, rtol=0, atol=most_px)
    second = engine.run(crops, first.landmarks_px, first.state)
    expected = torch_engine.run(crops, expected.landmarks_px, expected.state)
    np.testing.assert_allclose(second.landmarks_px, expected.landmarks_px, rtol=0, atol=most_px)
    assert np.percentile(np.abs(second.landmarks_px - expected.landmarks_px), 99) < usual_px


@needs_openvino
@pytest.mark.parametrize(("has_bf16", "precision"), [(True, "bfloat16"), (False, "int8")])
def test_8_bits_serve_where_the_processor_has_no_bfloat16(has_bf16, precision, portrait_crops, monkeypatch):
    monkeypatch.setattr("rednet_ros.inference.openvino._multiplies_bf16", lambda core: has_bf16)
    engine = LandmarkEngine.load("rednet-lite-clean", "cpu", backend="openvino")
    assert (engine.backend, engine.notices) == (f"openvino {precision}", ())
    crops = portrait_crops(engine.crop_size_px)
    one_by_one = np.concatenate([engine.run(crop[None]).landmarks_px for crop in crops])
    np.testing.assert_allclose(engine.run(crops).landmarks_px, one_by_one, rtol=0, atol=0.1)


def test_a_cpu_needs_no_pytorch(exported, network):
    """Nor do the tracker and the commands that do not train."""
    script = f"""
import sys
sys.modules["torch"] = sys.modules["safetensors"] = None
import numpy as np
import rednet_ros.cli.track, rednet_ros.cli.evaluate
from rednet_ros.tracking import FaceTracker
with FaceTracker({str(exported(network))!r}, "cpu", backend="opencv") as tracker:
    assert tracker.update(np.zeros((120, 160, 3), np.uint8), 0.0) == []
    print(tracker.figures()["backend"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "opencv float32\n"), done.stderr


def test_without_a_step_beside_them_weights_are_run_by_pytorch(network, info, tmp_path):
    path = tmp_path / "mine.safetensors"
    weights.save(path, network, info)
    assert LandmarkEngine.load(path, "cpu").backend == "torch float32"
    with pytest.raises(WeightsError, match="rednet-export writes it"):
        LandmarkEngine.load(path, "cpu", backend="opencv")


def test_a_step_without_its_weights_runs(exported, network, info):
    path = exported(network)
    path.unlink()
    engine = LandmarkEngine.load(path, "cpu")
    assert (engine.weights_name, engine.license) == (info.name, info.license)
    assert not engine.backend.startswith("torch")


def test_pytorch_that_was_asked_for_and_is_missing_is_reported(exported, network, monkeypatch):
    path = exported(network)
    monkeypatch.setattr("rednet_ros.inference.choice._is_installed", lambda module: module != "torch")
    engine = LandmarkEngine.load(path, "cpu", backend="torch")
    assert engine.backend != "torch float32"
    assert "PyTorch is not installed" in engine.notices[0]


def test_a_damaged_step_is_reported_and_pytorch_serves(exported, network):
    path = exported(network)
    graph = path.with_suffix(".onnx")
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    engine = LandmarkEngine.load(path, "cpu")
    assert engine.backend == "torch float32"
    assert "damaged" in engine.notices[0]


def test_openvino_that_is_missing_is_reported_and_opencv_serves(exported, network, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr("rednet_ros.inference.openvino._only_core", _without_cache("openvino"))
    engine = LandmarkEngine.load(exported(network), "cpu", backend="openvino")
    assert engine.backend == "opencv float32"
    assert "openvino" in engine.notices[0]
    assert "install" in engine.notices[0]


def _without_cache(name: str):
    from rednet_ros.inference import openvino

    return openvino._only_core.__wrapped__


@needs_openvino
@pytest.mark.slow
def test_openvino_spreads_large_batches_over_cores_and_not_small_ones(exported, network):
    engine = LandmarkEngine.load(exported(network), "cpu", CpuThreads(1, 2), "openvino")
    assert [engine.cpu_threads(faces) for faces in (1, 2, 3, 8)] == [1, 1, 2, 2]
    assert _others_share(engine, 2) < 0.1
    if (cores := _free_cores()) < 1.7:
        pytest.skip(f"other processes leave {cores:.1f} of two cores: one thread does nearly all then")
    shares = [_others_share(engine, 16) for _ in range(5)]
    assert 0.1 < max(shares) < 0.75, shares


def _free_cores() -> float:
    """How many of two cores two threads of this process get, at present."""
    block = bytes(1 << 20)
    until_s = time.perf_counter() + 0.5

    def work() -> None:
        while time.perf_counter() < until_s:
            hashlib.sha256(block)  # without Python's lock

    threads = [threading.Thread(target=work) for _ in range(2)]
    wall_s, used_s = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.process_time() - used_s) / (time.perf_counter() - wall_s)


def _others_share(engine: LandmarkEngine, faces: int) -> float:
    """How much of the processor time of a batch other threads than the calling one spend."""
    crops = RNG.integers(0, 256, (faces, 64, 64, 3), dtype=np.uint8)
    engine.run(crops)
    own_s, all_s = time.thread_time(), time.process_time()
    for _ in range(20):
        engine.run(crops)
    own_s, all_s = time.thread_time() - own_s, time.process_time() - all_s
    return 1 - own_s / all_s


def test_the_description_names_its_files(exported, network):
    path = exported(network)
    values = json.loads(path.with_suffix(".json").read_text())
    assert values["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert values["graph_sha256"] == hashlib.sha256(path.with_suffix(".onnx").read_bytes()).hexdigest()
    assert Path(path.with_suffix(".onnx")).stat().st_size > 1000
