"""Damaged and malicious weights files: a WeightsError that names the file, or weights that can be used. Never a crash.

No file makes the loader spend memory or time on what its header merely claims.
"""

import json
import math

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed: run `make test`")

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from rednet_ros.errors import WeightsError
from rednet_ros.network import weights

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def good(tmp_path_factory, request):
    """A weights file of a very small network."""
    from rednet_ros.network.config import REDNetConfig
    from rednet_ros.network.rednet import REDNet

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "good.safetensors"
    network = REDNet(REDNetConfig(backbone="resnet14", width=0.05, crop_px=64, temporal="none", identity=False)).eval()
    weights.save(path, network, weights.WeightsInfo("good", "Apache-2.0", "none"))
    return path


def load_or_reason(path):
    """The loaded network, or None for a file that was refused in so many words."""
    try:
        network, info = weights.load(path)
    except WeightsError as error:
        assert str(path) in str(error)
        return None
    assert all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())
    assert isinstance(info.name, str)
    return network


@given(st.binary(max_size=200))
def test_any_bytes(tmp_path, data):
    path = tmp_path / "any.safetensors"
    path.write_bytes(data)
    assert load_or_reason(path) is None


@given(st.data())
def test_bytes_changed_cut_or_put_in(tmp_path, good, data):
    content = bytearray(good.read_bytes())
    header_end = 8 + int.from_bytes(content[:8], "little")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, header_end) | st.integers(0, len(content) - 1))
        action = data.draw(st.sampled_from(["change", "cut", "insert", "remove"]))
        if action == "change":
            content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
        elif action == "cut":
            del content[max(at, 1) :]
        elif action == "insert":
            content[at:at] = data.draw(st.binary(min_size=1, max_size=9))
        else:
            del content[at : at + data.draw(st.integers(1, 9))]
        if len(content) < 2:
            break
    path = tmp_path / "spoiled.safetensors"
    path.write_bytes(bytes(content))
    load_or_reason(path)


@given(st.sampled_from(["network", "name", "license", "data", "identity_threshold", "format", "extra"]), json_values)
@example("identity_threshold", "0.5")
@example("identity_threshold", math.nan)
@example("network", {"width": 4, "crop_px": 1024, "steps": ["regression"] * 1000})
def test_any_value_in_the_header(tmp_path, good, field, value):
    header = {**read_header(good), field: value}
    load_or_reason(write(tmp_path, load_file(good), header))


@given(
    st.sampled_from(["backbone", "width", "crop_px", "steps", "temporal", "identity", "sigma_px", "radius_px",
                     "regression_maps", "shared_steps", "other"]),
    json_values | st.sampled_from([1e-300, 4, 64, 1024, 2**70, -1, True, [], ["regression"] * 100_000]),
)  # fmt: skip
@example("crop_px", 64.0)
@example("crop_px", True)
@example("width", True)
@example("steps", "regression")
@example("steps", ["detection", "regression"] * 50_000)
@example("sigma_px", math.inf)
@example("backbone", ["resnet14"])
def test_any_value_in_the_networks_description(tmp_path, good, field, value):
    header = read_header(good)
    header["network"] = {**header["network"], field: value}
    load_or_reason(write(tmp_path, load_file(good), header))


@given(st.data())
def test_tensors_of_other_shapes_types_and_values(tmp_path, good, data):
    tensors = load_file(good)
    name = data.draw(st.sampled_from(sorted(tensors)))
    shape = data.draw(st.lists(st.integers(0, 3), max_size=4))
    dtype = data.draw(st.sampled_from([torch.float16, torch.float64, torch.int8, torch.bool, torch.bfloat16]))
    value = data.draw(st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf]))
    spoiled = torch.full(shape, value).nan_to_num() if not dtype.is_floating_point else torch.full(shape, value)
    action = data.draw(st.sampled_from(["replace", "remove", "add", "retype"]))
    if action == "replace":
        tensors[name] = spoiled.to(dtype)
    elif action == "remove":
        del tensors[name]
    elif action == "add":
        tensors["unheard.of"] = spoiled.to(dtype)
    else:
        tensors[name] = tensors[name].to(dtype)
    network = load_or_reason(write(tmp_path, tensors, read_header(good)))
    # Batch norm's counter is no number of the network: PyTorch itself does without where it is missing.
    uncounted = action == "remove" and name.endswith("num_batches_tracked")
    assert network is None or action in ("retype", "replace") or uncounted


def read_header(path):
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int(np.frombuffer(content[:8], np.uint64)[0])])
    return json.loads(header["__metadata__"]["rednet_ros"])


def write(folder, tensors, header):
    path = folder / "spoiled.safetensors"
    save_file(tensors, path, metadata={"rednet_ros": json.dumps(header)})
    return path
