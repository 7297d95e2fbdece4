import json

import numpy as np
import pytest

from rednet_ros.errors import WeightsError
from rednet_ros.inference import step_file
from rednet_ros.inference.step_file import Description
from rednet_ros.network.config import REDNetConfig

OF = Description(
    "mine", "free", "noise", REDNetConfig(crop_px=64), np.full((7, 2), 0.5, np.float32), 0.4, {"gain": [0.25, 1.0]}
)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"numbers")
    step_file.write(path, b"graph", OF)
    return path


def edit(weights, **changes):
    path = weights.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_was_written_is_read(weights):
    file = step_file.read(weights)
    assert file.graph == b"graph"
    assert file.description.config == OF.config
    assert (file.description.name, file.description.license, file.description.data) == ("mine", "free", "noise")
    assert (file.description.identity_threshold, file.description.motion) == (0.4, {"gain": [0.25, 1.0]})
    np.testing.assert_array_equal(file.description.mean_points, OF.mean_points)


@pytest.mark.parametrize("suffix", [".onnx", ".json"])
def test_a_missing_file_is_named_with_the_command_that_writes_it(weights, suffix):
    weights.with_suffix(suffix).unlink()
    with pytest.raises(WeightsError, match=f"mine\\{suffix} cannot be read.*rednet-export"):
        step_file.read(weights)


def test_a_damaged_graph_is_refused(weights):
    weights.with_suffix(".onnx").write_bytes(b"grap\0")
    with pytest.raises(WeightsError, match="damaged"):
        step_file.read(weights)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"license": "none"}, "damaged"),
        ({"motion": {"gain": [9.0, 9.0]}}, "damaged"),
        ({"format": "rednet-step-9"}, "version"),
    ],
)
def test_a_description_that_was_edited_is_refused(weights, changes, reason):
    edit(weights, **changes)
    with pytest.raises(WeightsError, match=reason):
        step_file.read(weights)


def test_a_description_that_is_no_json_is_refused(weights):
    weights.with_suffix(".json").write_text("{")
    with pytest.raises(WeightsError, match="damaged"):
        step_file.read(weights)


def test_a_step_of_other_weights_is_refused(weights):
    weights.write_bytes(b"better numbers")
    with pytest.raises(WeightsError, match="other weights.*run rednet-export"):
        step_file.read(weights)


def test_a_step_alone_is_read(weights):
    weights.unlink()
    assert step_file.read(weights).graph == b"graph"


def test_a_step_in_8_bits_is_read_beside_the_other(weights):
    assert step_file.read(weights).int8 is None
    step_file.write_int8(weights, b"<net/>", b"small numbers")
    file = step_file.read(weights)
    assert (file.graph, file.int8) == (b"graph", (b"<net/>", b"small numbers"))
    assert file.description.config == OF.config


@pytest.mark.parametrize("suffix", [".int8.xml", ".int8.bin"])
def test_a_damaged_or_missing_step_in_8_bits_is_refused(weights, suffix):
    step_file.write_int8(weights, b"<net/>", b"small numbers")
    path = weights.with_suffix(suffix)
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(WeightsError, match="is damaged: rednet-export int8"):
        step_file.read(weights)
    path.unlink()
    with pytest.raises(WeightsError, match=f"mine{suffix} cannot be read.*rednet-export int8"):
        step_file.read(weights)


def test_a_step_whose_8_bits_were_left_out_is_read_without(weights):
    step_file.write_int8(weights, b"<net/>", b"small numbers")
    for suffix in (".int8.xml", ".int8.bin"):
        weights.with_suffix(suffix).unlink()
    assert step_file.read(weights).int8 is None


def test_a_new_step_leaves_no_older_one_in_8_bits(weights):
    step_file.write_int8(weights, b"<net/>", b"small numbers")
    step_file.write(weights, b"another graph", OF)
    assert step_file.read(weights).int8 is None
    assert sorted(path.name for path in weights.parent.iterdir()) == ["mine.json", "mine.onnx", "mine.safetensors"]
