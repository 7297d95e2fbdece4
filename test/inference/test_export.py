import subprocess
import sys

import numpy as np
import pytest
import torch

from rednet_ros.inference import export, exportable
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.graph import CropGraph, FrameGraph, RecordLayout
from rednet_ros.network import weights

WITHOUT_CONVERTER = (
    "max_pool2d_with_indices",
    "max_unpool2d",
    "lstm",
    "unsafe_split",
    "aten.max.dim",
    "aten.sort",
    "aten.all",
)
"""Operators that would cut the network into several TensorRT engines."""

INFO = weights.WeightsInfo("tiny", "for tests", "noise")
VARIANTS = {
    "vgg": {"backbone": "vgg"},
    "vgg-still": {"backbone": "vgg", "temporal": "none", "identity": False},
    "resnet": {"backbone": "resnet14", "temporal": "replace"},
    "smoothed": {"backbone": "resnet14", "smoothing": True},
    "lite": {"backbone": "resnet14", "temporal": "none", "identity": False, "regression_maps": "softmax"},
    "regression-alone": {"backbone": "resnet14", "temporal": "none", "identity": False, "steps": ("regression",)},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_export_gives_the_eager_answer_without_operators_that_tensorrt_lacks(small_network, variant):
    module = FrameGraph(small_network(**VARIANTS[variant])).eval()
    *inputs, previous_px, hidden, cell = [*module.example_inputs(2), None, None][:6]
    if previous_px is not None and hidden is not None:
        hidden, cell = torch.randn_like(hidden), torch.randn_like(cell)
    previous_px[1] = torch.rand(68, 2) * 100 + 200
    arguments = tuple(value for value in (*inputs, previous_px, hidden, cell) if value is not None)
    program = torch.export.export(module, arguments)
    names = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert len(names) > 20
    assert [name for name in names if any(word in name for word in WITHOUT_CONVERTER)] == []
    with torch.no_grad():
        expected, got = module(*arguments), program.module()(*arguments)
    assert len(got) == (1 if hidden is None else 3)
    for one, other in zip(expected, got, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-3, atol=2e-2)


def test_one_export_is_for_any_number_of_faces(small_network):
    """Nothing in the network may turn the number of faces into a constant."""
    module = CropGraph(small_network(backbone="resnet14", smoothing=True, regression_maps="softmax")).eval()
    inputs = module.example_inputs(2)
    faces = torch.export.Dim("faces", min=1, max=64)
    program = torch.export.export(module, inputs, dynamic_shapes=tuple({0: faces} for _ in inputs))
    assert program.module()(*module.example_inputs(5))[0].shape[0] == 5


def test_eager_code_keeps_torchs_fast_pooling(small_network):
    """What the test above forbids is what it would find without the change of code in an export."""
    module = CropGraph(small_network(temporal="none", identity=False))
    graph = torch.fx.experimental.proxy_tensor.make_fx(module)(*module.example_inputs(1)).graph
    assert any("max_pool2d_with_indices" in str(node.target) for node in graph.nodes)


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_the_graph_answers_as_the_engine(small_network, settings):
    network = small_network(**settings)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    estimate = LandmarkEngine(network, INFO).run(pixels)
    module = CropGraph(network)
    _, *others = module.example_inputs(2)
    with torch.no_grad():
        record, *state = module(torch.from_numpy(pixels), *others)
    results = [*RecordLayout.of(network.config).split(record), *state]
    expected = [estimate.landmarks_px, estimate.confidence, estimate.presence, estimate.identity]
    if estimate.state is not None:
        expected += [estimate.state.hidden, estimate.state.cell]
    for one, other in zip(expected, results, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-2)


def test_architectures_are_built_with_random_weights():
    module, (pixels, sources, transforms, previous_px, hidden, cell) = exportable("lite", faces=3)
    assert pixels.shape == (640 * 480, 3)
    assert pixels.dtype == torch.uint8
    assert sources.shape == transforms.shape == (3, 4)
    assert previous_px.shape == (3, 68, 2)
    assert hidden.shape == cell.shape == (3, 256)
    assert not module.training
    assert {"vgg", "resnet152", "resnet50", "resnet14", "lite"} == set(export.ARCHITECTURES)


def test_weights_files_are_exported(small_network, tmp_path):
    path = tmp_path / "mine.safetensors"
    weights.save(path, small_network(temporal="none", identity=False), INFO)
    module, inputs = exportable(str(path))
    assert len(inputs) == 4
    (record,) = module(*inputs)
    assert record.shape == (1, 68 * 3 + 7)


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
