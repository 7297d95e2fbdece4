"""Many frames through the node, faster than real time: every stamp once and in order, memory and latency flat.

`make test` plays some hundreds, `make soak` 100,000 (REDNET_SOAK_FRAMES); figures in docs/reliability.md.
"""

import itertools
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


def check_flat(latencies_s, warm_bytes, max_growth_bytes, began_s, ids):
    """Print the figures of a soak, and compare its last fifth with its second."""
    frames = len(latencies_s)
    fifth = frames // 5
    grown_bytes = memory_bytes() - warm_bytes
    early_ms, late_ms = 1e3 * np.median(latencies_s[fifth : 2 * fifth]), 1e3 * np.median(latencies_s[-fifth:])
    print(
        f"\n{frames} frames in {time.monotonic() - began_s:.0f} s, {ids} ids\n"
        f"latency: median {early_ms:.2f} ms in the second fifth, {late_ms:.2f} ms in the last, "
        f"p95 {1e3 * np.percentile(latencies_s, 95):.2f} ms\n"
        f"memory: {warm_bytes / 2**20:.1f} MiB after a fifth, {grown_bytes / 2**20:+.2f} MiB at the end"
    )
    assert grown_bytes < max_growth_bytes
    if frames >= 1000:  # fewer say little on a busy machine
        assert late_ms < MAX_SLOWDOWN * early_ms


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
    assert (figures.received, figures.processed) == (soak_frames, soak_frames)
    assert (figures.dropped, figures.rejected, figures.failed) == (0, 0, 0)
    assert len(seen) >= max(1, soak_frames // 240)  # the second face comes anew every 240 frames
    check_flat(latencies_s, warm_bytes, MAX_GROWTH_BYTES, began_s, len(seen))


@pytest.mark.slow
def test_the_shipped_weights(real_stage, soak_frames):
    """A fiftieth of the frames, at least 40, through the real network and detector: a portrait, a moving camera."""
    pytest.importorskip("skimage", reason="scikit-image is not installed: run `make test`")
    import cv2
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    from rednet_ros.nodes.demo.sources import open_named
    from rednet_ros.nodes.outputs.messages import bgr_image

    views = (frame.image_bgr for _ in itertools.count() for frame in open_named("portrait"))
    frames = max(40, soak_frames // 50)
    latencies_s, warm_bytes, seen, with_face = np.zeros(frames, np.float32), 0, set(), 0
    began_s = time.monotonic()
    for number in range(frames):
        stamp = Time(sec=1000 + number // 25, nanosec=number % 25 * 40_000_000)
        message = bgr_image(Header(stamp=stamp, frame_id="camera"), cv2.resize(next(views), None, fx=0.5, fy=0.5))
        sent_s = time.perf_counter()
        answer = real_stage.ask(message, 60.0)
        latencies_s[number] = time.perf_counter() - sent_s
        assert answer is not None, f"image {number} was not answered"
        assert answer.header.stamp == stamp
        seen.update(face.id for face in answer.faces)
        with_face += bool(answer.faces)
        if number == frames // 5:
            warm_bytes = memory_bytes()
    assert with_face >= 0.7 * frames
    assert seen == {"f1"}
    check_flat(latencies_s, warm_bytes, 2 * MAX_GROWTH_BYTES, began_s, len(seen))
