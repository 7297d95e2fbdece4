"""Where the detector looks: nothing is left out, and a face of the promised size is found."""

import numpy as np
import pytest

from rednet_ros.tracking.detector.search_plan import SEEN_PX, Region, around, pieces, smallest_face_px, whole
from rednet_ros.tracking.types import Box

SIZES = [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920), (4000, 500)]


@pytest.mark.parametrize(("width_px", "height_px"), SIZES)
def test_every_face_from_the_smallest_to_the_largest_has_a_region_that_shows_it(width_px: int, height_px: int) -> None:
    regions = [whole(width_px, height_px, 480), *pieces(width_px, height_px, 480, 20.0)]
    smallest_px = smallest_face_px(width_px, height_px, 480, 20.0)
    rng = np.random.default_rng(0)
    for side_px in (smallest_px, 1.3 * smallest_px, 45.0, 90.0, 180.0, 300.0):
        for _ in range(50):
            x, y = rng.uniform(0.0, (width_px - side_px, height_px - side_px))
            x, y = (0.0, y) if rng.random() < 0.2 else (x, 0.0) if rng.random() < 0.2 else (x, y)
            box = Box(x, y, side_px, side_px)
            assert any(region.shows(box) for region in regions), (side_px, box)


@pytest.mark.parametrize(
    ("size", "smallest_px"), [((640, 480), 27), ((1280, 720), 27), ((1920, 1080), 20), ((3840, 2160), 20)]
)
def test_the_smallest_face_by_size_of_the_image(size: tuple[int, int], smallest_px: float) -> None:
    """The figures of docs/troubleshooting.md."""
    assert smallest_face_px(*size, 480, 20.0) == pytest.approx(smallest_px, abs=0.5)


def test_no_piece_costs_more_than_the_whole_of_a_square_image() -> None:
    for size in SIZES:
        for piece in pieces(*size, 480, 20.0):
            assert max(piece.width, piece.height) * piece.scale <= 481
            assert piece.x >= 0
            assert piece.y >= 0
            assert piece.x + piece.width <= size[0]
            assert piece.y + piece.height <= size[1]


def test_small_images_and_large_faces_need_no_pieces() -> None:
    assert pieces(640, 480, 480, 20.0) == ()
    assert pieces(1920, 1080, 480, 80.0) == ()
    assert pieces(1920, 1080, 1920, 20.0) == ()


def test_a_face_cut_by_a_piece_is_not_shown_by_it() -> None:
    piece = Region(100, 100, 200, 200, 1.0, (True, True, True, True))
    assert piece.shows(Box(150, 150, 60, 60))
    assert not piece.shows(Box(90, 150, 60, 60))
    assert not piece.shows(Box(101, 150, 60, 60))
    assert not piece.shows(Box(150, 150, 15, 15))
    assert whole(300, 300, 480).shows(Box(-10, 150, 60, 60))  # by the image's border every region is cut


@pytest.mark.parametrize("center", [(400, 300), (5, 5), (1915, 1075)])
def test_a_lost_small_face_is_searched_around_where_it_was(center: tuple[float, float]) -> None:
    box = Box(center[0] - 12, center[1] - 12, 24, 24)
    region = around(box, 1920, 1080, 480)
    assert region.x <= center[0] <= region.x + region.width
    assert region.y <= center[1] <= region.y + region.height
    assert 24 * region.scale >= SEEN_PX
    assert region.of(np.zeros((1080, 1920, 3), np.uint8)).shape == (region.height, region.width, 3)


def test_a_face_at_the_images_own_border_is_cut_by_no_piece() -> None:
    corner = pieces(1920, 1080, 480, 20.0)[-1]
    assert (corner.x + corner.width, corner.y + corner.height) == (1920, 1080)
    assert corner.shows(Box(1900, 1060, 24, 24))
    assert not corner.shows(Box(corner.x, 1000, 24, 24))
