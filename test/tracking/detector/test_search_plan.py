"""Where the detector looks: nothing is left out, and a face of the promised size is found."""

import numpy as np
import pytest

from rednet_ros.tracking.detector.search_plan import SEEN_PX, Region, around, at, pieces, small, smallest_face_px, whole
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


def spot_in(region: Region, image: np.ndarray) -> tuple[float, float]:
    """Middle of what is bright in what the detector is given, in the image's pixels."""
    given = region.of(image).astype(float)
    rows, columns = np.mgrid[: given.shape[0], : given.shape[1]]
    return region.place(float((columns * given).sum() / given.sum()), float((rows * given).sum() / given.sum()))


def test_a_small_search_sees_a_quarter_and_its_places_are_the_images() -> None:
    image = np.zeros((480, 640), np.uint8)
    image[200:221, 401:426] = 255
    quick = small(whole(640, 480, 480))
    assert quick.of(image).shape == (180, 240)
    assert spot_in(quick, image) == pytest.approx((413, 210), abs=0.6)
    assert quick.shows(Box(100, 100, 2 * SEEN_PX / 0.75 + 0.1, 40))
    assert not quick.shows(Box(100, 100, 2 * SEEN_PX / 0.75 - 0.1, 40))


@pytest.mark.parametrize("box", [Box(400, 200, 30, 30), Box(300, 100, 250, 240), Box(-20, 300, 100, 110)])
def test_a_faces_place_shows_it_and_is_quick_to_search(box: Box) -> None:
    image = np.zeros((480, 640), np.uint8)
    x, y = (round(middle) for middle in box.center)
    image[y - 4 : y + 5, x - 4 : x + 5] = 255
    place = at(box, 640, 480)
    assert place.shows(box)
    assert max(place.of(image).shape) <= 121
    assert spot_in(place, image) == pytest.approx((x, y), abs=0.1 * box.width)
