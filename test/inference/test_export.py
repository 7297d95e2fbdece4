import subprocess
import sys

import numpy as np
import pytest
import torch

from rednet_ros.inference import export, exportable
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.export import ExportableNetwork
from rednet_ros.network import weights

WITHOUT_CONVERTER = ("max_pool2d_with_indices", "max_unpool2d", "lstm", "unsafe_split", "aten.max.dim", "aten.sort")
"""Operators that would cut the network into several TensorRT engines."""

INFO = weights.WeightsInfo("tiny", "for tests", "noise")
VARIANTS = {
    "vgg": {"backbone": "vgg"},
    "vgg-still": {"backbone": "vgg", "temporal": "none", "identity": False},
    "resnet": {"backbone": "resnet14", "temporal": "replace"},
    "lite": {"backbone": "resnet14", "temporal": "none", "identity": False, "regression_maps": "softmax"},
    "regression-alone": {"backbone": "resnet14", "temporal": "none", "identity": False, "steps": ("regression",)},
}
RESULT_COUNTS = {"vgg": 6, "vgg-still": 3, "resnet": 6, "lite": 3, "regression-alone": 2}


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_export_gives_the_eager_answer_without_operators_that_tensorrt_lacks(small_network, variant):
    module = ExportableNetwork(small_network(**VARIANTS[variant])).eval()
    crops, z0, *state = module.example_inputs(2)
    state = [torch.randn_like(part) for part in state]
    program = torch.export.export(module, (crops, z0, *state))
    names = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert len(names) > 20
    assert [name for name in names if any(word in name for word in WITHOUT_CONVERTER)] == []
    with torch.no_grad():
        expected, got = module(crops, z0, *state), program.module()(crops, z0, *state)
    for number, (one, other) in enumerate(zip(expected, got, strict=True)):
        torch.testing.assert_close(
            other, one, rtol=1e-3, atol=1e-2, msg=lambda text, number=number: f"{number}: {text}"
        )
    assert len(got) == RESULT_COUNTS[variant]


def test_eager_code_keeps_torchs_fast_pooling(small_network):
    """What the test above forbids is what it would find without the change of code in an export."""
    module = ExportableNetwork(small_network(temporal="none", identity=False))
    graph = torch.fx.experimental.proxy_tensor.make_fx(module)(*module.example_inputs(1)).graph
    assert any("max_pool2d_with_indices" in str(node.target) for node in graph.nodes)


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_the_module_answers_as_the_engine(small_network, settings):
    network = small_network(**settings)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    estimate = LandmarkEngine(network, INFO).run(pixels)
    module = ExportableNetwork(network)
    _, z0, *state = module.example_inputs(2)
    rgb = torch.from_numpy(pixels[..., ::-1].copy()).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        results = module(rgb, z0, *state)
    expected = [estimate.landmarks_px, estimate.confidence]
    if "detection" in network.config.steps:
        expected.append(estimate.presence)
    if estimate.identity is not None:
        expected += [estimate.identity, estimate.state.hidden, estimate.state.cell]
    for one, other in zip(expected, results, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-2)


def test_architectures_are_built_with_random_weights():
    module, (crops, z0, hidden, cell) = exportable("lite", faces=3)
    assert crops.shape == (3, 3, 96, 96)
    assert z0.shape == (3, 7, 48, 48)
    assert hidden.shape == cell.shape == (3, 256)
    assert not module.training
    assert {"vgg", "resnet152", "resnet50", "resnet14", "lite"} == set(export.ARCHITECTURES)


def test_weights_files_are_exported(small_network, tmp_path):
    path = tmp_path / "mine.safetensors"
    weights.save(path, small_network(temporal="none", identity=False), INFO)
    module, inputs = exportable(str(path))
    assert len(inputs) == 2
    landmarks_px, confidence, presence = module(*inputs)
    assert landmarks_px.shape == (1, 68, 2)
    assert confidence.shape == (1, 68)
    assert presence.shape == (1, 7)


def test_no_faces_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        exportable("lite", faces=0)


def test_random_weights_need_torch_alone():
    script = """
import sys
for name in ("cv2", "safetensors", "yaml", "tqdm", "rclpy"):
    sys.modules[name] = None
from rednet_ros.inference import exportable
module, inputs = exportable("lite")
assert "rednet_ros.network.weights" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=600)
