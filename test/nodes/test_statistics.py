"""Counts, rates and latencies of a stream."""

import math

import pytest

from rednet_ros.nodes.statistics import FrameRecorder


def test_counts_add_up():
    frames = FrameRecorder()
    for _ in range(6):
        frames.received(0.0)
    frames.dropped()
    frames.rejected()
    frames.failed()
    for _ in range(3):
        frames.processed(0.0, 0.01, face_count=2)
    figures = frames.snapshot()
    assert (figures.received, figures.processed, figures.dropped, figures.rejected, figures.failed) == (6, 3, 1, 1, 1)
    assert figures.faces == 2


def test_rates_and_latencies():
    frames = FrameRecorder()
    for number in range(101):
        stamp_s = 1_800_000_000 + number * 0.04
        frames.received(stamp_s + 0.001)
        frames.processed(stamp_s, stamp_s + 0.010 + (0.1 if number >= 95 else 0.0), face_count=0)
    figures = frames.snapshot()
    assert figures.input_rate_hz == pytest.approx(25, rel=1e-3)
    assert figures.latency_median_ms == pytest.approx(10, abs=0.01)
    assert 10 < figures.latency_p95_ms <= 110.01


def test_nothing_is_claimed_before_anything_happened():
    figures = FrameRecorder().snapshot()
    assert math.isnan(figures.latency_median_ms)
    assert math.isnan(figures.input_rate_hz)


@pytest.mark.parametrize("stamp_s", [0.0, 2_000_000_000.0])
def test_a_stamp_of_another_clock_gives_no_latency(stamp_s):
    frames = FrameRecorder()
    frames.processed(stamp_s, 1_800_000_000.0, face_count=1)
    figures = frames.snapshot()
    assert figures.processed == 1
    assert math.isnan(figures.latency_median_ms)
