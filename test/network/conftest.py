"""One thread and known random numbers for every test of the network."""

import pytest


@pytest.fixture(autouse=True)
def _steady(one_thread_and_seed: None) -> None:
    """Every test of this folder."""
