"""What the node reports of its tracker's memory, and what it gives back."""

import sys
from types import SimpleNamespace

import cv2
import pytest

pytestmark = pytest.mark.ros

TRACKER = SimpleNamespace(weights_name="stand-in")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has /proc")
def test_memory_grows_with_what_is_held():
    from rednet_ros.nodes.tracker.tracker_loading import resident_mb

    before = resident_mb()
    held = bytearray(b"\1" * 50_000_000)
    assert 40 < resident_mb() - before < 150
    del held


def test_opencv_takes_one_core_only(request):
    """A search in the background would keep all of them from tracking."""
    from rednet_ros.errors import WeightsError
    from rednet_ros.nodes.parameters.tracker import TrackerParameters
    from rednet_ros.nodes.tracker.tracker_loading import load_tracker

    before = cv2.getNumThreads()
    request.addfinalizer(lambda: cv2.setNumThreads(before))
    cv2.setNumThreads(2)
    with pytest.raises(WeightsError):
        load_tracker(TrackerParameters(weights="absent.safetensors"))
    assert cv2.getNumThreads() == 1


def test_a_gpu_is_reported_only_where_one_is_used(monkeypatch):
    from rednet_ros.nodes.tracker.tracker_loading import described, release_gpu

    cuda = SimpleNamespace(is_initialized=lambda: False, memory_reserved=lambda: 3_000_000)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    figures, notices = described(TRACKER)
    assert figures.keys() == {"weights", "memory_mb"}
    assert notices == ()
    release_gpu()
    cuda.is_initialized = lambda: True
    assert described(TRACKER)[0]["gpu_memory_mb"] == 3.0


def test_releasing_collects_first_what_holds_the_gpus_memory(monkeypatch):
    """PyTorch gives back only blocks that no tensor uses."""
    from rednet_ros.nodes.tracker.tracker_loading import release_gpu

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


def test_a_recogniser_that_cannot_be_used_is_a_notice_and_stops_nothing():
    from rednet_ros.nodes.parameters.tracker import TrackerParameters
    from rednet_ros.nodes.tracker.tracker_loading import described, load_tracker

    before = cv2.getNumThreads()
    tracker = load_tracker(TrackerParameters(recognizer="no/such.onnx"))
    try:
        figures, notices = described(tracker)
        assert figures["recognizer"] == "none"
        assert any("no/such.onnx does not exist" in notice for notice in notices)
    finally:
        tracker.close()
        cv2.setNumThreads(before)
