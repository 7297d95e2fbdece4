"""Images evenly spread over a session, on one sheet."""

import numpy as np
import pytest

from rednet_ros.nodes.demo.contact_sheet import EvenSampler, contact_sheet


@pytest.mark.parametrize("length", [1, 5, 12, 13, 100, 1234])
def test_images_are_spread_from_the_first_on_and_few_are_kept(length):
    sampler = EvenSampler(12)
    for number in range(length):
        sampler.add(np.full((1, 1, 3), number))
        assert len(sampler._kept) < 24
    numbers = [int(image[0, 0, 0]) for image in sampler.images()]
    assert len(numbers) == min(12, length)
    assert numbers[0] == 0
    assert numbers[-1] >= 0.85 * (length - 1)
    gaps = np.diff(numbers)
    assert len(gaps) == 0 or gaps.max() <= 2.1 * max(1, gaps.min())


def test_a_sheet_shows_its_images_in_rows():
    images = [np.full((90, 120, 3), 50 * number, np.uint8) for number in range(1, 6)]
    sheet = contact_sheet(images, columns=3, width_px=120)
    assert sheet.shape == (180, 360, 3)
    assert [sheet[45, 60 + 120 * column, 0] for column in range(3)] == [50, 100, 150]
    assert [sheet[135, 60 + 120 * column, 0] for column in range(3)] == [200, 250, 0]


def test_a_few_images_make_a_narrow_sheet_of_their_own_shape():
    assert contact_sheet([np.zeros((50, 100, 3), np.uint8)], columns=4, width_px=200).shape == (100, 200, 3)
