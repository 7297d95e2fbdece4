"""The Muon optimiser for networks of convolutions.

Every step of a weight matrix has all its singular values near one, so that directions which the gradient shows weakly
are learned as fast as those it shows strongly (K. Jordan and others, 2024, "Muon: an optimizer for hidden layers").
`torch.optim.Muon` takes matrices only; here a convolution is the matrix of its outputs by everything else, and vectors
(biases, batch norm) are left to Adam. docs/training.md has what it brought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the odd polynomial that, applied again and again, drives singular values in 0..1 to about one."""
ITERATIONS = 5
LIKE_ADAM = 0.2
"""Root mean square of Adam's usual step: with it, learning rates and weight decays of AdamW can be kept."""
ADAM_BETAS = (0.9, 0.99)
EPSILON = 1e-8


class Muon(torch.optim.Optimizer):
    """Muon for parameters of two or more dimensions, AdamW's update for the others; weights decay, vectors do not.

    `dtype`: of the products that bring the singular values to one, whose result need not be exact.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; `closure` is not used."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if parameter.dim() > 1:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(_turned(parameter.grad, state, self._dtype), alpha=-group["lr"])
                else:
                    parameter.add_(_scaled(parameter.grad, state), alpha=-group["lr"])


def orthogonalised(matrices: Tensor) -> Tensor:
    """Matrices, ... x R x C, with their singular values brought to about one (0.7 to 1.2); zero stays zero."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + EPSILON)
    a, b, c = NEWTON_SCHULZ
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


def _turned(gradient: Tensor, state: dict[str, Any], dtype: torch.dtype) -> Tensor:
    """The step of a weight, with Nesterov's momentum."""
    if not state:
        state["momentum"] = torch.zeros_like(gradient)
    state["momentum"].lerp_(gradient, 1 - MOMENTUM)
    step = gradient.lerp(state["momentum"], MOMENTUM)
    if step.shape[2:] == (2, 2):  # a deconvolution of stride 2: its four taps never meet
        taps = orthogonalised(step.permute(2, 3, 0, 1).to(dtype))
        return LIKE_ADAM * max(step.shape[:2]) ** 0.5 * taps.permute(2, 3, 0, 1).to(step.dtype)
    matrix = orthogonalised(step.flatten(1).to(dtype)).to(step.dtype)
    return LIKE_ADAM * max(matrix.shape) ** 0.5 * matrix.view(step.shape)


def _scaled(gradient: Tensor, state: dict[str, Any]) -> Tensor:
    """Adam's step of a vector."""
    if not state:
        state["mean"], state["square"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
        state["steps"] = torch.zeros(())
    first, second = ADAM_BETAS
    state["steps"] += 1
    steps = float(state["steps"])
    state["mean"].lerp_(gradient, 1 - first)
    state["square"].lerp_(gradient.square(), 1 - second)
    size = (state["square"] / (1 - second**steps)).sqrt_().add_(EPSILON)
    return state["mean"] / (1 - first**steps) / size
