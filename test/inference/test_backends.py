"""The backends that can run on a CPU, each against eager PyTorch; and what is said of those that cannot run here."""

import hashlib
import importlib.util
import json
import re
import shutil
import threading
import time
import warnings

import numpy as np
import pytest
import torch

from rednet_ros.errors import InputError
from rednet_ros.inference import engine_file
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.threads import CpuThreads
from rednet_ros.network import weights

INFO = weights.WeightsInfo("tiny", "for tests", "noise")
RNG = np.random.default_rng(11)

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed: pip install 'rednet_ros[fast]'"
)
needs_no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(engine_file.CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def network(small_network):
    return small_network(backbone="resnet14", regression_maps="softmax", smoothing=True)


@pytest.fixture
def weights_file(network, tmp_path):
    path = tmp_path / "mine.safetensors"
    weights.save(path, network, INFO)
    return path


def check_same(one: LandmarkEngine, other: LandmarkEngine, tolerance_px: float = 1e-2) -> None:
    """Over three frames of changing numbers of faces, one of them new in the second frame."""
    states: dict[LandmarkEngine, list] = {one: [], other: []}
    for faces in (2, 3, 1):
        crops = RNG.integers(0, 256, (faces, 64, 64, 3), dtype=np.uint8)
        previous_px = RNG.uniform(8, 56, (faces, 68, 2)).astype(np.float32)
        previous_px[-1] = np.nan
        results = {}
        for engine, known in states.items():
            fresh = [engine.initial_state(1)] * (faces - len(known))
            state = type(fresh[0] if fresh else known[0]).stack([*known[:faces], *fresh])
            results[engine] = engine.run(crops, previous_px, state)
            states[engine] = [results[engine].state.row(at) for at in range(faces)]
        for name in ("landmarks_px", "confidence", "presence", "identity"):
            torch.testing.assert_close(
                getattr(results[one], name), getattr(results[other], name), rtol=0, atol=tolerance_px, msg=name
            )
        torch.testing.assert_close(results[one].state.cell, results[other].state.cell, rtol=0, atol=1e-3)


@needs_openvino
@pytest.mark.slow
def test_openvino_gives_the_same_and_converts_once(network, weights_file, monkeypatch, tmp_path):
    first = LandmarkEngine.load(weights_file, "cpu")
    assert first.backend == "openvino float32"
    assert first.notices == ()
    assert first.engine_file.parent == tmp_path / "cache"
    check_same(LandmarkEngine(network, INFO), first)
    from rednet_ros.inference.backends import openvino

    monkeypatch.setattr(openvino, "convert", lambda _: pytest.fail("converted again"))
    second = LandmarkEngine.load(weights_file, "cpu")
    assert second.backend == "openvino float32"
    monkeypatch.undo()
    monkeypatch.setenv(engine_file.CACHE_VARIABLE, str(tmp_path / "cache"))
    (sidecar,) = (tmp_path / "cache").glob("*.json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "openvino": "2020.1"}))
    monkeypatch.setattr(openvino, "convert", lambda _: (_ for _ in ()).throw(RuntimeError("asked to convert")))
    third = LandmarkEngine.load(weights_file, "cpu")
    assert (third.backend, third.engine_file) == ("eager float32", None)
    assert "asked to convert" in third.notices[0]


@needs_openvino
@pytest.mark.slow
def test_openvino_converts_again_where_its_numbers_are_damaged(network, weights_file, tmp_path):
    LandmarkEngine.load(weights_file, "cpu")
    (numbers,) = (tmp_path / "cache").glob("*.bin")
    whole = numbers.read_bytes()
    description = numbers.with_suffix(".xml").read_text()
    places = re.findall(r'element_type="f32"[^>]* offset="(\d+)" size="(\d+)"', description)
    offset, size = max(((int(start), int(count)) for start, count in places), key=lambda place: place[1])
    numbers.write_bytes(whole[:offset] + bytes(size) + whole[offset + size :])  # the largest layer forgets everything
    second = LandmarkEngine.load(weights_file, "cpu")
    assert second.backend == "openvino float32"
    assert numbers.read_bytes() == whole
    check_same(LandmarkEngine(network, INFO), second)


@needs_openvino
@pytest.mark.slow
def test_openvino_converts_once_and_says_one_line_where_the_cache_cannot_be_written(weights_file, monkeypatch, caplog):
    from rednet_ros.inference.backends import openvino

    monkeypatch.setenv(engine_file.CACHE_VARIABLE, "/dev/null/cache")
    convert, calls = openvino.convert, []
    monkeypatch.setattr(openvino, "convert", lambda network: calls.append(network) or convert(network))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        engine = LandmarkEngine.load(weights_file, "cpu")
    assert (engine.backend, engine.engine_file, len(calls)) == ("openvino float32", None, 1)
    assert [record.getMessage().split(",")[0] for record in caplog.records if record.levelname == "WARNING"] == [
        f"the converted network cannot be kept in {engine_file.usual_file(weights_file, 'openvino').path}"
    ]
    assert not [warning for warning in caught if warning.category is FutureWarning]


@needs_openvino
@pytest.mark.slow
def test_openvino_spreads_large_batches_over_cores_and_not_small_ones(network):
    engine = LandmarkEngine(network, INFO, backend="openvino", threads=CpuThreads(1, 2))
    assert engine.backend == "openvino float32"
    assert [engine.cpu_threads(faces) for faces in (1, 2, 3, 8)] == [1, 1, 2, 2]
    assert _others_share(engine, 2) < 0.1
    if (cores := _free_cores()) < 1.7:
        pytest.skip(f"other processes leave {cores:.1f} of two cores: one thread does nearly all then")
    shares = [_others_share(engine, 16) for _ in range(5)]
    assert 0.25 < max(shares) < 0.75, shares


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


def test_eager_takes_the_threads_of_pytorch(network):
    engine = LandmarkEngine(network, INFO, threads=CpuThreads(1, 2))
    assert engine.cpu_threads(8) == torch.get_num_threads()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_gives_the_same(network):
    compiled = LandmarkEngine(network, INFO, backend="compiled")
    assert compiled.backend == "compiled float32"
    check_same(LandmarkEngine(network, INFO), compiled)


@pytest.mark.parametrize("backend", ["compiled", "openvino"])
def test_what_cannot_be_used_is_told_and_the_next_one_serves(network, backend, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    engine = LandmarkEngine(network, INFO, backend=backend)
    if engine.backend != "eager float32":  # asked for compiled, and OpenVINO comes next where it is installed
        pytest.fail(engine.backend)
    assert backend in engine.notices[0]
    assert "install" in engine.notices[0]
    assert engine.run(np.zeros((1, 64, 64, 3), np.uint8)).landmarks_px.isfinite().all()


@pytest.mark.parametrize(
    ("device", "backend", "told"),
    [
        ("cpu", "onnx", "choose one of auto, eager"),
        ("cpu", "tensorrt", "runs on cuda, not on cpu"),
        ("cpu", "cuda_graph", "runs on cuda, not on cpu"),
        ("cuda", "openvino", "runs on cpu, not on cuda"),
    ],
)
def test_backends_that_do_not_fit_the_device_are_refused(network, device, backend, told, monkeypatch):
    monkeypatch.setattr("rednet_ros.inference.engine.StateTable", lambda *_: None)
    with pytest.raises(InputError, match=told):
        LandmarkEngine(network, INFO, device, backend)


@needs_no_gpu
@pytest.mark.parametrize("backend", ["auto", "tensorrt", "cuda_graph"])
def test_cuda_without_a_gpu_is_refused_at_the_start(weights_file, backend):
    with pytest.raises(InputError, match="no CUDA GPU"):
        LandmarkEngine.load(weights_file, "cuda", backend=backend)
