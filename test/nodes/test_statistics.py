"""Counts, rates and latencies of a stream."""

import math

import pytest

from rednet_ros.nodes.statistics import FrameRecorder, combined


def test_counts_add_up():
    frames = FrameRecorder()
    for _ in range(6):
        frames.received()
    frames.dropped()
    frames.rejected()
    frames.failed()
    for _ in range(3):
        frames.processed(0.01, face_count=2)
    figures = frames.snapshot()
    assert (figures.received, figures.processed, figures.dropped, figures.rejected, figures.failed) == (6, 3, 1, 1, 1)
    assert figures.faces == 2


def test_rates_and_latencies():
    frames = FrameRecorder()
    for number in range(101):
        stamp_s = 1_800_000_000 + number * 0.04
        frames.received(stamp_s + 0.001)
        frames.processed(0.010 + (0.1 if number >= 95 else 0.0), 0, stamp_s + 0.010)
    figures = frames.snapshot(stamp_s + 0.02)
    assert figures.input_rate_hz == pytest.approx(25, rel=1e-3)
    assert figures.latency_median_ms == pytest.approx(10, abs=0.01)
    assert 10 < figures.latency_p95_ms <= 110.01


def test_nothing_is_claimed_before_anything_happened():
    figures = FrameRecorder().snapshot()
    assert math.isnan(figures.latency_median_ms)
    assert figures.input_rate_hz == 0


def test_a_stream_that_stands_still_has_no_rate():
    frames = FrameRecorder()
    for number in range(10):
        frames.received(now_s=number * 0.1)
    assert frames.snapshot(now_s=1.0).input_rate_hz == pytest.approx(10)
    assert frames.snapshot(now_s=100.0).input_rate_hz == 0


def test_figures_of_several_cameras_add_up():
    front, rear = FrameRecorder(), FrameRecorder()
    for number in range(10):
        front.received(number * 0.1)
        rear.received(number * 0.2)
    front.processed(0.010, face_count=2, now_s=1.0)
    rear.processed(0.030, face_count=1, now_s=1.0)
    figures = combined([front, rear], now_s=2.0)
    assert (figures.received, figures.processed, figures.faces) == (20, 2, 3)
    assert figures.input_rate_hz == pytest.approx(15)
    assert figures.latency_median_ms == pytest.approx(20)


@pytest.mark.parametrize("latency_s", [1_800_000_000.0, -200_000_000.0])
def test_a_stamp_of_another_clock_gives_no_latency(latency_s):
    frames = FrameRecorder()
    frames.processed(latency_s, face_count=1)
    figures = frames.snapshot()
    assert figures.processed == 1
    assert math.isnan(figures.latency_median_ms)
