"""Temporal recurrence: the paper's LSTM on the non-identity code (section 3.3), and our memory that keeps places."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from rednet_ros.network.config import STATE_SIZE

State = tuple[Tensor, ...]
"""The parts of `REDNetConfig.state_shapes`, one row a face: hidden and cell, N x 256 each, or the spatial memory."""

GATE_CHANNELS = 24
"""Of the features from which the spatial memory's gates are made."""

DOUBT_LOGITS = 40.0
"""By so many the detection doubts what it sees, times by how much the veil exceeds its limit."""

VEIL_LIMIT = 0.5
"""Of a new network. That of a weights file is chosen so that a covered face is doubted and none in view is."""

CLOSED = -4.0
"""What the gates of a new spatial memory begin with: a sigmoid of 0.02, which leaves a trained network as it was."""


class LSTMCell(nn.Module):
    """`nn.LSTMCell` as linear, chunk, sigmoid, tanh: operators that TensorRT converts. Same parameter names."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        bound = hidden**-0.5
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden, inputs).uniform_(-bound, bound))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden, hidden).uniform_(-bound, bound))
        self.bias_ih = nn.Parameter(torch.empty(4 * hidden).uniform_(-bound, bound))
        self.bias_hh = nn.Parameter(torch.empty(4 * hidden).uniform_(-bound, bound))

    def forward(self, inputs: Tensor, state: State) -> State:
        """`inputs`: N x inputs; `state`: hidden and cell, N x hidden each. Returns the next state."""
        hidden, cell = state
        gates = nn.functional.linear(inputs, self.weight_ih, self.bias_ih)
        gates = gates + nn.functional.linear(hidden, self.weight_hh, self.bias_hh)
        enter, forget, candidate, leave = gates.chunk(4, dim=1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
        return torch.sigmoid(leave) * torch.tanh(cell), cell


class TemporalModule(nn.Module):
    """e_p -> 1x1 conv -> average pool -> LSTM -> up-sample -> 1x1 conv -> e_p*.

    `combine`: "replace" gives the decoder e_p* alone (the paper), "residual" e_p + e_p*, whose last convolution
    starts at zero so that a trained still-image network is undisturbed when clips begin.
    """

    def __init__(self, channels: int, combine: Literal["residual", "replace"]) -> None:
        super().__init__()
        self.combine = combine
        self.squeeze = nn.Conv2d(channels, STATE_SIZE, 1)
        self.lstm = LSTMCell(STATE_SIZE, STATE_SIZE)
        self.expand = nn.Conv2d(STATE_SIZE, channels, 1)
        if combine == "residual":
            nn.init.zeros_(self.expand.weight)
            assert self.expand.bias is not None
            nn.init.zeros_(self.expand.bias)

    def forward(self, code: Tensor, state: State) -> tuple[Tensor, State]:
        """`code`: e_p, N x channels x H x W. Returns what the decoder gets in its place, and the next state."""
        state = self.lstm(self.squeeze(code).mean(dim=(2, 3)), state)
        memory = self.expand(state[0][:, :, None, None].expand(-1, -1, code.shape[2], code.shape[3]))
        return (code + memory if self.combine == "residual" else memory), state


class SpatialMemory(nn.Module):
    """Features of the frame before where those of this frame show no face: a gate for every cell and channel.

    The state is N x (C + 1) x H x W: features, and a last channel that is 1 where anything is known, 0 elsewhere, and
    between the two at the rim of a `warp`, which has dimmed the features there by as much. A new face has zeros.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(2 * channels + 1, GATE_CHANNELS, 1)
        self.gate = nn.Conv2d(GATE_CHANNELS, channels + 1, 3, padding=1)
        assert self.gate.bias is not None
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, CLOSED)
        self.register_buffer("veil_limit", torch.tensor(VEIL_LIMIT))

    veil_limit: Tensor
    """0..1: where the memory veils more of the frame than this, the face is remembered and not seen."""

    def forward(self, features: Tensor, skip: Tensor, state: State) -> tuple[Tensor, Tensor, State, Tensor]:
        """`features`: N x C x H x W of the decoder; `skip`: N x E x 2H x 2W, which is added after it and shows what
        hides a face as well; `state`: of the frame before, seen from this crop. Returns all three for what follows, and
        the doubt, N x 1 x 2H x 2W logits: what is remembered was not seen, and must not be claimed."""
        memory, known = state[0][:, :-1], state[0][:, -1:]
        gates = torch.sigmoid(self.gate(torch.relu(self.look(torch.cat([features, state[0]], dim=1)))))
        features = features + gates[:, :-1] * (memory - known * features)
        veil = nn.functional.interpolate(known * gates[:, -1:], scale_factor=2.0, mode="nearest")
        after = (torch.cat([features, torch.ones_like(known).to(features.dtype)], dim=1),)
        return features, skip - veil * skip, after, DOUBT_LOGITS * torch.relu(veil - self.veil_limit)


def warp(state: Tensor, motion: Tensor) -> Tensor:
    """A map N x C x H x W as it lies in another crop: bilinear, 0 where that sees what this one did not.

    `motion`: N x 2 x 3 of `CropTransform.seen_from`: places in the other crop -> places in this one.
    """
    grid = nn.functional.affine_grid(motion.to(state), list(state.shape), align_corners=False)
    return nn.functional.grid_sample(state, grid, padding_mode="zeros", align_corners=False)
