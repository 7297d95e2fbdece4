import math
from collections import defaultdict

import pytest
import torch

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import SCHEMATIC_FACE, is_settled, normalise

VARIANTS = [
    {"backbone": "vgg", "temporal": "residual"},
    {"backbone": "vgg", "temporal": "replace", "identity": False},
    {"backbone": "vgg", "temporal": "none", "identity": False},
    {"backbone": "resnet14", "temporal": "residual"},
    {"backbone": "resnet14", "temporal": "replace"},
    {"backbone": "mobile", "temporal": "residual"},
    {"backbone": "mobile", "temporal": "none", "identity": False, "direct": True},
]
IDS = ["-".join(str(value) for value in variant.values()) for variant in VARIANTS]
DETECTION, REGRESSION = "detection", "regression"


def inputs(faces: int, map_px: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(faces, 3, 64, 64), torch.rand(faces, 7, map_px, map_px)


def random_state(faces: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(faces, 256).tanh(), torch.randn(faces, 256)


def doubles(tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """So that rounding, which depends on the batch, cannot decide which of two near-equal values is the maximum."""
    return tuple(tensor.double() for tensor in tensors)


@pytest.mark.parametrize("settings", VARIANTS, ids=IDS)
def test_every_variant_answers(small_network, settings):
    network = small_network(**settings)
    side = network.config.map_px
    output = network(*inputs(3, side))
    assert [maps.shape for maps in output.steps] == [(3, 7, side, side), (3, 68, side, side)]
    assert (output.seen is None) != settings.get("direct", False)
    assert (output.state is None) == (settings["temporal"] == "none")
    if output.state is not None:
        assert [part.shape for part in output.state] == [(3, 256), (3, 256)]
    if settings.get("identity", True):
        assert output.identity.shape == (3, 256)
    else:
        assert output.identity is None
    # The network looks: another image, another answer.
    assert (network(*inputs(3, side)).steps[-1] - output.steps[-1]).abs().max() > 1e-2


@pytest.mark.parametrize("settings", VARIANTS, ids=IDS)
def test_gradients_reach_every_parameter_over_steps_and_frames(small_network, settings):
    network = small_network(**settings).train()
    state, loss = None, torch.zeros(())
    for _ in range(3):
        output = network(*inputs(2, network.config.map_px), state)
        state = output.state
        # Of the steps, the last alone: the detection head learns through the maps that it hands on.
        loss = loss + output.steps[-1].square().mean()
        if output.identity is not None:
            loss = loss + output.identity.square().mean()
    loss.backward()
    untouched = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert untouched == []
    assert all(torch.isfinite(value.grad).all() for value in network.parameters())


@pytest.mark.parametrize("backbone", ["vgg", "resnet14"])
@pytest.mark.parametrize("temporal", ["residual", "replace"])
def test_the_last_frames_loss_reaches_the_first_frame_through_the_state(small_network, backbone, temporal):
    network = small_network(backbone=backbone, temporal=temporal)
    crops, z0 = inputs(1)
    first = crops.requires_grad_()
    state = network(first, z0).state
    for _ in range(2):
        output = network(*inputs(1), state)
        state = output.state
    output.steps[-1].square().mean().backward()
    assert first.grad.abs().max() > 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_gradients_reach_z0_through_all_steps(small_network, count):
    network = small_network(steps=(DETECTION,) * (count - 1) + (REGRESSION,))
    crops, z0 = inputs(1)
    z0.requires_grad_()
    network(crops, z0).steps[-1].square().mean().backward()
    assert z0.grad.abs().max() > 0


@pytest.mark.parametrize(
    "steps",
    [
        (REGRESSION,),
        (DETECTION, REGRESSION),
        (REGRESSION, REGRESSION),
        (DETECTION, DETECTION, REGRESSION),
        (DETECTION, REGRESSION, REGRESSION),
    ],
)
def test_steps_of_any_number_share_the_weights(small_network, steps):
    network = small_network(steps=steps)
    output = network(*inputs(1))
    assert [maps.shape[1] for maps in output.steps] == [7 if kind == DETECTION else 68 for kind in steps]
    used = {n: p.shape for n, p in small_network().state_dict().items() if DETECTION in steps or "detection" not in n}
    assert {n: p.shape for n, p in network.state_dict().items()} == used


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (DETECTION, lambda maps: torch.sigmoid(maps)),
        (REGRESSION, lambda maps: maps[:, list(DETECTION_INDICES)].clamp(0, 1)),
    ],
)
def test_a_step_sees_the_maps_of_the_step_before(small_network, kind, expected):
    network = small_network(steps=(kind, REGRESSION), temporal="none")
    crops, z0 = inputs(2)
    output = network(crops, z0)
    alone = small_network(steps=(REGRESSION,), temporal="none")
    alone.load_state_dict(network.state_dict(), strict=False)  # it has no detection head
    torch.testing.assert_close(alone(crops, expected(output.steps[0])).steps[0], output.steps[1])


def test_a_direct_face_is_regressed_from_z0_itself(small_network):
    network = small_network(backbone="mobile", direct=True)
    crops, z0 = inputs(2, 16)
    mixed = network(crops, z0, direct=torch.tensor([True, False]))
    state = network.initial_state(2)
    alone, two_steps = network.one_step(network.body.stem(crops), z0, state), network(crops, z0)
    for row, expected in enumerate((alone, two_steps)):
        torch.testing.assert_close(mixed.steps[-1][row], expected.steps[-1][row], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(mixed.seen[row], expected.seen[row], rtol=1e-4, atol=1e-5)
    assert (alone.steps[-1] - two_steps.steps[-1]).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("presence", "shift_px", "is_enough"),
    [(0.9, 1.0, True), (0.3, 1.0, False), (0.9, 9.0, False), (0.9, math.nan, False)],
)
def test_one_step_is_enough_for_a_face_that_is_seen_where_it_was_expected(presence, shift_px, is_enough):
    config = REDNetConfig(backbone="mobile", crop_px=64, direct=True)
    found = torch.rand(1, 68, 2) * 64
    expected = found + torch.tensor([shift_px, 0.0])
    assert is_settled(found, torch.full((1, 7), presence), expected, config).tolist() == [is_enough]


def test_the_image_goes_through_the_stem_once(small_network):
    calls = defaultdict(int)
    network = small_network()
    for name in ("a0", "a1", "b1"):
        getattr(network.body, name).register_forward_hook(lambda *_, name=name: calls.update({name: calls[name] + 1}))
    network(*inputs(1))
    assert calls == {"a0": 1, "a1": 2, "b1": 2}


def test_both_steps_start_from_the_previous_frames_state(small_network):
    network = small_network()
    seen, given = [], random_state(2)
    network.temporal.register_forward_hook(lambda _, arguments, result: seen.append((arguments[1], result[1])))
    output = network(*inputs(2), given)
    assert len(seen) == 2
    for before, _ in seen:
        assert torch.equal(before[0], given[0])
        assert torch.equal(before[1], given[1])
    # What goes on to the next frame is the regression step's.
    assert torch.equal(output.state[0], seen[1][1][0])
    assert not torch.allclose(output.state[0], seen[0][1][0])


@pytest.mark.parametrize("backbone", ["vgg", "resnet14"])
def test_the_code_is_split_in_half_between_identity_and_motion(small_network, backbone):
    network = small_network(backbone=backbone, steps=(REGRESSION,))
    seen = {}
    for name in ("identity", "temporal"):
        module = getattr(network, name)
        module.register_forward_hook(lambda _, arguments, __, name=name: seen.update({name: arguments[0]}))
    crops, z0 = inputs(2)
    network(crops, z0)
    code, _ = network.body.encode(network.body.stem(crops), z0)
    assert seen["identity"].shape == seen["temporal"].shape
    torch.testing.assert_close(torch.cat([seen["identity"], seen["temporal"]], dim=1), code)


def test_no_state_is_a_state_of_zeros(small_network):
    network = small_network()
    crops, z0 = inputs(2)
    none, zeros = network(crops, z0), network(crops, z0, network.initial_state(2))
    torch.testing.assert_close(none.steps[-1], zeros.steps[-1], rtol=0, atol=0)


def test_a_network_without_memory_returns_no_state(small_network):
    network = small_network(temporal="none")
    crops, z0 = inputs(1)
    output = network(crops, z0, random_state(1))
    assert output.state is None
    torch.testing.assert_close(output.steps[-1], network(crops, z0).steps[-1], rtol=0, atol=0)


@pytest.mark.parametrize("backbone", ["vgg", "resnet14", "mobile"])
def test_a_face_in_a_batch_is_a_face_alone(small_network, backbone):
    network = small_network(backbone=backbone).double()
    (crops, z0), (hidden, cell) = doubles(inputs(3, network.config.map_px)), doubles(random_state(3))
    together = network(crops, z0, (hidden, cell))
    for face in range(3):
        row = slice(face, face + 1)
        alone = network(crops[row], z0[row], (hidden[row], cell[row]))
        torch.testing.assert_close(together.steps[-1][row], alone.steps[-1])
        torch.testing.assert_close(together.state[0][row], alone.state[0])
        torch.testing.assert_close(together.state[1][row], alone.state[1])
        torch.testing.assert_close(together.identity[row], alone.identity)


def test_faces_in_another_order_give_the_answers_in_that_order(small_network):
    network = small_network().double()
    (crops, z0), (hidden, cell) = doubles(inputs(3)), doubles(random_state(3))
    order = [2, 0, 1]
    straight = network(crops, z0, (hidden, cell))
    mixed = network(crops[order], z0[order], (hidden[order], cell[order]))
    torch.testing.assert_close(mixed.steps[-1], straight.steps[-1][order])
    torch.testing.assert_close(mixed.state[0], straight.state[0][order])


def test_one_faces_state_does_not_touch_anothers(small_network):
    network = small_network()
    (crops, z0), (hidden, cell) = inputs(2), random_state(2)
    before = network(crops, z0, (hidden, cell))
    other_hidden, other_cell = hidden.clone(), cell.clone()
    other_hidden[1], other_cell[1] = random_state(2)[0][0], random_state(2)[1][0]
    after = network(crops, z0, (other_hidden, other_cell))
    torch.testing.assert_close(after.steps[-1][0], before.steps[-1][0], rtol=0, atol=0)
    torch.testing.assert_close(after.state[0][0], before.state[0][0], rtol=0, atol=0)
    assert (after.steps[-1][1] - before.steps[-1][1]).abs().max() > 1e-3


def test_the_state_goes_in_unchanged_and_comes_out_new(small_network):
    network = small_network()
    given = random_state(1)
    kept = [part.clone() for part in given]
    output = network(*inputs(1), given)
    assert all(torch.equal(a, b) for a, b in zip(given, kept, strict=True))
    assert not torch.equal(output.state[0], given[0])


def test_crops_of_other_sizes_pass_through_the_same_weights(small_network):
    network = small_network()
    output = network(torch.randn(1, 3, 96, 96), torch.rand(1, 7, 48, 48))
    assert output.steps[-1].shape == (1, 68, 48, 48)


def test_z0_is_drawn_at_the_previous_landmarks_or_at_the_mean_shape(small_network):
    network = small_network()
    known = torch.rand(7, 2) * 40 + 12
    gap = known.clone()
    gap[3, 0] = torch.nan
    maps = network.draw_z0(torch.stack([known, torch.full((7, 2), torch.nan), gap]))
    assert maps.shape == (3, 7, 32, 32)
    row, column = ((known - 0.5) / 2).round().long().unbind(1)[::-1]
    assert (maps[0, torch.arange(7), row, column] == 1).all()
    mean = torch.tensor(SCHEMATIC_FACE) * 64
    row, column = ((mean - 0.5) / 2).round().long().unbind(1)[::-1]
    assert (maps[1, torch.arange(7), row, column] == 1).all()
    # A face of which a point is missing has no previous frame to rely on.
    assert torch.equal(maps[2], maps[1])


def test_normalise_leaves_its_argument_alone():
    crops = torch.full((1, 3, 2, 2), 255.0)
    assert normalise(crops).max().item() == pytest.approx(127.5 / 64)
    assert crops.min() == 255
    torch.testing.assert_close(normalise(crops.to(torch.uint8)), normalise(crops))
