from itertools import pairwise

import numpy as np
import pytest

from rednet_ros.evaluation.degraded.bursts import (
    BURST_FRAMES,
    CHOICES,
    GAP_FRAMES,
    KINDS,
    LEAD_FRAMES,
    MIN_FRAMES,
    RECOVERY_FRAMES,
    Burst,
    phases,
    schedule,
)


def test_bursts_are_short_with_time_to_recover_between_them() -> None:
    (plan,) = schedule([1000], KINDS, seed=3)
    assert len(plan) > 25
    lengths = {burst.stop - burst.start for burst in plan}
    assert (min(lengths), max(lengths)) == BURST_FRAMES
    gaps = [after.start - before.stop for before, after in pairwise(plan)]
    assert (min(gaps), max(gaps)) == GAP_FRAMES
    assert plan[0].start >= LEAD_FRAMES
    assert plan[-1].stop + RECOVERY_FRAMES <= 1000


def test_the_seed_decides_where_bursts_are_and_other_clips_do_not() -> None:
    one = schedule([100, 80], ["blur"], seed=1)
    assert one == schedule([100, 80], ["blur"], seed=1)
    assert one[1] == schedule([40, 80], ["blur"], seed=1)[1]
    assert one != schedule([100, 80], ["blur"], seed=2)


def test_kinds_take_turns_over_all_clips() -> None:
    plans = schedule([60] * 30, CHOICES["occlude"], seed=0)
    counts = [sum(burst.kind == kind for plan in plans for burst in plan) for kind in CHOICES["occlude"]]
    assert min(counts) > 10
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("seed", range(20))
def test_a_clip_that_is_long_enough_has_a_burst(seed: int) -> None:
    assert schedule([MIN_FRAMES], KINDS, seed)[0]
    assert not schedule([LEAD_FRAMES + RECOVERY_FRAMES], KINDS, seed)[0]


def test_every_frame_is_in_one_phase() -> None:
    parts = phases(40, [Burst(10, 13, "hand", (0, 0))])
    assert np.flatnonzero(parts["inside"]).tolist() == [10, 11, 12]
    assert np.flatnonzero(parts["just after"]).tolist() == [13, 14, 15, 16, 17]
    assert (sum(part.astype(int) for part in parts.values()) == 1).all()
