"""What is painted onto training faces changes pixels where it should, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest

from rednet_ros.training.augmentation import face_paint
from rednet_ros.training.config import PaintSettings

SIZE = 128
EVERYTHING = PaintSettings(side_light=1, glare=1, beard=1, surround=1, edge=1)


def face() -> np.ndarray:
    """68 landmarks of an upright face in the middle of the crop."""
    points = np.full((68, 2), 64, np.float32)
    angle = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([64 + 42 * np.cos(angle), 50 + 55 * np.sin(angle)], axis=1)
    points[17:27] = np.stack([np.linspace(30, 98, 10), np.full(10, 38)], axis=1)
    points[27:31] = np.stack([np.full(4, 64), np.linspace(48, 68, 4)], axis=1)
    points[31:36] = np.stack([np.linspace(56, 72, 5), np.full(5, 72)], axis=1)
    for first, x in ((36, 44), (42, 84)):
        turn = np.linspace(np.pi, 3 * np.pi, 7)[:6]
        points[first : first + 6] = np.stack([x + 8 * np.cos(turn), 48 + 3 * np.sin(turn)], axis=1)
    turn = np.linspace(np.pi, 3 * np.pi, 13)[:12]
    points[48:60] = np.stack([64 + 16 * np.cos(turn), 86 + 6 * np.sin(turn)], axis=1)
    turn = np.linspace(np.pi, 3 * np.pi, 9)[:8]
    points[60:68] = np.stack([64 + 12 * np.cos(turn), 86 + 2 * np.sin(turn)], axis=1)
    return points


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def grey(level: int = 120) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), level, np.uint8)


def other() -> np.ndarray:
    return np.zeros((90, 120, 3), np.uint8)


def changed(painter: Callable[[], np.ndarray], times: int = 20) -> np.ndarray:
    """S x S: in which share of the trials a pixel of a grey crop changed."""
    return np.mean([(np.abs(painter().astype(int) - 120) > 3).any(axis=2) for _ in range(times)], axis=0)


def test_without_settings_nothing_is_painted_and_no_number_is_drawn(rng: np.random.Generator) -> None:
    crop = grey()
    assert face_paint.paint(crop, face(), other, PaintSettings(), rng) is crop
    assert rng.random() == np.random.default_rng(4).random()


def test_a_face_with_unknown_landmarks_is_left_as_it_is(rng: np.random.Generator) -> None:
    points = face()
    points[3] = np.nan
    crop = grey()
    assert face_paint.paint(crop, points, other, EVERYTHING, rng) is crop


def test_all_at_once_gives_an_image_of_the_same_kind_and_leaves_the_input_alone(rng: np.random.Generator) -> None:
    crop, points = grey(), face()
    for _ in range(20):
        painted = face_paint.paint(crop, points, other, EVERYTHING, rng)
        assert painted.shape == crop.shape
        assert painted.dtype == np.uint8
        assert (painted != crop).any()
    assert (crop == 120).all()


def test_probabilities_are_those_of_the_settings(rng: np.random.Generator) -> None:
    crop, points = grey(), face()
    painted = [face_paint.paint(crop, points, other, PaintSettings(glare=0.3), rng) is not crop for _ in range(1000)]
    assert np.mean(painted) == pytest.approx(0.3, abs=0.05)


def test_light_from_one_side_makes_the_cheeks_unlike(rng: np.random.Generator) -> None:
    for _ in range(10):
        lit = face_paint.light_from_one_side(grey(), face(), rng)
        right, left = (float(lit[60:70, x - 3 : x + 3].mean()) for x in (30, 98))
        assert max(right, left) > 1.15 * min(right, left)


def test_glare_only_brightens_and_lies_on_the_face(rng: np.random.Generator) -> None:
    share = changed(lambda: face_paint.add_glare(grey(), face(), rng))
    assert share[40:100, 30:98].max() > 0.3
    assert share[:5].max() < 0.2
    assert (face_paint.add_glare(grey(), face(), rng) >= 120).all()


def test_a_beard_grows_on_the_chin_and_leaves_eyes_and_lips_alone(rng: np.random.Generator) -> None:
    grown = [np.abs(face_paint.grow_beard(grey(), face(), rng).astype(float) - 120).mean(axis=2) for _ in range(20)]
    change = np.mean(grown, axis=0)
    assert change[98, 64] > 20  # between lip and chin
    assert change[86, 64] < 0.4 * change[98, 64]  # between the lips
    assert change[:52].max() == 0  # the eyes and above


def test_what_surrounds_the_chin_leaves_the_face_alone(rng: np.random.Generator) -> None:
    share = changed(lambda: face_paint.surround_chin(grey(), face(), other, rng))
    assert share[125, 64] > 0.6
    assert share[40:92, 46:82].max() == 0


def test_beyond_the_edge_the_border_repeats(rng: np.random.Generator) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    for _ in range(20):
        cut = face_paint.cut_by_edge(crop, face(), rng)
        repeated = [
            (cut[:, 0] == cut[:, 1]).all(),
            (cut[:, -1] == cut[:, -2]).all(),
            (cut[0] == cut[1]).all(),
            (cut[-1] == cut[-2]).all(),
        ]
        assert sum(repeated) == 1
