"""Temporal recurrence on the non-identity code (paper, section 3.3)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from rednet_ros.network.config import STATE_SIZE

State = tuple[Tensor, Tensor]
"""Hidden and cell state, one row a face: N x 256 each."""


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
