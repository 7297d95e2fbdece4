import pytest
import torch
from torch import nn

from rednet_ros.network.config import STATE_SIZE
from rednet_ros.network.temporal import LSTMCell, TemporalModule


def state(faces: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(faces, STATE_SIZE), torch.randn(faces, STATE_SIZE)


def test_the_cell_is_torchs():
    theirs = nn.LSTMCell(24, 40)
    ours = LSTMCell(24, 40)
    ours.load_state_dict(theirs.state_dict())  # the same names and shapes
    hidden, cell = torch.randn(3, 40), torch.randn(3, 40)
    for _ in range(5):
        inputs = torch.randn(3, 24)
        expected_hidden, expected_cell = theirs(inputs, (hidden, cell))
        hidden, cell = ours(inputs, (hidden, cell))
        torch.testing.assert_close(hidden, expected_hidden)
        torch.testing.assert_close(cell, expected_cell)


def test_the_cells_gradients_are_torchs():
    theirs = nn.LSTMCell(8, 12)
    ours = LSTMCell(8, 12)
    ours.load_state_dict(theirs.state_dict())
    inputs, before = torch.randn(2, 8), (torch.randn(2, 12), torch.randn(2, 12))
    for cell in (ours, theirs):
        hidden, kept = cell(inputs, before)
        (hidden.sum() + kept.square().sum()).backward()
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(getattr(ours, name).grad, parameter.grad)


@pytest.mark.parametrize("combine", ["residual", "replace"])
def test_shapes(combine):
    module = TemporalModule(16, combine)
    code, (hidden, cell) = module(torch.randn(3, 16, 2, 4), state(3))
    assert code.shape == (3, 16, 2, 4)
    assert hidden.shape == cell.shape == (3, 256)


def test_a_new_residual_module_leaves_the_code_alone():
    code = torch.randn(2, 16, 2, 2)
    torch.testing.assert_close(TemporalModule(16, "residual")(code, state(2))[0], code)


def test_residual_adds_and_replace_replaces():
    residual, replace = TemporalModule(16, "residual"), TemporalModule(16, "replace")
    residual.load_state_dict(replace.state_dict())
    code, before = torch.randn(2, 16, 4, 4), state(2)
    memory, _ = replace(code, before)
    torch.testing.assert_close(residual(code, before)[0], code + memory)
    # The paper's form knows of the code only its average over the face: no detail passes.
    assert (memory.std(dim=(2, 3)) < 1e-6).all()


def test_only_the_average_of_the_code_enters_the_state():
    module, before = TemporalModule(16, "residual"), state(1)
    code = torch.randn(1, 16, 4, 4)
    _, (hidden, _) = module(code, before)
    _, (mirrored, _) = module(code.flip(3), before)
    torch.testing.assert_close(mirrored, hidden)
    _, (other, _) = module(code + 1, before)
    assert (other - hidden).abs().max() > 1e-3
