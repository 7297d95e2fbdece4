import numpy as np
import pytest

from rednet_ros.evaluation.degraded.bursts import KINDS, OCCLUSIONS, Burst
from rednet_ros.evaluation.degraded.pictures import degraded
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

WIDTH, HEIGHT = 240, 200


def face(x: float = 120, y: float = 100, side: float = 80) -> FloatArray:
    """The mean face upright about a point."""
    box = Box.around(MEAN_SHAPE)
    return ((MEAN_SHAPE - box.center) * side / max(box.width, box.height) + (x, y)).astype(np.float32)


def picture() -> ImageArray:
    """Stripes, so that every change of a pixel shows."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    stripes = 90 + 60 * (((columns // 5) + (rows // 5)) % 2)
    return np.stack([stripes, stripes + 20, stripes + 40], axis=2).astype(np.uint8)


def seen(kind: str, frame: int = 12, seed: int = 0, points_px: FloatArray | None = None) -> ImageArray:
    points_px = face() if points_px is None else points_px
    image = degraded(picture(), points_px, Burst(10, 16, kind, (seed, 4)), frame)
    assert image is not None
    return image


def hidden_share(kind: str, seed: int) -> float:
    """Of the landmarks, those about which the picture has changed."""
    changed = (seen(kind, seed=seed) != picture()).any(axis=2)
    columns, rows = np.rint(face()).astype(int).T
    return float(changed[rows, columns].mean())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "drop"])
def test_a_burst_looks_the_same_again_and_other_seeds_do_not(kind: str) -> None:
    before = picture()
    image = picture()
    first = degraded(image, face(), Burst(10, 16, kind, (0, 4)), 12)
    assert first is not None
    assert (first.shape, first.dtype) == (before.shape, np.uint8)
    np.testing.assert_array_equal(image, before)  # the caller's picture is left alone
    np.testing.assert_array_equal(first, seen(kind))
    assert (first != before).any()
    assert (first != seen(kind, seed=1)).any()


def test_a_missing_frame_is_no_picture() -> None:
    assert degraded(picture(), face(), Burst(10, 16, "drop", (0, 4)), 12) is None


def test_things_hide_as_much_as_they_are_called_by() -> None:
    seeds = range(6)
    shares = {kind: [hidden_share(kind, seed) for seed in seeds] for kind in OCCLUSIONS}
    assert min(shares["face"]) == 1.0
    assert all(0.25 < share < 0.8 for share in shares["half"])
    assert min(shares["hand"]) > 0.1
    assert min(shares["object"]) > 0.02
    assert 0.1 < np.mean(shares["object"]) < 0.7


@pytest.mark.parametrize("kind", OCCLUSIONS)
def test_things_move_with_the_face_and_leave_the_rest_of_the_picture(kind: str) -> None:
    here, aside = (seen(kind, points_px=face(x, side=40)) for x in (120, 150))
    np.testing.assert_array_equal(aside[:, :60], picture()[:, :60])
    middles = [(image != picture()).any(axis=2).nonzero()[1].mean() for image in (here, aside)]
    assert middles[1] == pytest.approx(middles[0] + 30, abs=5)


def test_the_camera_takes_away_what_it_says() -> None:
    plain = picture().astype(float)

    def detail(image: ImageArray) -> float:
        return float(abs(np.diff(image[..., 1].astype(float), axis=1)).mean())

    assert seen("dark").mean() < 0.2 * plain.mean()
    assert (seen("noise").astype(float) - plain).std() > 15
    assert seen("noise").mean() == pytest.approx(plain.mean(), rel=0.1)
    assert detail(seen("low")) < 0.5 * detail(picture())
    assert detail(seen("blur")) < 0.7 * detail(picture())


def test_noise_is_new_in_every_frame_and_the_light_is_not() -> None:
    assert (seen("noise", 12) != seen("noise", 13)).any()
    assert seen("dark", 12).mean() == pytest.approx(seen("dark", 13).mean(), rel=0.05)


@pytest.mark.parametrize("kind", OCCLUSIONS)
def test_a_face_outside_the_picture_does_not_matter(kind: str) -> None:
    np.testing.assert_array_equal(seen(kind, points_px=face(x=-900)), picture())
    assert seen(kind, points_px=face(x=0)).shape == picture().shape
