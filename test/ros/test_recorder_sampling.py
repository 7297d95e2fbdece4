"""Images evenly spread over a session."""

import numpy as np
import pytest

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("length", [1, 5, 12, 13, 100, 1234])
def test_images_are_spread_from_the_first_on_and_few_are_kept(length):
    from rednet_ros.nodes.demo.recorder_node import EvenSampler

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
