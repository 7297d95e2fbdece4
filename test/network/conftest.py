"""Small networks with signals of a trained one's size."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet

SIZE_PX = 64


@pytest.fixture(autouse=True)
def _one_thread_and_seed() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small_network() -> Callable[..., REDNet]:
    """Builds a narrow network in eval mode for 64 px crops."""
    return build


def build(**settings: Any) -> REDNet:
    network = REDNet(REDNetConfig(**{"width": 0.0625, "crop_px": SIZE_PX, **settings}))
    if network.temporal is not None:
        # As after training: the residual form starts at zero, where no test could see the state.
        torch.nn.init.normal_(network.temporal.expand.weight, std=0.2)
    # Batch norm that has seen data. Without, every layer shrinks the signal and all outputs are the heads' biases.
    network.train()
    with torch.no_grad():
        for _ in range(30):
            network(torch.randn(2, 3, SIZE_PX, SIZE_PX), torch.rand(2, 7, SIZE_PX // 2, SIZE_PX // 2))
    return network.eval()
