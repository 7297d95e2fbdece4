"""A process that tracks one face: what it costs until the first face, and its memory over many frames.

Started by `run`: `python -m rednet_ros.evaluation.speed.startup WEIGHTS DEVICE FRAMES`; prints a JSON object.
"""

from __future__ import annotations

import json
import sys
import time

from rednet_ros.evaluation.speed.machine import resident_mb
from rednet_ros.evaluation.speed.scenes import composed_scene
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker


def main(weights: str, device: str, frames: int) -> None:
    """Print the CPU seconds of this process until the first face, its memory then, and how it changes."""
    following = composed_scene(1).player()
    settings = TrackerSettings(confirm_frames=1, detect_in_background=False)
    with FaceTracker(weights, device, settings=settings) as tracker:
        found = tracker.update(*following())
        result = {"faces": len(found), "cpu_s": time.process_time(), "memory_mb": resident_mb()}
        memory_mb = []
        for _ in range(frames):
            tracker.update(*following())
            memory_mb.append(resident_mb())
    if memory_mb:
        result |= {"frames": frames, "tenth_mb": memory_mb[frames // 10], "end_mb": memory_mb[-1]}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
