from typing import Any

import pytest

from rednet_ros.evaluation.networks import Network


@pytest.fixture
def network(engine: Any, detector: Any) -> Network:
    """The painted network and detector."""
    return Network("painted", engine, detector)
