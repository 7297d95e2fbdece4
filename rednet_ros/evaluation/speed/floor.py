"""The least time that the network could take: its floating-point operations at the best rate of this device."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from rednet_ros.inference import exportable

_SIDES = {"cpu": (512, 768, 1024), "cuda": (4096, 6144, 8192)}
"""Sides of the square matrices that are multiplied; the best of them counts."""

_ROUNDS = 4


@dataclass(frozen=True)
class Floor:
    """`rate_gflops`: 10^9 floating-point operations a second, the best matrix product of this run.

    `gflop_per_face`: 10^9 operations of the network on one face (a multiplication and an addition are two).
    `threads`: cores that were used.
    """

    device: str
    precision: str
    threads: int
    rate_gflops: float
    gflop_per_face: float

    def milliseconds(self, faces: int) -> float:
        """The floor of a batch."""
        return 1e3 * faces * self.gflop_per_face / self.rate_gflops


def gflop_per_face(weights: str) -> float:
    """Operations of the network on one face, counted by PyTorch: convolutions and matrix products.

    Raises WeightsError where the weights cannot be used.
    """
    module, inputs = exportable(weights, 1)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return float(counter.get_total_flops()) * 1e-9


def matrix_rate_gflops(device: str, dtype: torch.dtype, threads: int) -> float:
    """The best rate of square matrix products there and then, 10^9 operations a second.

    `device`: "cpu", with so many threads, or "cuda".
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return max(_rate_gflops(side, device, dtype) for side in _SIDES[device])
    finally:
        torch.set_num_threads(before)


def _rate_gflops(side: int, device: str, dtype: torch.dtype) -> float:
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(side, side, generator=generator).to(device, dtype) for _ in range(2))
    product = torch.empty(side, side, device=device, dtype=dtype)
    best_s = float("inf")
    for _ in range(_ROUNDS):
        start_s = time.perf_counter()
        torch.mm(left, right, out=product)
        if device == "cuda":
            torch.cuda.synchronize()
        best_s = min(best_s, time.perf_counter() - start_s)
    return 2 * side**3 / best_s * 1e-9
