import dataclasses
import json
import random

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rednet_ros.errors import WeightsError
from rednet_ros.network import weights
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.resources import resolve_weights

INFO = weights.WeightsInfo(name="tiny", license="for tests", data="noise")
TINY = {"width": 0.0625, "crop_px": 64, "temporal": "none", "identity": False}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return REDNet(REDNetConfig(**TINY))


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    """The bytes of a good file."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    weights.save(path, network, INFO)
    return path.read_bytes()


@pytest.fixture
def file(saved, tmp_path):
    path = tmp_path / "rednet-tiny.safetensors"
    path.write_bytes(saved)
    return path


def rewrite(path, *, header=None, tensors=None):
    """The same file with a changed description or changed tensors."""
    with safe_open(path, framework="pt") as opened:
        text = opened.metadata()["rednet_ros"]
    values = json.loads(text)
    metadata = {"rednet_ros": json.dumps(header(values) if header else values)}
    save_file(tensors(load_file(path)) if tensors else load_file(path), path, metadata=metadata)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temporal": "replace", "identity": True},
        {"backbone": "resnet14", "steps": ("regression",), "sigma_px": 8.0},
    ],
)
def test_what_is_saved_is_loaded(tmp_path, settings):
    network = REDNet(REDNetConfig(**{**TINY, **settings})).eval()
    network.mean_points.uniform_()
    path = tmp_path / "mine.safetensors"
    weights.save(path, network, INFO)
    loaded, info = weights.load(str(path))
    assert info == INFO
    assert loaded.config == network.config
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
        assert loaded.state_dict()[name].dtype == tensor.dtype, name
    crops, z0 = torch.randn(1, 3, 64, 64), torch.rand(1, 7, 32, 32)
    assert torch.equal(loaded(crops, z0).steps[-1], network(crops, z0).steps[-1])


def test_loaded_weights_can_be_trained_and_do_not_follow_the_file(file):
    loaded, _ = weights.load(file)
    before = [parameter.clone() for parameter in loaded.parameters()]
    file.write_bytes(bytes(len(file.read_bytes())))
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), before, strict=True))
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in loaded.parameters())


def test_saving_replaces_the_file_at_once(file, network, tmp_path):
    weights.save(file, network, weights.WeightsInfo("second", "", ""))
    assert weights.load(file)[1].name == "second"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o777 == 0o644


def test_half_precision_files_load_as_float32(file):
    rewrite(file, tensors=lambda tensors: {name: tensor.half() for name, tensor in tensors.items()})
    loaded, _ = weights.load(file)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}


def test_shipped_weights_are_found_by_name(file, monkeypatch):
    monkeypatch.setenv("REDNET_ROS_MODELS", str(file.parent))
    assert resolve_weights("rednet-tiny") == file
    assert weights.load("rednet-tiny")[1] == INFO


def test_an_unknown_name_lists_the_names_there_are(file, monkeypatch):
    monkeypatch.setenv("REDNET_ROS_MODELS", str(file.parent))
    with pytest.raises(WeightsError, match="'rednet-huge'.*rednet-tiny.*path"):
        weights.load("rednet-huge")


@pytest.mark.parametrize("name", ["gone.safetensors", "folder/gone", "folder.safetensors"])
def test_a_path_without_a_file_is_named(tmp_path, name):
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(WeightsError, match=f"no weights file at .*{name}"):
        weights.load(tmp_path / name)


@pytest.mark.parametrize("kept", [0, 7, 100, 0.5, -1])
def test_truncated_files_say_so(file, kept):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(WeightsError, match="rednet-tiny.safetensors cannot be read, it is truncated"):
        weights.load(file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"{}", bytes(4096), b"\xff" * 4096])
def test_other_files_are_refused(file, content):
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="no safetensors file"):
        weights.load(file)


def test_safetensors_of_another_project_are_refused(file):
    save_file({"weight": torch.ones(3)}, file)
    with pytest.raises(WeightsError, match="not a RED-Net weights file"):
        weights.load(file)
    save_file({"weight": torch.ones(3)}, file, metadata={"rednet_ros": "[1, 2]"})
    with pytest.raises(WeightsError, match="not a RED-Net weights file"):
        weights.load(file)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"backbone": "alexnet"}, "unknown backbone"),
        ({"width": "wide"}, "does not describe"),
        ({"crop_px": None}, "crop_px"),
        ({"steps": 3}, "does not describe"),
        ({"sigma_px": 0}, "sigma_px"),
        ({"invented": 1}, "invented"),
        ({"backbone": "resnet14"}, "another network than its header says"),
        ({"width": 4.0}, "another network than its header says"),
        ({"temporal": "residual"}, "another network than its header says"),
    ],
)
def test_a_header_that_does_not_fit_is_told(file, change, told):
    rewrite(file, header=lambda values: values | {"network": values["network"] | change})
    with pytest.raises(WeightsError, match=told):
        weights.load(file)


@pytest.mark.parametrize("missing", ["network", "name", "license"])
def test_an_incomplete_header_is_told(file, missing):
    rewrite(file, header=lambda values: {key: value for key, value in values.items() if key != missing})
    with pytest.raises(WeightsError, match=f"does not describe a network.*{missing}"):
        weights.load(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: {name: value for name, value in tensors.items() if name != "heads.regression.bias"},
        lambda tensors: tensors | {"heads.regression.bias": torch.zeros(69)},
        lambda tensors: tensors | {"heads.third.bias": torch.zeros(68)},
    ],
    ids=["missing", "shape", "unexpected"],
)
def test_tensors_of_another_network_are_told(file, change):
    rewrite(file, tensors=change)
    with pytest.raises(WeightsError, match=r"another network than its header says.*heads\.(regression|third)\.bias"):
        weights.load(file)


def test_a_threshold_of_recognition_travels_with_the_weights(file):
    before = load_file(file)
    weights.set_info(file, identity_threshold=0.375)
    assert weights.load(file)[1] == dataclasses.replace(INFO, identity_threshold=0.375)
    assert all(torch.equal(tensor, before[name]) for name, tensor in load_file(file).items())
    weights.set_info(file, identity_threshold=None)
    assert weights.load(file)[1] == INFO


def test_setting_a_threshold_keeps_the_precision_of_the_file(file):
    rewrite(file, tensors=lambda tensors: {name: tensor.half() for name, tensor in tensors.items()})
    weights.set_info(file, identity_threshold=0.375)
    assert {tensor.dtype for tensor in load_file(file).values()} == {torch.float16}


def test_files_that_know_no_threshold_are_loaded(file):
    rewrite(file, header=lambda values: {key: value for key, value in values.items() if key != "identity_threshold"})
    assert weights.load(file)[1] == INFO


@pytest.mark.parametrize("threshold", [0.0, -0.2, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(file, threshold):
    before = file.read_bytes()
    with pytest.raises(ValueError, match="identity_threshold is .* above 0 and at most 1"):
        weights.set_info(file, identity_threshold=threshold)
    assert file.read_bytes() == before


@pytest.mark.parametrize("threshold", [2.0, "high", [0.4], float("nan")])
def test_a_header_with_a_threshold_out_of_range_is_told(file, threshold):
    rewrite(file, header=lambda values: values | {"identity_threshold": threshold})
    with pytest.raises(WeightsError, match=r"rednet-tiny\.safetensors does not describe a network"):
        weights.load(file)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_values_that_are_no_numbers_are_told(file, value):
    rewrite(file, tensors=lambda tensors: tensors | {"heads.regression.bias": torch.full((68,), value)})
    with pytest.raises(WeightsError, match=r"nan or infinite values in heads\.regression\.bias.*replace it"):
        weights.load(file)


def test_damaged_files_load_or_are_refused_and_nothing_else(file, saved):
    """Bits flipped and ends cut off at random, mostly in the header, which is what steers the reader."""
    random.seed(5)
    header_bytes = 8 + int.from_bytes(saved[:8], "little")
    description = saved.index(b"rednet_ros")
    spans = [(0, 8), (8, header_bytes), (description, description + 500), (header_bytes, len(saved))]
    refused = 0
    for case in range(160):
        content = bytearray(saved)
        first, end = spans[case % 4]
        for _ in range(random.choice([1, 1, 8])):
            content[random.randrange(first, end)] ^= 1 << random.randrange(8)
        if case % 5 == 0:
            content = content[: random.randrange(len(content))]
        file.write_bytes(content)
        try:
            loaded, _ = weights.load(file)
        except WeightsError as error:
            assert str(file) in str(error)
            refused += 1
        else:
            assert all(torch.isfinite(parameter).all() for parameter in loaded.parameters())
    assert 60 < refused < 160
