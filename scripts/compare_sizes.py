"""Prints what candidate networks cost on this machine: the table in docs/training.md.

python scripts/run_in_environment.py python scripts/compare_sizes.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.training.losses import step_losses

CANDIDATES = (
    ("vgg", 0.25, 64),
    ("vgg", 0.25, 96),
    ("vgg", 0.25, 128),
    ("resnet14", 0.25, 96),
    ("resnet14", 0.375, 96),
    ("resnet14", 0.5, 96),
    ("resnet14", 0.25, 128),
    ("resnet14", 0.5, 128),
    ("resnet50", 0.25, 128),
)
TRAINING_BATCH = 16
REPEATS = 5


def main() -> None:
    """One line for each candidate: cost of one face, two steps, and speed of training."""
    torch.set_num_threads(2)
    print("| network | width | crop | GFLOP a face | parameters | one face | training |")
    print("|---|---|---|---|---|---|---|")
    for backbone, width, crop_px in CANDIDATES:
        config = REDNetConfig(backbone, width, crop_px, temporal="none", identity=False, regression_maps="softmax")
        network = REDNet(config)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as the trainer has it
        parameters = sum(parameter.numel() for parameter in network.parameters())
        print(
            f"| {backbone} | {width} | {crop_px} px | {_gflop(network):.2f} | {parameters / 1e6:.2f} M "
            f"| {_inference_ms(network):.1f} ms | {_training_images_per_s(network):.0f} images/s |",
            flush=True,
        )


def _inputs(network: REDNet, faces: int) -> tuple[torch.Tensor, torch.Tensor]:
    size_px = network.config.crop_px
    return torch.randn(faces, 3, size_px, size_px), torch.rand(faces, 7, size_px // 2, size_px // 2)


@torch.inference_mode()
def _gflop(network: REDNet) -> float:
    with FlopCounterMode(display=False) as counter:
        network.eval()(*_inputs(network, 1))
    return counter.get_total_flops() / 1e9


@torch.inference_mode()
def _inference_ms(network: REDNet) -> float:
    network.eval()
    inputs = _inputs(network, 1)
    return 1e3 * _median_s(lambda: network(*inputs), 6 * REPEATS)


def _training_images_per_s(network: REDNet) -> float:
    network.train()
    inputs = _inputs(network, TRAINING_BATCH)
    points_px = torch.rand(TRAINING_BATCH, 68, 2) * network.config.crop_px
    shown = torch.ones(TRAINING_BATCH, dtype=torch.bool)

    def step() -> None:
        network.zero_grad()
        step_losses(network(*inputs), points_px, shown, network.config).sum().backward()

    return TRAINING_BATCH / _median_s(step, REPEATS)


def _median_s(work: Callable[[], object], repeats: int) -> float:
    work()
    times_s = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times_s.append(time.perf_counter() - start)
    return sorted(times_s)[repeats // 2]


if __name__ == "__main__":
    main()
