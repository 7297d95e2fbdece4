"""Many walks through the lifecycle leave nothing behind: no memory, thread, handle or topic.

In `make soak` a hundred with the real tracker.
"""

import gc
import os
import sys
from pathlib import Path

import pytest

from rednet_ros.resources import DEFAULT_WEIGHTS, models_dir

pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts what Linux tells in /proc"),
]

CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = 1, 2, 3, 4
WARM_UP, CYCLES = 10, 100
REAL_CYCLES = int(os.environ.get("REDNET_CYCLES", "30"))
"""With the real tracker, which loads its weights in each."""


def held():
    from rednet_ros.nodes.tracker.tracker_loading import resident_mb

    gc.collect()
    threads, handles = (len(list(Path(f"/proc/self/{what}").iterdir())) for what in ("task", "fd"))
    return {"threads": threads, "handles": handles, "MB": resident_mb()}


def walk(bench, cycles):
    for _ in range(cycles):
        for transition in (CONFIGURE, ACTIVATE, DEACTIVATE, CLEANUP):
            assert bench.change_state(transition, timeout_s=100)


def check_nothing_is_left(bench, cycles, allowed_mb):
    walk(bench, WARM_UP)
    before = held()
    walk(bench, cycles)
    after = held()
    print(f"before {before}, after {after}")
    assert after["threads"] <= before["threads"] + 1  # PyTorch and the middleware keep pools of them
    assert after["handles"] <= before["handles"] + 2  # the middleware opens and closes some by itself
    assert after["MB"] - before["MB"] < allowed_mb
    assert bench.node.count_subscribers("image") == 0
    assert bench.node.count_publishers("faces") == 0


def test_the_node_leaves_nothing(make_bench, tracker):
    made = []

    def create(_parameters):
        made.append(type(tracker)())
        return made[-1]

    check_nothing_is_left(make_bench(create, cameras=["front", "rear"]), CYCLES, allowed_mb=30)
    assert len(made) == WARM_UP + CYCLES
    assert all(one.is_closed for one in made)


@pytest.mark.slow
def test_the_real_tracker_leaves_nothing(make_bench):
    from rednet_ros.nodes.tracker.tracker_loading import load_tracker

    if not (models_dir() / f"{DEFAULT_WEIGHTS}.safetensors").is_file():
        pytest.skip(f"models/ holds no {DEFAULT_WEIGHTS}")
    check_nothing_is_left(make_bench(load_tracker, device="cpu"), REAL_CYCLES, allowed_mb=0.4 * REAL_CYCLES)
