from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rednet_ros.network.config import STATE_SIZE, REDNetConfig
from rednet_ros.network.rednet import REDNet, REDNetOutput
from rednet_ros.network.temporal import LSTMCell, SpatialMemory, TemporalModule, warp
from rednet_ros.tracking.crops import CropTransform


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


MEMORY = REDNetConfig(backbone="mobile", width=0.25, crop_px=128, temporal="spatial", identity=False)


def opened(network: REDNet) -> REDNet:
    """With a memory as training may leave it: its gates are open here and closed there."""
    torch.manual_seed(2)
    nn.init.normal_(network.temporal.gate.weight, std=0.3)
    nn.init.zeros_(network.temporal.gate.bias)
    return network.eval()


def looked_at(network: REDNet, seed: int, memory: tuple[torch.Tensor, ...] | None) -> REDNetOutput:
    torch.manual_seed(seed)
    crops, z0 = torch.randn(2, 3, 128, 128), torch.rand(2, 7, 32, 32)
    with torch.no_grad():
        return network(crops, z0, memory)


def test_a_new_memory_leaves_a_trained_network_nearly_alone():
    network = REDNet(MEMORY).eval()
    plain = REDNet(replace(MEMORY, temporal="none")).eval()
    plain.load_state_dict({name: t for name, t in network.state_dict().items() if not name.startswith("temporal.")})
    first, alone = looked_at(network, 1, None), looked_at(plain, 1, None)
    torch.testing.assert_close(first.steps[-1], alone.steps[-1])  # without a past: quite alone
    second, alone = looked_at(network, 3, first.state), looked_at(plain, 3, None)
    change = (second.steps[-1] - alone.steps[-1]).abs().mean()
    assert 0 < change < 0.05 * alone.steps[-1].std()


def test_the_memory_is_what_the_decoder_saw_and_knows_all_of_the_crop():
    network = opened(REDNet(MEMORY))
    output = looked_at(network, 1, None)
    (memory,) = output.state
    assert memory.shape == (2, *MEMORY.state_shapes["memory"]) == (2, 17, 16, 16)
    assert (memory[:, -1] == 1).all()
    again = looked_at(network, 3, output.state).state[0]
    assert not torch.equal(again, looked_at(network, 3, None).state[0])


def test_open_gates_show_the_memory_and_hide_the_frame():
    module = SpatialMemory(8)
    nn.init.constant_(module.gate.bias, 30.0)
    features, skip, memory = torch.randn(1, 8, 4, 4), torch.randn(1, 5, 8, 8), torch.randn(1, 9, 4, 4)
    memory[:, -1] = 1
    shown, faded, (kept,), doubt = module(features, skip, (memory,))
    assert (doubt > 10).all()  # the face is remembered, and must not be claimed to be seen
    torch.testing.assert_close(shown, memory[:, :-1])
    torch.testing.assert_close(kept, memory)
    torch.testing.assert_close(faded, torch.zeros_like(skip))
    unknown, whole, _, doubt = module(features, skip, (torch.zeros_like(memory),))
    assert (doubt == 0).all()
    assert torch.equal(unknown, features)
    assert torch.equal(whole, skip)


@pytest.mark.parametrize("roll_rad", [0.0, 0.5])
def test_a_warped_memory_lies_where_the_new_crop_sees_it(roll_rad):
    old, new = CropTransform((100, 90), 80.0, 0.2, 128), CropTransform((112, 86), 70.0, 0.2 + roll_rad, 128)
    cells = 8 * np.stack(np.meshgrid(np.arange(16), np.arange(16)), axis=-1).reshape(-1, 2) + 3.5
    in_image = [torch.from_numpy(crop.to_image(cells).T.reshape(2, 16, 16)) for crop in (old, new)]
    state = torch.cat([in_image[0], torch.ones(1, 16, 16)])[None]  # it remembers the place of every cell
    warped = warp(state, torch.from_numpy(new.seen_from(old))[None])[0]
    known = warped[2] > 0.999
    assert 0.5 < known.float().mean() < 1
    assert (warped[2] < 0.001).any()
    torch.testing.assert_close(warped[:2, known], in_image[1][:, known], atol=2e-3, rtol=1e-5)
    still = warp(state, torch.from_numpy(old.seen_from(old))[None])
    torch.testing.assert_close(still, state, atol=1e-4, rtol=1e-6)


def test_the_pooled_state_knows_of_no_places():
    network = REDNet(replace(MEMORY, temporal="residual"))
    before = network.initial_state(1)
    assert network.seen_from(before, torch.zeros(1, 2, 3)) is before


def test_a_step_of_unmoved_faces_is_not_computed_twice():
    network = opened(REDNet(replace(MEMORY, direct=True)))
    memory = looked_at(network, 1, None).state
    torch.manual_seed(4)
    crops, z0 = torch.randn(3, 3, 128, 128), torch.rand(3, 7, 32, 32)
    memory = tuple(part[[0, 1, 0]] for part in memory)
    with torch.no_grad():
        mixed = network(crops, z0, memory, direct=torch.tensor([True, False, True]))
        for row, direct in enumerate((True, False, True)):
            alone = network(
                crops[[row]], z0[[row]], tuple(part[[row]] for part in memory), direct=torch.tensor([direct])
            )
            for whole, part in zip(
                (*mixed.steps, mixed.seen, *mixed.state), (*alone.steps, alone.seen, *alone.state), strict=True
            ):
                torch.testing.assert_close(whole[[row]], part, atol=1e-4, rtol=1e-4)
