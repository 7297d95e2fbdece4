"""Prints what a batch takes with one and with more threads of the CPU: the table in docs/inference.md.

python scripts/run_in_environment.py python scripts/compare_threads.py [WEIGHTS]
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.threads import same_threads, usual_threads
from rednet_ros.resources import DEFAULT_WEIGHTS

FACES = (1, 2, 3, 4, 8, 16)
ROUNDS, RUNS = 3, 20


def main() -> None:
    """One line a number of faces; the settings take turns, the best round counts."""
    counts = (1, max(2, usual_threads().many))
    weights = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_WEIGHTS
    engines = [LandmarkEngine.load(weights, "cpu", threads=same_threads(count)) for count in counts]
    print(f"| faces | {' | '.join(f'{count} threads, ms' for count in counts)} |  # {engines[0].backend}")
    print("|---|" + "---|" * len(counts))
    for faces in FACES:
        rounds = [[_median_ms(engine, faces) for engine in engines] for _ in range(ROUNDS)]
        print(f"| {faces} | {' | '.join(f'{min(times):.1f}' for times in zip(*rounds, strict=True))} |", flush=True)


def _median_ms(engine: LandmarkEngine, faces: int) -> float:
    size_px = engine.crop_size_px
    crops = np.random.default_rng(0).integers(0, 256, (faces, size_px, size_px, 3), dtype=np.uint8)
    state = engine.initial_state(faces)
    engine.run(crops, None, state)
    times_s = []
    for _ in range(RUNS):
        start = time.perf_counter()
        engine.run(crops, None, state)
        times_s.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times_s)


if __name__ == "__main__":
    main()
