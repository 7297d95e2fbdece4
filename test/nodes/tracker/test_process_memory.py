"""The memory of this process."""

import sys
from types import SimpleNamespace

import pytest

from rednet_ros.nodes.tracker.process_memory import gpu_mb, release_gpu, resident_mb


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells the memory in /proc")
def test_memory_grows_with_what_is_held():
    before = resident_mb()
    held = bytearray(b"\1" * 50_000_000)
    assert 40 < resident_mb() - before < 150
    del held


def test_a_gpu_is_told_of_only_where_one_is_used(monkeypatch):
    cuda = SimpleNamespace(is_initialized=lambda: False, memory_reserved=lambda: 3_000_000)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert gpu_mb() is None
    release_gpu()
    cuda.is_initialized = lambda: True
    assert gpu_mb() == 3.0


def test_releasing_collects_first_what_holds_the_gpus_memory(monkeypatch):
    """PyTorch gives back only blocks that no tensor uses."""
    calls = []

    class Tensor:
        def __init__(self):
            self.itself = self  # only the collector frees it

        def __del__(self):
            calls.append("freed")

    cuda = SimpleNamespace(is_initialized=lambda: True, empty_cache=lambda: calls.append("emptied"))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    Tensor()
    release_gpu()
    assert calls == ["freed", "emptied"]
