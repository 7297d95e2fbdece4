"""The smoothing is fitted to paths of landmarks: it calms what trembles and follows what moves."""

import pytest
import torch

from rednet_ros.network.smoothing import LandmarkSmoothing
from rednet_ros.training.smoothing_fit import FitSettings, Paths, fit, smoothed

CROP_PX = 96


def paths(faces: int = 24, frames: int = 12, tremble_px: float = 0.7) -> Paths:
    """Faces that drift steadily, seen with errors."""
    generator = torch.Generator().manual_seed(5)
    shape = torch.rand(1, 1, 68, 2, generator=generator) * 60 + 18
    speed = torch.randn(faces, 1, 1, 2, generator=generator)
    truth = shape + speed * torch.arange(frames).reshape(1, -1, 1, 1)
    seen = truth + tremble_px * torch.randn(truth.shape, generator=generator)
    return Paths(seen, truth, torch.ones(faces, frames, 68, dtype=torch.bool), CROP_PX)


def error_px(points: torch.Tensor, of: Paths) -> float:
    return float((points - of.truth_px)[:, 4:][of.valid[:, 4:]].norm(dim=-1).mean())


def trembling_px(points: torch.Tensor, of: Paths) -> float:
    errors = (points - of.truth_px)[:, 2:]
    return float((errors[:, :-2] - 2 * errors[:, 1:-1] + errors[:, 2:]).norm(dim=-1).mean())


def test_the_fit_halves_the_trembling_and_lessens_the_error() -> None:
    made, smoothing = paths(), LandmarkSmoothing()
    fit(smoothing, made, FitSettings(steps=60, batch=16, learning_rate=2e-2))
    with torch.no_grad():
        found = smoothed(smoothing, made)
    assert trembling_px(found, made) < 0.5 * trembling_px(made.seen_px, made)
    assert error_px(found, made) < 0.9 * error_px(made.seen_px, made)


def test_the_weight_of_jitter_trades_error_for_calm() -> None:
    made, calm = paths(), []
    for jitter in (0.0, 5.0):
        torch.manual_seed(0)
        smoothing = LandmarkSmoothing()
        fit(smoothing, made, FitSettings(jitter=jitter, steps=60, batch=16, learning_rate=2e-2))
        with torch.no_grad():
            calm.append(trembling_px(smoothed(smoothing, made), made))
    assert calm[1] < 0.9 * calm[0]


def test_landmarks_without_truth_have_no_say() -> None:
    made = paths(faces=4, frames=6)
    made.valid[:, :, :17] = False
    nonsense = Paths(made.seen_px, made.truth_px.clone(), made.valid, CROP_PX)
    nonsense.truth_px[:, :, :17] = 1e4
    results = []
    for of in (made, nonsense):
        torch.manual_seed(0)
        smoothing = LandmarkSmoothing()
        fit(smoothing, of, FitSettings(steps=3, batch=4))
        results.append(smoothing.gains[0].weight.detach())
    torch.testing.assert_close(results[0], results[1])


@pytest.mark.parametrize("frames", [1, 2])
def test_the_first_frame_is_taken_as_it_is(frames: int) -> None:
    made = paths(faces=2, frames=frames)
    assert torch.equal(smoothed(LandmarkSmoothing(), made)[:, 0], made.seen_px[:, 0])
