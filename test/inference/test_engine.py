import numpy as np
import pytest
import torch

from rednet_ros.errors import InputError, WeightsError
from rednet_ros.inference.choice import choose_device
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.types import FaceState
from rednet_ros.network import weights

INFO = weights.WeightsInfo("tiny", "for tests", "noise")
RNG = np.random.default_rng(7)


@pytest.fixture
def engine(small_network):
    return LandmarkEngine.of_network(small_network(), INFO)


def crops(faces: int) -> np.ndarray:
    return RNG.integers(0, 256, (faces, 64, 64, 3), dtype=np.uint8)


def landmarks(faces: int) -> np.ndarray:
    return RNG.uniform(8, 56, (faces, 68, 2)).astype(np.float32)


def random_state(faces: int) -> FaceState:
    hidden, cell = RNG.normal(size=(2, faces, 256)).astype(np.float32)
    return FaceState({"hidden": np.tanh(hidden), "cell": cell})


def differs(one, other) -> bool:
    return abs(one.confidence - other.confidence).max() > 1e-3


@pytest.mark.parametrize("backbone", ["vgg", "resnet14"])
@pytest.mark.parametrize("faces", [0, 1, 3])
def test_results_have_the_documented_shapes(small_network, backbone, faces):
    result = LandmarkEngine.of_network(small_network(backbone=backbone), INFO).run(crops(faces))
    assert result.landmarks_px.shape == (faces, 68, 2)
    assert result.landmarks_px.dtype == result.confidence.dtype == np.float32
    assert result.confidence.shape == (faces, 68)
    assert result.presence.shape == (faces, 7)
    assert ((result.presence >= 0) & (result.presence <= 1)).all()
    assert ((result.confidence >= 0) & (result.confidence <= 1)).all()
    assert np.isfinite(result.landmarks_px).all()
    assert len(result.state) == faces
    np.testing.assert_allclose(np.linalg.norm(result.identity, axis=1), 1, rtol=1e-5)


def test_a_network_of_stills_has_neither_state_nor_identity(small_network):
    engine = LandmarkEngine.of_network(small_network(temporal="none", identity=False), INFO)
    result = engine.run(crops(2))
    assert result.state is None
    assert result.identity is None
    assert engine.initial_state(2) is None


def test_without_a_detection_step_nothing_says_whether_there_is_a_face(small_network):
    assert LandmarkEngine.of_network(small_network(steps=("regression",)), INFO).run(crops(1)).presence is None


def test_it_says_what_it_runs(engine):
    assert (engine.weights_name, engine.license, engine.crop_size_px, engine.device) == ("tiny", "for tests", 64, "cpu")


def test_it_says_whether_it_can_tell_people_apart(small_network):
    engine = LandmarkEngine.of_network(small_network(), weights.WeightsInfo("tiny", "for tests", "noise", 0.4))
    assert engine.gives_identity
    assert engine.identity_threshold == 0.4
    without = LandmarkEngine.of_network(small_network(identity=False), INFO)
    assert not without.gives_identity
    assert without.identity_threshold is None


def test_channels_are_swapped_for_the_network(small_network):
    """The library's images are BGR, the network's RGB."""
    network = small_network()
    image = crops(1)
    bgr = LandmarkEngine.of_network(network, INFO).run(image)
    swapped = LandmarkEngine.of_network(network, INFO).run(np.ascontiguousarray(image[..., ::-1]))
    assert differs(bgr, swapped)
    first = network.body.a0[0][0]
    with torch.no_grad():
        first.weight.copy_(first.weight.flip(1))  # a network that takes BGR
    other = LandmarkEngine.of_network(network, INFO).run(image)
    np.testing.assert_allclose(other.confidence, swapped.confidence, rtol=1e-3, atol=1e-4)


def test_a_batch_gives_what_single_faces_give(small_network):
    # In double precision: rounding depends on the batch, and may decide between two near-equal maxima.
    engine = LandmarkEngine.of_network(small_network().double(), INFO)
    pixels, before, state = crops(3), landmarks(3), random_state(3)
    together = engine.run(pixels, before, state)
    for face in range(3):
        row = slice(face, face + 1)
        alone = engine.run(pixels[row], before[row], state.row(face))
        np.testing.assert_allclose(together.landmarks_px[row], alone.landmarks_px, rtol=0, atol=1e-3)
        np.testing.assert_allclose(together.confidence[row], alone.confidence, rtol=0, atol=1e-5)
        np.testing.assert_allclose(together.identity[row], alone.identity, rtol=0, atol=1e-5)
        np.testing.assert_allclose(together.state.row(face).parts["cell"], alone.state.parts["cell"], rtol=1e-5)


def test_it_remembers_no_face(engine):
    pixels = crops(1)
    first = engine.run(pixels)
    engine.run(crops(1), landmarks(1), first.state)
    np.testing.assert_allclose(engine.run(pixels).confidence, first.confidence, rtol=1e-3, atol=1e-4)


def test_the_state_is_used(engine):
    pixels = crops(1)
    first = engine.run(pixels)
    assert differs(engine.run(pixels, state=first.state), first)
    again = engine.run(pixels, state=engine.initial_state(1))
    np.testing.assert_allclose(again.confidence, first.confidence, rtol=1e-3, atol=1e-4)


def test_the_previous_landmarks_are_used_and_nan_means_none(engine):
    pixels, before = crops(2), landmarks(2)
    first_frame = engine.run(pixels)
    assert differs(engine.run(pixels, before), first_frame)
    before[1] = np.nan
    mixed = engine.run(pixels, before)
    np.testing.assert_allclose(mixed.confidence[1], first_frame.confidence[1], rtol=1e-3, atol=1e-4)
    assert abs(mixed.confidence[0] - first_frame.confidence[0]).max() > 1e-3


def test_views_of_larger_images_are_taken(engine):
    frame = RNG.integers(0, 256, (1, 80, 90, 3), dtype=np.uint8)
    view = frame[:, 10:74, 74:10:-1]
    np.testing.assert_allclose(engine.run(view).confidence, engine.run(view.copy()).confidence, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (lambda: (crops(1)[:, :32],), "N x 64 x 64 x 3"),
        (lambda: (crops(1)[0],), "N x 64 x 64 x 3"),
        (lambda: (crops(1).astype(np.float32),), "uint8"),
        (lambda: (crops(2), landmarks(1)), "2 crops need 2 x 68 x 2"),
        (lambda: (crops(1), landmarks(1)[:, :7]), "1 crops need 1 x 68 x 2"),
        (lambda: (crops(2), None, random_state(1)), "state is of 1 faces, the crops are of 2"),
    ],
    ids=["size", "no batch", "float", "landmarks of another batch", "seven landmarks", "state of another batch"],
)
def test_arrays_that_do_not_fit_are_refused(engine, arguments, told):
    with pytest.raises(ValueError, match=told):
        engine.run(*arguments())


def test_it_loads_weights_files(small_network, tmp_path):
    network = small_network(temporal="none")
    path = tmp_path / "mine.safetensors"
    weights.save(path, network, INFO)
    loaded = LandmarkEngine.load(path, device="cpu", backend="torch")
    pixels = crops(1)
    expected = LandmarkEngine.of_network(network, INFO).run(pixels)
    np.testing.assert_allclose(loaded.run(pixels).landmarks_px, expected.landmarks_px, rtol=1e-3, atol=1e-2)
    assert loaded.weights_name == "tiny"


def test_missing_weights_are_an_error_of_weights(tmp_path):
    with pytest.raises(WeightsError, match="no weights file"):
        LandmarkEngine.load(tmp_path / "none.safetensors", device="cpu")


def test_auto_takes_the_best_device(monkeypatch):
    monkeypatch.setattr("rednet_ros.inference.choice._has_gpu", lambda: False)
    assert choose_device("auto") == "cpu"
    monkeypatch.setattr("rednet_ros.inference.choice._has_gpu", lambda: True)
    assert choose_device("auto") == choose_device("cuda") == choose_device("auto", "tensorrt") == "cuda"
    assert choose_device("cpu") == choose_device("auto", "opencv") == "cpu"


def test_an_absent_gpu_is_reported_before_weights_are_read(monkeypatch):
    monkeypatch.setattr("rednet_ros.inference.choice._has_gpu", lambda: False)
    with pytest.raises(InputError, match="no CUDA GPU.*'cpu'"):
        LandmarkEngine.load("no such weights", device="cuda")


@pytest.mark.parametrize(
    ("device", "backend", "reason"),
    [
        ("cpu", "onnx", "choose one of auto, opencv, openvino, torch, tensorrt"),
        ("cpu", "tensorrt", "runs on cuda, not on cpu"),
        ("cuda", "openvino", "runs on cpu, not on cuda"),
        ("cuda", "opencv", "runs on cpu, not on cuda"),
    ],
)
def test_backends_that_do_not_fit_the_device_are_refused(device, backend, reason):
    with pytest.raises(InputError, match=reason):
        choose_device(device, backend)


@pytest.mark.parametrize("device", ["gpu", "cuda:1", "", "CPU"])
def test_unknown_devices_are_refused_with_the_known_ones(device):
    with pytest.raises(InputError, match="auto, cpu or cuda"):
        choose_device(device)


@pytest.mark.gpu
def test_a_gpu_gives_the_cpus_answer(small_network):
    network, pixels, before = small_network(), crops(2), landmarks(2)
    expected = LandmarkEngine.of_network(network, INFO).run(pixels, before)
    result = LandmarkEngine.of_network(network, INFO, "cuda").run(pixels, before)
    np.testing.assert_allclose(result.landmarks_px, expected.landmarks_px, rtol=1e-2, atol=0.1)
    np.testing.assert_allclose(result.confidence, expected.confidence, rtol=1e-2, atol=1e-2)
