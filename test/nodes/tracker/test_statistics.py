"""Counts, rates and latencies of a stream."""

import math

import pytest

from rednet_ros.nodes.tracker.statistics import FrameRecorder, Outcomes, combined


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


def test_recent_frames_are_judged_by_what_became_of_them():
    frames = FrameRecorder()
    assert frames.outcomes(now_s=100.0) == Outcomes()
    frames.rejected("long ago", now_s=10.0)
    frames.processed(0.01, 0, now_s=100.0)
    frames.incomplete("no frame_id", now_s=100.0)
    frames.rejected("no step", now_s=101.0)
    frames.failed("ZeroDivisionError", now_s=102.0)
    assert frames.outcomes(now_s=102.0) == Outcomes(3, 2, "ZeroDivisionError", 1, "no frame_id")
    assert frames.outcomes(since_s=101.5, now_s=102.0) == Outcomes(1, 1, "ZeroDivisionError")


def test_a_slow_stream_is_judged_by_its_last_frame():
    frames = FrameRecorder()
    frames.processed(0.01, 0, now_s=1.0)
    frames.rejected("no step", now_s=2.0)
    assert frames.outcomes(now_s=1000.0) == Outcomes(1, 1, "no step")
    frames.processed(0.01, 0, now_s=1000.0)
    frames.incomplete("no frame_id", now_s=1000.5)
    assert frames.outcomes(now_s=2000.0) == Outcomes(1, 0, "", 1, "no frame_id")
