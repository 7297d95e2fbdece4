"""The variants beside the paper's tables 1 to 3, at full size, on the meta device: shapes without numbers."""

import functools
from dataclasses import replace

import pytest
import torch
from torch import nn

from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet

# (channels, side) of what each block's convolutions put out for a 256-pixel crop, before the encoder's pooling.
VGG_BLOCKS = {
    "a0": (64, 256),
    "a1": (128, 128),
    "a2": (256, 64),
    "a3": (512, 32),
    "a4": (512, 16),
    "b4": (512, 16),
    "b3": (256, 32),
    "b2": (128, 64),
    "b1": (128, 128),
}
VGG_CONVOLUTIONS = {"a0": 2, "a1": 2, "a2": 3, "a3": 3, "a4": 3, "b4": 3, "b3": 3, "b2": 3, "b1": 2}
RESNET_BLOCKS = {
    "c0": (64, 128),
    "c1": (256, 64),
    "c2": (512, 32),
    "c3": (1024, 16),
    "c4": (2048, 8),
    "e1": (256, 64),
    "e2": (512, 32),
    "e3": (1024, 16),
    "d4": (1024, 16),
    "d3": (512, 32),
    "d2": (256, 64),
    "d1": (128, 128),
}
MOBILE_BLOCKS = {
    "c0": (32, 32),
    "c1": (32, 32),
    "c2": (64, 16),
    "c3": (128, 8),
    "c4": (192, 4),
    "e1": (32, 32),
    "e2": (64, 16),
    "e3": (96, 8),
    "d3": (96, 8),
    "d2": (64, 16),
    "d1": (32, 32),
}
BACKBONES = ["vgg", "resnet152", "resnet50", "resnet14", "mobile"]


@functools.cache
def full_size(backbone: str, width: float = 1.0) -> REDNet:
    with torch.device("meta"):
        return REDNet(REDNetConfig(backbone=backbone, width=width)).eval()


@functools.cache
def look(network: REDNet) -> tuple[dict[str, tuple[int, int]], float]:
    """Runs one face through the network: (channels, side) of every block, and 10^9 multiply-adds of convolutions."""
    shapes, macs = {}, 0

    def record(name, module, inputs, output):
        nonlocal macs
        if isinstance(module, nn.Conv2d):
            macs += output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.ConvTranspose2d):
            macs += inputs[0].numel() * module.weight[0].numel()
        elif isinstance(output, torch.Tensor) and output.dim() == 4:
            shapes[name] = (output.shape[1], output.shape[2])

    hooks = [
        module.register_forward_hook(functools.partial(lambda name, *call: record(name, *call), name))
        for name, module in network.named_modules()
    ]
    crop_px = network.config.crop_px
    with torch.no_grad(), torch.device("meta"):
        network(torch.zeros(1, 3, crop_px, crop_px), torch.zeros(1, 7, network.config.map_px, network.config.map_px))
    for hook in hooks:
        hook.remove()
    return {name.removeprefix("body."): shape for name, shape in shapes.items()}, macs / 1e9


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def convolutions(module: nn.Module, *, projections: bool = False) -> int:
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    return sum(isinstance(m, kinds) and (projections or "shortcut" not in n) for n, m in module.named_modules())


@pytest.mark.parametrize(
    ("backbone", "blocks"), [("vgg", VGG_BLOCKS), *((name, RESNET_BLOCKS) for name in BACKBONES[1:4])]
)
def test_blocks_have_the_papers_channels_and_sizes(backbone, blocks):
    shapes, _ = look(full_size(backbone))
    assert {name: shapes[name] for name in blocks} == blocks


def test_the_mobile_network_is_a_fifteenth_of_the_one_before():
    """Of its arithmetic: the ResNet at half width with 128 px crops, two steps."""
    with torch.device("meta"):
        mobile, base = (
            REDNet(REDNetConfig(backbone=name, width=width, crop_px=128)).eval()
            for name, width in (("mobile", 1.0), ("resnet14", 0.5))
        )
    shapes, gmacs = look(mobile)
    # Convolutions with bias are not among the recorded blocks.
    assert {name: shapes[name] for name in MOBILE_BLOCKS if name[0] != "e"} == {
        name: shape for name, shape in MOBILE_BLOCKS.items() if name[0] != "e"
    }
    assert gmacs < look(base)[1] / 3
    assert parameters(mobile.body) < 1.3e6


def test_vgg_pools_after_every_encoder_block_and_keeps_four_switches():
    body = full_size("vgg").body
    with torch.device("meta"):
        image = body.stem(torch.zeros(1, 3, 256, 256))
        code, switches = body.encode(image, torch.zeros(1, 7, 128, 128))
    assert image.shape == (1, 64, 128, 128)
    assert code.shape == (1, 512, 8, 8)
    assert len(switches) == 4


def test_vgg_has_the_papers_layers():
    body = full_size("vgg").body
    assert {name: convolutions(block) for name, block in body.named_children()} == VGG_CONVOLUTIONS
    assert sum(VGG_CONVOLUTIONS[name] for name in VGG_CONVOLUTIONS if name[0] == "a") == 13  # section 4.1
    assert all(m.kernel_size == (3, 3) for m in body.modules() if isinstance(m, nn.Conv2d))
    assert sum(isinstance(m, nn.BatchNorm2d) for m in body.modules()) == 24
    assert sum(isinstance(m, nn.ReLU) for m in body.modules()) == 24


def test_vgg_costs_what_the_papers_network_costs():
    network = full_size("vgg")
    _, gmacs = look(network)
    assert parameters(network.body) + parameters(network.heads) == pytest.approx(29.5e6, rel=2e-3)
    assert gmacs == pytest.approx(75, rel=1e-2)


@pytest.mark.parametrize(("backbone", "units"), [("resnet152", 50), ("resnet50", 16), ("resnet14", 4)])
def test_resnet_encoder_has_three_convolutions_a_unit_and_c0(backbone, units):
    body = full_size(backbone).body
    encoder = [getattr(body, name) for name in ("c0", "c1", "c2", "c3", "c4")]
    assert sum(convolutions(block) for block in encoder) == 3 * units + 1  # 151 for ResNet-152, section 4.1


def test_resnet_skips_and_decoder_are_the_papers():
    body = full_size("resnet152").body
    assert [len(getattr(body, name)) for name in ("e1", "e2", "e3")] == [3, 3, 3]
    for name, filters in (("d4", 512), ("d3", 256), ("d2", 128), ("d1", 64)):
        up, *_, one = [m for m in getattr(body, name).modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
        assert isinstance(up, nn.ConvTranspose2d)
        assert (up.kernel_size, up.stride, up.out_channels) == ((2, 2), (2, 2), filters)
        assert one.kernel_size == (1, 1)


def test_shallower_resnets_are_smaller():
    sizes = [parameters(full_size(name)) for name in ("resnet152", "resnet50", "resnet14")]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_only_the_last_convolution_differs_between_the_steps(backbone):
    network = full_size(backbone)
    assert {name: head.out_channels for name, head in network.heads.items()} == {"detection": 7, "regression": 68}
    assert all(head.kernel_size == (1, 1) for head in network.heads.values())


@pytest.mark.parametrize("backbone", ["vgg", "resnet14"])
def test_width_scales_every_block(backbone):
    full, _ = look(full_size(backbone))
    half, _ = look(full_size(backbone, 0.5))
    blocks = VGG_BLOCKS if backbone == "vgg" else RESNET_BLOCKS
    assert {n: half[n] for n in blocks} == {n: (full[n][0] // 2, full[n][1]) for n in blocks}
    ratio = parameters(full_size(backbone).body) / parameters(full_size(backbone, 0.5).body)
    assert ratio == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("width", [0.5, 1.0])
def test_the_spatial_memory_costs_at_most_15_percent_of_a_step(width):
    config = REDNetConfig(
        backbone="mobile", width=width, crop_px=128, temporal="spatial", identity=False, steps=("detection",)
    )
    with torch.device("meta"):
        with_memory, without = (REDNet(replace(config, temporal=kind)).eval() for kind in ("spatial", "none"))
    assert 1.02 < look(with_memory)[1] / look(without)[1] < 1.15
