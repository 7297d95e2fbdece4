"""rednet-track on a video file, as a user runs it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from rednet_ros.errors import RednetError
from rednet_ros.evaluation.speed.results import ClipRow
from rednet_ros.evaluation.speed.scenes import FPS, Scene
from rednet_ros.evaluation.speed.timing import timing
from rednet_ros.media.video import VideoWriter, open_source

ROUNDS = 2
"""How often the scene is repeated in the clip, so that its start counts little."""


def write_clip(path: Path, scene: Scene) -> None:
    """The scene as a video. Raises InputError where it cannot be written."""
    with VideoWriter(path, FPS) as writer:
        for _ in range(ROUNDS):
            for frame in scene.frames:
                writer.write(frame)


def measure_clip(path: Path, name: str, weights: str, device: str) -> ClipRow:
    """Decode the clip alone, then track it with rednet-track in a process of its own, JSON lines included.

    Raises InputError where the clip cannot be read, RednetError where tracking it fails.
    """
    durations_s: list[float] = []
    with open_source(str(path)) as video:
        frames = iter(video)
        start_s = time.perf_counter()
        for frame in frames:
            now_s = time.perf_counter()
            durations_s.append(now_s - start_s)
            height_px, width_px = frame.image_bgr.shape[:2]
            start_s = time.perf_counter()
    rate_hz = _track_rate_hz(path, weights, device)
    return ClipRow(name, width_px, height_px, timing(durations_s), rate_hz)


def _track_rate_hz(path: Path, weights: str, device: str) -> float:
    command = [sys.executable, "-m", "rednet_ros.cli.track", str(path), "--weights", weights, "--device", device]
    run = subprocess.run([*command, "--jsonl", "/dev/null"], capture_output=True, text=True, check=False)
    speed = re.search(r"^speed\s+([\d.]+) frames/s", run.stdout, flags=re.MULTILINE)
    if run.returncode != 0 or speed is None:
        lines = run.stderr.strip().splitlines()
        raise RednetError(f"rednet-track failed on {path}: {lines[-1] if lines else run.stdout}")
    return float(speed[1])
