"""Many images on one."""

import numpy as np
import pytest

from rednet_ros.media.contact_sheet import contact_sheet
from rednet_ros.media.images import ImageArray, fit

GREY = 120


def grey(height: int = 240, width: int = 320) -> ImageArray:
    return np.full((height, width, 3), GREY, np.uint8)


def test_images_are_placed_in_rows() -> None:
    colors = [(i * 40 + 40, 0, 0) for i in range(5)]
    images = [np.full((30, 40, 3), color, np.uint8) for color in colors]
    sheet = contact_sheet(images, 3)
    found = [np.argwhere((sheet == color).all(axis=2)) for color in colors]
    assert [len(pixels) for pixels in found] == [30 * 40] * 5
    tops = [pixels[:, 0].min() for pixels in found]
    lefts = [pixels[:, 1].min() for pixels in found]
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4]
    assert lefts[0] == lefts[3] < lefts[1] == lefts[4] < lefts[2]


def test_images_are_scaled_into_tiles_and_captions_written() -> None:
    images = [grey(100, 50), grey(20, 400)]
    plain = contact_sheet(images, 2, tile_px=(60, 60))
    captioned = contact_sheet(images, 2, tile_px=(60, 60), captions=["one", "two"])
    assert captioned.shape[0] > plain.shape[0]
    assert (captioned[plain.shape[0] - 4 :] > 150).any()


def test_no_images_and_wrong_captions_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        contact_sheet([], 3)
    with pytest.raises(ValueError, match="1 captions for 2 images"):
        contact_sheet([grey(), grey()], 2, captions=["one"])


def test_fit_keeps_the_aspect() -> None:
    fitted = fit(grey(100, 200), (100, 100))
    assert fitted.shape == (100, 100, 3)
    assert (fitted[30:70] == GREY).all()
    assert (fitted[:20] != GREY).all()


def test_without_gaps_tiles_touch() -> None:
    images = [np.full((90, 120, 3), 50 * number, np.uint8) for number in range(1, 6)]
    sheet = contact_sheet(images, 3, gap_px=0)
    assert sheet.shape == (180, 360, 3)
    assert [sheet[45, 60 + 120 * column, 0] for column in range(3)] == [50, 100, 150]
    assert [sheet[135, 60 + 120 * column, 0] for column in range(2)] == [200, 250]


def test_a_few_images_make_a_narrow_sheet() -> None:
    assert contact_sheet([grey(50, 100)], 4, tile_px=(200, 100), gap_px=0).shape == (100, 200, 3)
