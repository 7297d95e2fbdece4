"""Many frames through the node, faster than real time: every stamp once and in order, memory and latency flat.

`make test` plays some hundreds, `make soak` 100,000 (REDNET_SOAK_FRAMES); figures in docs/reliability.md.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.ros

MAX_GROWTH_BYTES = 16 * 2**20
"""From a fifth of the frames on, when caches and allocators are warm; 100,000 frames are 15 GB of images."""

MAX_SLOWDOWN = 1.5
"""Median latency of the last fifth of the frames by that of the second fifth."""


def memory_bytes():
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_many_frames(stage, soak_frames):
    fifth = soak_frames // 5
    latencies_s = np.zeros(soak_frames, np.float32)
    last_ns, warm_bytes, seen = 0, 0, set()
    began_s = time.monotonic()
    for number in range(soak_frames):
        sent_s = time.perf_counter()
        answer = stage.show(number)
        latencies_s[number] = time.perf_counter() - sent_s
        assert answer is not None, f"image {number} was not answered"
        now_ns = answer.header.stamp.sec * 10**9 + answer.header.stamp.nanosec
        assert now_ns == 1000 * 10**9 + number * 10**9 // 30
        assert now_ns > last_ns
        last_ns = now_ns
        assert len(answer.faces) <= 2
        seen.update(face.id for face in answer.faces)
        if number == fifth:
            warm_bytes = memory_bytes()
    figures = stage.bench.node.statistics()
    grown_bytes = memory_bytes() - warm_bytes
    early_ms, late_ms = 1e3 * np.median(latencies_s[fifth : 2 * fifth]), 1e3 * np.median(latencies_s[-fifth:])
    print(
        f"\n{soak_frames} frames in {time.monotonic() - began_s:.0f} s, {len(seen)} ids\n"
        f"latency: median {early_ms:.2f} ms in the second fifth, {late_ms:.2f} ms in the last, "
        f"p95 {1e3 * np.percentile(latencies_s, 95):.2f} ms\n"
        f"memory: {warm_bytes / 2**20:.1f} MiB after a fifth, {grown_bytes / 2**20:+.2f} MiB at the end"
    )
    assert (figures.received, figures.processed) == (soak_frames, soak_frames)
    assert (figures.dropped, figures.rejected, figures.failed) == (0, 0, 0)
    assert len(seen) >= max(1, soak_frames // 240)  # the second face comes anew every 240 frames
    assert grown_bytes < MAX_GROWTH_BYTES
    if soak_frames >= 10_000:  # fewer say little on a busy machine
        assert late_ms < MAX_SLOWDOWN * early_ms
