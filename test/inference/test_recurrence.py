"""NumPy's side of the spatial recurrence against PyTorch's, which training uses."""

import numpy as np
import pytest
import torch

from rednet_ros.inference import recurrence
from rednet_ros.inference.recurrence import StepOutput, run_steps
from rednet_ros.inference.step_file import Description
from rednet_ros.network import heatmaps
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet, normalise, read_step, response_maps

RNG = np.random.default_rng(3)
SIZE_PX = 64


def describe(**settings) -> Description:
    config = REDNetConfig(**{"backbone": "resnet14", "width": 0.0625, "crop_px": SIZE_PX, **settings})
    return Description("tiny", "none", "none", config, RNG.uniform(0.2, 0.8, (7, 2)).astype(np.float32))


def test_crops_are_normalised_alike():
    crops = RNG.integers(0, 256, (2, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    expected = normalise(torch.from_numpy(crops).permute(0, 3, 1, 2).flip(1))
    np.testing.assert_allclose(recurrence.normalised(crops), expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("backbone", ["resnet14", "mobile"])
def test_z0_is_drawn_alike(backbone):
    of = describe(backbone=backbone)
    network = REDNet(of.config)
    network.mean_points = torch.from_numpy(of.mean_points)
    previous_px = RNG.uniform(-5, SIZE_PX + 5, (4, 7, 2)).astype(np.float32)
    previous_px[2, 3, 1] = np.nan
    expected = network.draw_z0(torch.from_numpy(previous_px)).numpy()
    np.testing.assert_array_equal(recurrence.draw_z0(of, previous_px), expected)


def test_what_is_not_a_number_stays_none():
    """The engine has such faces computed again."""
    maps = np.zeros((2, 68, 32, 32), np.float32)
    maps[1, 5, 3, 7] = np.nan
    landmarks_px, _ = recurrence._decode(maps, describe(regression_maps="softmax").config)
    assert np.isnan(landmarks_px[1, 5]).all()
    assert np.isfinite(landmarks_px).sum() == landmarks_px.size - 2


@pytest.mark.parametrize("backbone", ["resnet14", "mobile"])
@pytest.mark.parametrize("kind", ["linear", "softmax"])
def test_landmarks_are_read_alike(kind, backbone):
    of = describe(regression_maps=kind, backbone=backbone)
    config = of.config
    truth_px = torch.from_numpy(RNG.uniform(-3, SIZE_PX + 3, (3, 68, 2)).astype(np.float32))
    maps = heatmaps.draw_gaussians(truth_px, config.map_px, 1.3, config.cell_px) + 0.02 * torch.randn(
        3, 68, config.map_px, config.map_px
    )
    expected_px, confidence = read_step(response_maps(maps, "regression", config), "regression", config)

    class Step:
        def __call__(self, crops, z, state):
            return StepOutput(np.zeros((3, 7, config.map_px, config.map_px), np.float32), maps.numpy(), None, None)

    crops = np.zeros((3, SIZE_PX, SIZE_PX, 3), np.uint8)
    previous_px = np.full((3, 68, 2), np.nan, np.float32)
    estimate = run_steps(Step(), of, crops, previous_px, None)
    np.testing.assert_allclose(estimate.landmarks_px, expected_px.numpy(), atol=2e-3)
    np.testing.assert_allclose(estimate.confidence, confidence.numpy(), atol=1e-4)


def test_presence_is_read_alike():
    maps = torch.randn(2, 7, 32, 32)
    points_px = RNG.uniform(-9, SIZE_PX + 9, (2, 7, 2)).astype(np.float32)
    expected = heatmaps.read_at(maps, torch.from_numpy(points_px))
    np.testing.assert_array_equal(recurrence.read_at(maps.numpy(), points_px, 2), expected.numpy())


def test_each_step_sees_what_the_step_before_found():
    """And starts from the previous frame's state; the last step's is kept."""
    of = describe(steps=("detection", "regression", "regression"))
    seen = []

    class Step:
        def __call__(self, crops, z, state):
            seen.append((z.copy(), state))
            maps = np.full((1, 75, 32, 32), len(seen) * 0.1, np.float32)
            return StepOutput(maps[:, :7], maps[:, 7:], None, len(seen))

    run_steps(Step(), of, np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8), np.full((1, 68, 2), np.nan, np.float32), 0)
    np.testing.assert_allclose(seen[1][0], 1 / (1 + np.exp(-0.1)), rtol=1e-5)
    np.testing.assert_allclose(seen[2][0], 0.2, rtol=1e-5)
    assert [state for _, state in seen] == [0, 0, 0]


def test_a_direct_network_takes_a_second_step_for_faces_that_need_one_only():
    """Of four: one that is well, one that is new, one that the detection does not see, one that is elsewhere."""
    of = describe(backbone="mobile", direct=True, regression_maps="softmax")
    truth_px = np.full((4, 68, 2), 29.5, np.float32)
    previous_px = truth_px + np.float32([[[1, 0]], [[np.nan, 0]], [[1, 0]], [[20, 0]]])
    calls = []

    class Step:
        def __call__(self, crops, z, state):
            calls.append(len(crops))
            maps = heatmaps.draw_gaussians(torch.from_numpy(truth_px[: len(crops)]), of.config.map_px, 1.3, 4).numpy()
            detection = np.full((len(crops), 7, 16, 16), 5.0, np.float32)
            if len(calls) == 1:
                detection[2] = -5
            identity = np.full((len(crops), 256), len(calls), np.float32)
            identity[:, 0] = 0
            return StepOutput(detection, maps, identity, None)

    estimate = run_steps(Step(), of, np.zeros((4, SIZE_PX, SIZE_PX, 3), np.uint8), previous_px, None)
    assert calls == [4, 3]
    assert estimate.landmarks_px.shape == (4, 68, 2)
    np.testing.assert_allclose(estimate.presence.mean(axis=1), 1, atol=0.01)


def test_a_large_logit_is_no_overflow():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(recurrence.sigmoid(np.array([-1e4, 0, 1e4], np.float32)), [0, 0.5, 1])
