"""Averaged weights are the mean of those that were given, and parts that they lack come from a whole network."""

import pytest
import torch
from average_weights import averaged


def test_every_tensor_is_the_mean_and_keeps_its_kind() -> None:
    parts = [{"a": torch.full((2,), value), "n": torch.tensor(int(value))} for value in (1.0, 4.0)]
    mean = averaged(parts)
    torch.testing.assert_close(mean["a"], torch.full((2,), 2.5))
    assert mean["n"].dtype == torch.int64


def test_networks_that_are_not_alike_are_refused() -> None:
    with pytest.raises(ValueError, match="different networks"):
        averaged([{"a": torch.zeros(1)}, {"b": torch.zeros(1)}])
