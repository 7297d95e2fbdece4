"""ImageNet encoders in torchvision's names become RED-Net's, with the same features."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rednet_ros.errors import InputError
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet, normalise
from rednet_ros.training import imagenet_encoder

VGG = REDNetConfig(crop_px=64, temporal="none", identity=False)
RESNET = replace(VGG, backbone="resnet50")
VGG_LAYERS = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")
MEAN, DEVIATION = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))


def torchvision_vgg(batch_norm: bool) -> nn.Module:
    """`features` of torchvision's vgg16 or vgg16_bn, with numbers in their batch norms."""
    layers: list[nn.Module] = []
    channels = 3
    for width in VGG_LAYERS:
        if width == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, width, 3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.ReLU())
        channels = width
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
                tensor.uniform_(0.5, 1.5)
    model = nn.Module()
    model.features = nn.Sequential(*layers)
    return model.eval()


def torchvision_resnet(units: tuple[int, ...]) -> dict[str, torch.Tensor]:
    """The state dict of a torchvision ResNet with bottlenecks."""
    state: dict[str, torch.Tensor] = {}

    def conv(name: str, inputs: int, outputs: int, kernel: int) -> None:
        state[f"{name}.weight"] = torch.randn(outputs, inputs, kernel, kernel) * 0.02

    def norm(name: str, channels: int) -> None:
        state.update({f"{name}.{part}": torch.rand(channels) + 0.5 for part in ("weight", "bias", "running_var")})
        state[f"{name}.running_mean"] = torch.randn(channels)
        state[f"{name}.num_batches_tracked"] = torch.tensor(1)

    conv("conv1", 3, 64, 7)
    norm("bn1", 64)
    inputs = 64
    for stage, (count, inner) in enumerate(zip(units, (64, 128, 256, 512), strict=True), 1):
        for unit in range(count):
            at = f"layer{stage}.{unit}"
            for number, (a, b, kernel) in enumerate(((inputs, inner, 1), (inner, inner, 3), (inner, 4 * inner, 1)), 1):
                conv(f"{at}.conv{number}", a, b, kernel)
                norm(f"{at}.bn{number}", b)
            if unit == 0:
                conv(f"{at}.downsample.0", inputs, 4 * inner, 1)
                norm(f"{at}.downsample.1", 4 * inner)
            inputs = 4 * inner
    state |= {"fc.weight": torch.randn(10, 2048), "fc.bias": torch.randn(10)}
    return state


def begun_from(path: Path, config: REDNetConfig) -> REDNet:
    network = REDNet(config).eval()
    missing = network.load_state_dict(imagenet_encoder.read(path, config), strict=False)
    assert not missing.unexpected_keys
    return network


@pytest.mark.parametrize("batch_norm", [True, False])
def test_vgg_features_are_those_of_torchvision(tmp_path: Path, batch_norm: bool) -> None:
    theirs = torchvision_vgg(batch_norm)
    torch.save(theirs.state_dict(), tmp_path / "vgg.pth")
    body = begun_from(tmp_path / "vgg.pth", VGG).body
    pixels = torch.randint(0, 256, (1, 3, 64, 64))
    with torch.no_grad():
        inputs = (pixels / 255 - MEAN[:, None, None]) / DEVIATION[:, None, None]
        code, _ = body.encode(body.stem(normalise(pixels)), torch.rand(1, 7, 32, 32))
        expected = theirs.features(inputs)
    # At the image's border both pad with zeros, which mean other colours on the two scales.
    torch.testing.assert_close(code.mean(), expected.mean(), rtol=0.15, atol=1e-4)
    with torch.no_grad():
        first = body.a0[0](normalise(pixels))[..., 2:-2, 2:-2]
        layers = 3 if batch_norm else 2
        torch.testing.assert_close(first, theirs.features[:layers](inputs)[..., 2:-2, 2:-2], rtol=1e-3, atol=1e-4)


def test_a_resnet_finds_every_tensor_its_place(tmp_path: Path) -> None:
    state = torchvision_resnet((3, 4, 6, 3))
    save_file(state, tmp_path / "resnet50.safetensors")
    body = begun_from(tmp_path / "resnet50.safetensors", RESNET).body
    torch.testing.assert_close(body.c3[4].residual[1][0].weight, state["layer3.4.conv2.weight"])
    torch.testing.assert_close(body.c4[0].shortcut[1].running_var, state["layer4.0.downsample.1.running_var"])
    torch.testing.assert_close(body.c2[1].residual[3].bias, state["layer2.1.bn3.bias"])
    kernel = body.c1[0].residual[0][0].weight
    torch.testing.assert_close(kernel[:, :64], state["layer1.0.conv1.weight"])
    assert not kernel[:, 64:].any()
    assert not body.c1[0].shortcut[0].weight[:, 64:].any()


def test_every_step_of_a_cascade_gets_the_encoder(tmp_path: Path) -> None:
    torch.save(torchvision_vgg(True).state_dict(), tmp_path / "vgg.pth")
    network = begun_from(tmp_path / "vgg.pth", replace(VGG, shared_steps=False))
    torch.testing.assert_close(network.later_bodies[0].a3[1][0].weight, network.body.a3[1][0].weight)


def test_other_networks_and_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(torchvision_resnet((3, 4, 6, 3)), tmp_path / "resnet50.safetensors")
    (tmp_path / "broken.pth").write_bytes(b"no state dict")
    torch.save([1, 2], tmp_path / "list.pth")
    cases = [
        (tmp_path / "resnet50.safetensors", VGG, "no vgg16 or vgg16_bn of torchvision"),
        (tmp_path / "resnet50.safetensors", replace(RESNET, backbone="resnet152"), "no resnet152.*nothing for body.c2"),
        (tmp_path / "resnet50.safetensors", replace(RESNET, backbone="resnet14"), "holds .* tensors.*resnet14 has"),
        (tmp_path / "resnet50.safetensors", replace(RESNET, width=0.25), r"width 0\.25.*fit width 1\.0"),
        (tmp_path / "broken.pth", VGG, "cannot be read as a state dict"),
        (tmp_path / "none.safetensors", VGG, "cannot be read as a state dict"),
        (tmp_path / "list.pth", VGG, "holds no state dict"),
    ]
    for path, config, message in cases:
        with pytest.raises(InputError, match=message):
            imagenet_encoder.read(path, config)


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return Path(tmp_path / "trace").touch, ()  # type: ignore[return-value]

    torch.save({"a": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(InputError, match="cannot be read as a state dict"):
        imagenet_encoder.read(tmp_path / "evil.pth", VGG)
    assert not (tmp_path / "trace").exists()
