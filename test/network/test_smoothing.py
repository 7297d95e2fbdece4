import pytest
import torch

from rednet_ros.network.config import STATE_SIZE, REDNetConfig
from rednet_ros.network.rednet import REDNet, read_landmarks, read_step
from rednet_ros.network.smoothing import LandmarkSmoothing, carried_along


def smooth(module: LandmarkSmoothing, points: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
    return points + module(points, previous, torch.zeros(len(points), STATE_SIZE), 96)


def test_a_landmark_ends_between_where_it_is_seen_and_where_it_was_in_the_face():
    previous = torch.rand(3, 68, 2) * 60 + 20
    seen = previous.clone()
    seen[:, 33] += 3
    moved = smooth(LandmarkSmoothing(), seen, previous)[:, 33] - previous[:, 33]
    assert ((moved > 0.15) & (moved < 2.5)).all()


def test_a_face_that_moves_as_a_whole_is_followed_at_once():
    previous = torch.rand(2, 68, 2) * 60 + 20
    torch.testing.assert_close(smooth(LandmarkSmoothing(), previous + 5, previous), previous + 5, atol=1e-3, rtol=0)


def test_a_still_face_stays_where_it_is():
    points = torch.rand(2, 68, 2) * 96
    torch.testing.assert_close(smooth(LandmarkSmoothing(), points, points), points)


def test_a_new_face_is_not_pulled_and_its_neighbour_is():
    points = torch.rand(2, 68, 2) * 96
    previous = points + torch.randn_like(points)
    previous[0] = torch.nan
    smoothed = smooth(LandmarkSmoothing(), points, previous)
    assert torch.equal(smoothed[0], points[0])
    assert not torch.equal(smoothed[1], points[1])


def test_a_turning_face_is_carried_along():
    previous = torch.rand(2, 68, 2) * 60 + 20
    cos, sin = torch.cos(torch.tensor(0.2)), torch.sin(torch.tensor(0.2))
    turned = 1.1 * previous @ torch.stack([torch.stack([cos, sin]), torch.stack([-sin, cos])]) + 3
    torch.testing.assert_close(carried_along(previous, turned), turned, atol=1e-3, rtol=0)


def test_it_learns_to_hold_a_trembling_face():
    module, truth = LandmarkSmoothing(), torch.rand(16, 68, 2) * 60 + 20
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(60):
        seen = truth + torch.randn_like(truth)
        loss = (smooth(module, seen, truth) - truth).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.15  # 1 without a pull; the mean over the landmarks is followed


def test_the_network_smooths_only_with_the_previous_landmarks(small_network):
    network = small_network(temporal="residual", smoothing=True)
    crops, previous = torch.randn(2, 3, 64, 64), torch.rand(2, 68, 2) * 64
    z0 = network.draw_z0(torch.full((2, 7, 2), torch.nan))
    alone = network(crops, z0)
    followed = network(crops, z0, None, previous)
    raw, _ = read_step(followed.steps[-1], "regression", network.config)
    found, _ = read_landmarks(followed, network.config)
    assert alone.smoothed is None
    torch.testing.assert_close(read_landmarks(alone, network.config)[0], raw)
    carried = carried_along(previous, raw)
    assert ((found - carried).norm(dim=2) < (raw - carried).norm(dim=2)).all()


def test_a_network_without_it_does_not_look_at_them(small_network):
    network = small_network(temporal="residual")
    crops, z0 = torch.randn(1, 3, 64, 64), torch.zeros(1, 7, 32, 32)
    assert network(crops, z0, None, torch.rand(1, 68, 2)).smoothed is None


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
