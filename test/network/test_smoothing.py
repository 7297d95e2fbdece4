import pytest
import torch

from rednet_ros.network.config import STATE_SIZE, TREND_SIZE, REDNetConfig
from rednet_ros.network.rednet import REDNet, read_landmarks, read_step
from rednet_ros.network.smoothing import LandmarkSmoothing, Trend, motion_between, moved

CROP_PX = 96


def shape(faces: int = 1) -> torch.Tensor:
    return torch.rand(faces, 68, 2) * 60 + 20


def follow(module: LandmarkSmoothing, frames: list[torch.Tensor]) -> list[torch.Tensor]:
    """What it makes of the landmarks of successive frames; the crop stands still."""
    previous, trend, found = torch.full_like(frames[0], torch.nan), Trend.none(len(frames[0])), []
    for points in frames:
        previous, trend = module(points, previous, trend, CROP_PX)
        found.append(previous)
    return found


def trembling(frames: list[torch.Tensor]) -> float:
    """Mean acceleration, pixels."""
    path = torch.stack(frames)
    return float((path[:-2] - 2 * path[1:-1] + path[2:]).norm(dim=-1).mean())


@torch.no_grad()
def test_a_trembling_face_trembles_less():
    truth = shape()
    seen = [truth + torch.randn(1, 68, 2) + torch.randn(1, 1, 2) for _ in range(40)]
    assert trembling(follow(LandmarkSmoothing(), seen)[2:]) < 0.6 * trembling(seen[2:])


@torch.no_grad()
def test_a_face_that_moves_steadily_is_not_left_behind():
    truth = shape()
    seen = [truth + torch.tensor([0.8, -0.4]) * time for time in range(40)]
    found = follow(LandmarkSmoothing(), seen)
    assert float((found[-1] - seen[-1]).norm(dim=-1).max()) < 0.1


@torch.no_grad()
def test_a_landmark_ends_between_where_it_is_seen_and_where_it_was_in_the_face():
    truth = shape()
    winking = truth.clone()
    winking[:, 37] += 3
    found = follow(LandmarkSmoothing(), [truth, truth, truth, winking])[-1]
    moved_px = found[:, 37] - truth[:, 37]
    assert ((moved_px > 0.15) & (moved_px < 2.5)).all()


@torch.no_grad()
def test_a_still_face_stays_where_it_is():
    truth = shape(2)
    torch.testing.assert_close(follow(LandmarkSmoothing(), [truth] * 5)[-1], truth)


@torch.no_grad()
def test_the_first_two_looks_are_taken_as_they_are_and_the_third_is_not():
    seen = [shape() for _ in range(3)]
    found = follow(LandmarkSmoothing(), seen)
    assert torch.equal(found[0], seen[0])
    assert torch.equal(found[1], seen[1])
    assert not torch.equal(found[2], seen[2])


@torch.no_grad()
def test_a_new_face_is_not_pulled_and_its_neighbour_is():
    seen = [shape(2) for _ in range(4)]
    module = LandmarkSmoothing()
    previous, trend = seen[0], Trend.none(2)
    for points in seen[1:3]:
        previous, trend = module(points, previous, trend, CROP_PX)
    previous[0] = torch.nan
    found, after = module(seen[3], previous, trend, CROP_PX)
    assert torch.equal(found[0], seen[3][0])
    assert not torch.equal(found[1], seen[3][1])
    assert not after.motion[0].any()
    assert after.motion[1].any()


def test_a_motion_carries_a_face_to_where_it_was_measured():
    before = shape(2)
    cos, sin = torch.cos(torch.tensor(0.2)), torch.sin(torch.tensor(0.2))
    after = 1.1 * before @ torch.stack([torch.stack([cos, sin]), torch.stack([-sin, cos])]) + 3
    motion = motion_between(before, after, CROP_PX)
    torch.testing.assert_close(moved(before, motion, CROP_PX), after, atol=1e-3, rtol=0)
    torch.testing.assert_close(torch.hypot(1 + motion[:, 2], motion[:, 3]), torch.full((2,), 1.1))


def test_a_trend_survives_its_journey_behind_the_state():
    trend = Trend(torch.randn(3, 4), torch.rand(3, 1), torch.randn(3, 4), torch.rand(3, 3))
    hidden, cell = trend.packed()
    assert hidden.shape == cell.shape == (3, TREND_SIZE)
    for part, again in zip(trend, Trend.unpacked(hidden, cell), strict=True):
        assert torch.equal(part, again)


def test_it_learns_to_hold_a_trembling_face():
    module, truth = LandmarkSmoothing(), shape(16)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(40):
        found = follow(module, [truth + torch.randn_like(truth) for _ in range(8)])
        loss = (found[-1] - truth).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.35  # 1 without it


def test_the_network_smooths_only_what_it_has_seen_twice(small_network):
    network = small_network(temporal="residual", smoothing=True)
    crops, previous = torch.randn(2, 3, 64, 64), torch.rand(2, 68, 2) * 64
    z0 = network.draw_z0(torch.full((2, 7, 2), torch.nan))
    state = None
    for look in range(3):
        output = network(crops, z0, state, previous if look else None)
        raw, _ = read_step(output.steps[-1], "regression", network.config)
        found, _ = read_landmarks(output, network.config)
        assert torch.equal(found, raw) == (look < 2)
        assert [part.shape for part in output.state] == [(2, network.config.state_size)] * 2
        state = output.state


def test_a_network_without_it_does_not_look_at_them(small_network):
    network = small_network(temporal="residual")
    crops, z0 = torch.randn(1, 3, 64, 64), torch.zeros(1, 7, 32, 32)
    output = network(crops, z0, None, torch.rand(1, 68, 2))
    assert output.smoothed is None
    assert network.config.state_size == output.state[0].shape[1] == STATE_SIZE


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"temporal": "none"}, "needs a temporal module"),
        ({"steps": ("detection",)}, "regression as the last step"),
        ({"smoothing": 1}, "must be true or false"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, reason):
    with pytest.raises(ValueError, match=reason):
        REDNetConfig(**{"smoothing": True, **settings})


def test_its_parameters_are_part_of_the_weights():
    names = REDNet(REDNetConfig(width=0.0625, crop_px=64, smoothing=True)).state_dict()
    assert any(name.startswith("smoothing.") for name in names)
