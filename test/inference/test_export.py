import subprocess
import sys

import pytest
import torch

from rednet_ros.errors import WeightsError
from rednet_ros.inference import export, exportable
from rednet_ros.inference.export import StepGraph, to_onnx
from rednet_ros.network import weights
from rednet_ros.network.rednet import feedback, response_maps

WITHOUT_CONVERTER = (
    "max_pool2d_with_indices",
    "max_unpool2d",
    "lstm",
    "unsafe_split",
    "aten.max.dim",
    "aten.sort",
    "aten.all",
)
"""Operators that would cut the step into several TensorRT engines."""

VARIANTS = {
    "vgg": {"backbone": "vgg"},
    "vgg-still": {"backbone": "vgg", "temporal": "none", "identity": False},
    "resnet": {"backbone": "resnet14", "temporal": "replace"},
    "base": {"backbone": "resnet14", "regression_maps": "softmax"},
    "lite": {"backbone": "mobile", "regression_maps": "softmax"},
    "spatial": {"backbone": "mobile", "regression_maps": "softmax", "temporal": "spatial"},
    "still": {"backbone": "resnet14", "temporal": "none", "identity": False, "regression_maps": "softmax"},
}


def arguments(module, faces: int):
    crops, z, *state = module.example_inputs(faces)
    return crops, z, *(torch.randn_like(part) for part in state)


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_export_gives_the_eager_answer_without_operators_that_tensorrt_lacks(small_network, variant):
    module = StepGraph(small_network(**VARIANTS[variant])).eval()
    inputs = arguments(module, 2)
    program = torch.export.export(module, inputs)
    names = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert len(names) > 5
    assert [name for name in names if any(word in name for word in WITHOUT_CONVERTER)] == []
    with torch.no_grad():
        expected, got = module(*inputs), program.module()(*inputs)
    for one, other in zip(expected, got, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-3)


def test_one_export_is_for_any_number_of_faces(small_network):
    """Nothing in the step may turn the number of faces into a constant."""
    module = StepGraph(small_network(backbone="resnet14")).eval()
    inputs = module.example_inputs(2)
    faces = torch.export.Dim("faces", min=1, max=32)
    program = torch.export.export(module, inputs, dynamic_shapes=tuple({0: faces} for _ in inputs))
    assert program.module()(*module.example_inputs(5))[0].shape[0] == 5


def test_eager_code_keeps_torchs_fast_pooling(small_network):
    """What the first test forbids is what it would find without the change of code in an export."""
    module = StepGraph(small_network(temporal="none", identity=False)).eval()
    graph = torch.fx.experimental.proxy_tensor.make_fx(module)(*module.example_inputs(1)).graph
    assert any("max_pool2d_with_indices" in str(node.target) for node in graph.nodes)


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
@torch.no_grad()
def test_two_steps_are_the_network(small_network, settings):
    network = small_network(**settings)
    module = StepGraph(network).eval()
    crops, z0, *state = arguments(module, 2)
    carried = zip(state, network.config.state_shapes.values(), strict=True)
    before = tuple(part.reshape(2, *shape) for part, shape in carried) or None
    expected = network(crops, z0, before)
    seen = network.one_step(network.body.stem(crops), z0, before).seen  # with the doubt of a memory
    detection, *_ = module(crops, z0, *state)
    _, regression, *rest = module(crops, feedback(detection, "detection"), *state)
    torch.testing.assert_close(detection, seen, rtol=1e-3, atol=1e-4)
    maps = response_maps(regression, "regression", network.config)
    torch.testing.assert_close(maps, expected.steps[1], rtol=1e-3, atol=1e-3)
    wanted = [value for value in (expected.identity, *(expected.state or ())) if value is not None]
    for one, other in zip(wanted, rest, strict=True):
        torch.testing.assert_close(other.flatten(1), one.flatten(1), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("variant", ["base", "lite", "spatial"])
def test_an_onnx_file_holds_only_what_opencv_4_6_reads(small_network, variant):
    import onnx

    graph = onnx.load_from_string(to_onnx(small_network(**VARIANTS[variant]))).graph
    layers = {"Conv", "ConvTranspose", "Relu", "Add", "Concat", "Slice", "GlobalAveragePool", "Resize"}
    gates = {"Sigmoid", "Tanh", "Mul", "Constant"}
    assert {node.op_type for node in graph.node} <= layers | gates


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"backbone": "vgg"}, "VGG"),
        ({"backbone": "resnet14", "shared_steps": False}, "shared steps"),
        ({"backbone": "resnet14", "steps": ("regression",)}, "shared steps"),
    ],
)
def test_what_opencv_cannot_run_is_refused(small_network, settings, reason):
    with pytest.raises(WeightsError, match=reason):
        to_onnx(small_network(**settings))


def test_architectures_are_built_with_random_weights():
    module, (crops, z, hidden, cell) = exportable("lite", faces=3)
    assert crops.shape == (3, 3, 128, 128)
    assert z.shape == (3, 7, 32, 32)
    assert hidden.shape == cell.shape == (3, 256, 1, 1)
    assert not module.training
    assert {"vgg", "resnet152", "resnet50", "resnet14", "base", "lite"} == set(export.ARCHITECTURES)


def test_weights_files_are_exported(small_network, info, tmp_path):
    path = tmp_path / "mine.safetensors"
    weights.save(path, small_network(temporal="none", identity=False), info)
    module, inputs = exportable(str(path))
    assert [tuple(result.shape) for result in module(*inputs)] == [(1, 7, 32, 32), (1, 68, 32, 32)]


def test_no_faces_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        exportable("lite", faces=0)


def test_random_weights_need_torch_alone():
    script = """
import sys
for name in ("cv2", "safetensors", "yaml", "tqdm", "rclpy", "onnx"):
    sys.modules[name] = None
from rednet_ros.inference import exportable
module, inputs = exportable("lite")
assert "rednet_ros.network.weights" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=600)
