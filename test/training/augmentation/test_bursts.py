"""Bursts take their share of a clip's frames and spoil the face in them, and nothing else."""

import numpy as np
import pytest

from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.training.augmentation import bursts

SIZE = 128


def face() -> np.ndarray:
    """68 landmarks in the middle of the picture."""
    return (40 * np.asarray(MEAN_SHAPE) + 64).astype(np.float32)


def frames(count: int) -> list[np.ndarray]:
    """A face drawn on a grey picture that differs from frame to frame."""
    picture = np.full((SIZE, SIZE, 3), 120, np.uint8)
    for x, y in np.round(face()).astype(int):
        picture[y - 2 : y + 3, x - 2 : x + 3] = 30
    return [picture + np.uint8(index) for index in range(count)]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
def test_the_share_of_frames_is_that_asked_for(share: float) -> None:
    plans = [bursts.plan(20, share, np.random.default_rng(seed)) for seed in range(600)]
    counts = [sum(burst.stop - burst.start for burst in plan) for plan in plans]
    assert np.mean(counts) / 20 == pytest.approx(share, abs=0.05)
    for plan in plans:
        starts, stops = [burst.start for burst in plan], [burst.stop for burst in plan]
        assert all(start >= bursts.CLEAN_FIRST for start in starts)
        assert all(stop <= 20 for stop in stops)
        assert all(start > stop for start, stop in zip(starts[1:], stops[:-1], strict=True))
        assert all(3 <= stop - start <= 12 for start, stop in zip(starts, stops, strict=True))


def test_all_kinds_happen_and_blank_ones_as_often_as_wanted() -> None:
    kinds = [burst.kind for seed in range(600) for burst in bursts.plan(20, 0.5, np.random.default_rng(seed))]
    assert set(kinds) == set(bursts.SHARES)
    assert 0.1 < kinds.count("blank") / len(kinds) < 0.2
    assert sum(bursts.SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", bursts.SHARES)
def test_a_burst_spoils_the_face_in_its_frames_only(kind: str) -> None:
    clean, places = frames(9), [face()] * 9
    x, y = np.round(face()).astype(int).T
    changes = []
    for seed in range(5):
        spoilt = bursts.spoil(clean, places, [bursts.Burst(3, 7, kind)], np.random.default_rng(seed))
        assert all(frame.shape == (SIZE, SIZE, 3) and frame.dtype == np.uint8 for frame in spoilt)
        for index in (0, 1, 2, 7, 8):
            assert np.array_equal(spoilt[index], clean[index])
        changes += [np.abs(spoilt[index][y, x].astype(int) - clean[index][y, x]).mean() for index in range(3, 7)]
    assert np.median(changes) > 3
    again = bursts.spoil(clean, places, [bursts.Burst(3, 7, kind)], np.random.default_rng(4))
    assert all(np.array_equal(one, other) for one, other in zip(spoilt, again, strict=True))


@pytest.mark.parametrize("kind", ["face", "blank"])
def test_nothing_of_a_hidden_face_is_left(kind: str) -> None:
    clean, places = frames(4), [face()] * 4
    inner = np.round(face()[17:]).astype(int)
    for seed in range(5):
        for frame in bursts.spoil(clean, places, [bursts.Burst(0, 3, kind)], np.random.default_rng(seed))[:3]:
            eyes_and_skin = frame[inner[:, 1], inner[:, 0]].astype(int) - frame[inner[:, 1] - 4, inner[:, 0]]
            assert np.abs(eyes_and_skin).mean() < 25  # of 90 where they can be seen
