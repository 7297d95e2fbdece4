"""What the runner does when a backend fails: stand-ins for GPUs and engines, with a network that counts."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rednet_ros.errors import RednetError
from rednet_ros.inference.backends import BackendUnavailableError
from rednet_ros.inference.batches import CropBatch
from rednet_ros.inference.runner import REFERENCE, Candidate, Runner
from rednet_ros.inference.slots import StateTable
from rednet_ros.inference.threads import CpuThreads

LENGTH = 4


@dataclass
class Stand:
    """A backend. A face is its number; its record holds that, and how many frames its state has seen so far.

    `failures`: raised by the next runs, one each. `room`: more faces at once are out of memory. `broken`: numbers of
    faces of whom it makes nan, in the record or (negative numbers) in the state alone.
    """

    name: str
    buckets: tuple[int, ...] | None = None
    device: str = "cpu"
    threads: CpuThreads | None = None
    engine_path: Path | None = None
    failures: list[Exception] = field(default_factory=list)
    room: int = 1000
    broken: tuple[int, ...] = ()
    ran: list[int] = field(default_factory=list)

    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        crops, _, hidden, cell = inputs
        if self.failures:
            raise self.failures.pop(0)
        if len(crops) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.ran.append(len(crops))
        number = crops[:, 0, 0, 0].float()
        record = torch.stack([number, hidden[:, 0] + 1, number, number], dim=1)
        next_hidden = hidden + 1
        for face in self.broken:
            (next_hidden if face < 0 else record)[number == abs(face), 1] = torch.nan
        return record, next_hidden, cell + number[:, None]


def batch(*numbers: int) -> CropBatch:
    crops = torch.tensor(numbers, dtype=torch.uint8)[:, None, None, None].repeat(1, 8, 8, 3)
    return CropBatch(crops, torch.full((len(numbers), 68, 2), torch.nan))


def runner(*backends: Stand) -> Runner:
    """The last one is the reference."""
    names = [*(backend.name for backend in backends[:-1]), REFERENCE]
    candidates = [Candidate(name, lambda it=backend: it) for name, backend in zip(names, backends, strict=True)]
    return Runner(candidates, LENGTH, StateTable(2, "cpu"))


def check(records: Tensor, numbers: tuple[int, ...], frames: int) -> None:
    assert records[:, 0].tolist() == list(numbers)
    assert records[:, 1].tolist() == [frames] * len(numbers)


def test_batches_are_filled_up_to_the_next_bucket():
    fast = Stand("fast", buckets=(1, 2, 4, 8))
    run = runner(fast, Stand("eager"))
    for faces, bucket in ((1, 1), (3, 4), (5, 8)):
        numbers = tuple(range(10, 10 + faces))
        records, state = run.run(batch(*numbers), None)
        check(records, numbers, 1)
        assert len(state) == faces
        assert fast.ran[-1] == bucket
    assert run.notices == []


def test_more_faces_than_the_largest_bucket_go_in_several_runs():
    fast = Stand("fast", buckets=(1, 2, 4))
    run = runner(fast, Stand("eager"))
    numbers = tuple(range(1, 12))
    records, state = run.run(batch(*numbers), None)
    check(records, numbers, 1)
    assert fast.ran == [4, 4, 4]
    records, state = run.run(batch(*numbers), state)
    check(records, numbers, 2)
    assert state.cell[:, 0].tolist() == [2 * number for number in numbers]


def test_no_faces_are_no_work():
    fast = Stand("fast", buckets=(1, 2))
    records, state = runner(fast, Stand("eager")).run(batch(), None)
    assert records.shape == (0, LENGTH)
    assert len(state) == 0
    assert fast.ran == []


def test_out_of_memory_falls_to_smaller_batches_and_keeps_every_state():
    fast = Stand("fast", buckets=(1, 2, 4, 8, 16))
    run = runner(fast, Stand("eager"))
    numbers = tuple(range(1, 13))
    _, state = run.run(batch(*numbers), None)
    fast.room, fast.ran = 4, []
    records, state = run.run(batch(*numbers), state)
    check(records, numbers, 2)
    assert fast.ran == [4, 4, 4]
    records, state = run.run(batch(*numbers), state)
    check(records, numbers, 3)
    assert run.backend is fast
    assert any("no memory for 12 faces" in notice and "8 at a time" in notice for notice in run.notices)
    assert any("4 at a time" in notice for notice in run.notices)


def test_without_memory_for_a_single_face_the_next_backend_serves():
    run = runner(Stand("fast", buckets=(1, 2, 4), room=0), Stand("eager"))
    records, _ = run.run(batch(5, 6), None)
    check(records, (5, 6), 1)
    assert run.backend.name == "eager"


def test_a_backend_that_throws_mid_stream_is_replaced_and_no_face_is_lost():
    fast, second = Stand("fast", buckets=(1, 2, 4)), Stand("second")
    run = runner(fast, second, Stand("eager"))
    _, state = run.run(batch(7, 8, 9), None)
    fast.failures = [RuntimeError("CUDA error: an illegal memory access was encountered\nmore")]
    records, state = run.run(batch(7, 8, 9), state)
    check(records, (7, 8, 9), 2)
    assert run.backend is second
    assert run.notices == [
        "fast failed (RuntimeError: CUDA error: an illegal memory access was encountered): second serves from now on"
    ]
    check(run.run(batch(7, 8, 9), state)[0], (7, 8, 9), 3)


def test_a_backend_that_throws_between_two_parts_of_a_batch_loses_neither():
    fast = Stand("fast", buckets=(1, 2))
    run = runner(fast, Stand("eager"))
    _, state = run.run(batch(1, 2, 3, 4), None)
    original = fast.run

    def fails_second(inputs):
        fast.failures = [RuntimeError("gone")] if len(fast.ran) > 2 else []
        return original(inputs)

    fast.run = fails_second
    records, state = run.run(batch(1, 2, 3, 4), state)
    check(records, (1, 2, 3, 4), 2)
    assert state.cell[:, 0].tolist() == [2, 4, 6, 8]


def test_when_the_last_backend_throws_the_error_is_told():
    only = Stand("eager", failures=[RuntimeError("a bug")])
    with pytest.raises(RuntimeError, match="a bug"):
        runner(only).run(batch(1), None)


@pytest.mark.parametrize("broken", [(2,), (-2,)], ids=["in the record", "in the state alone"])
def test_a_face_of_whom_a_backend_makes_nan_goes_to_the_float32_network(broken):
    fast, reference = Stand("fast half", buckets=(4,)), Stand("eager")
    run = runner(fast, reference)
    _, state = run.run(batch(1, 2, 3), None)
    fast.broken = broken
    records, state = run.run(batch(1, 2, 3), state)
    check(records, (1, 2, 3), 2)
    assert reference.ran == [1]
    assert state.is_finite().all()
    assert run.backend is fast
    assert run.notices == ["fast half gave values that are not numbers for 1 of 3 faces"]
    check(run.run(batch(1, 2, 3), state)[0], (1, 2, 3), 3)
    assert len(run.notices) == 1


def test_a_face_of_whom_even_the_float32_network_makes_nan_is_not_made_up():
    run = runner(Stand("fast", broken=(2,)), Stand("eager", broken=(2,)))
    records, state = run.run(batch(1, 2), None)
    assert records[0].isfinite().all()
    assert records[1].isnan().all()
    assert not state.hidden[1].any()


def test_the_first_backend_that_can_be_built_serves():
    def missing():
        raise BackendUnavailableError("it is not installed: install it")

    def surprising():
        raise torch.OutOfMemoryError("CUDA out of memory")

    eager = Stand("eager")
    candidates = [Candidate("a", missing), Candidate("b", surprising), Candidate(REFERENCE, lambda: eager)]
    run = Runner(candidates, LENGTH, StateTable(2, "cpu"))
    assert run.backend is eager
    assert run.notices == [
        "backend a cannot be used: it is not installed: install it",
        "backend b cannot be used: OutOfMemoryError: CUDA out of memory",
    ]
    with pytest.raises(RednetError, match="not installed"):
        Runner([Candidate(REFERENCE, missing)], LENGTH, None)


def test_faces_start_afresh_where_a_dead_device_keeps_their_states(monkeypatch):
    fast = Stand("fast")
    run = runner(fast, Stand("eager"))
    _, state = run.run(batch(1, 2), None)

    class Dead(torch.Tensor):
        def to(self, *_: object, **__: object) -> Tensor:
            raise RuntimeError("CUDA error: device-side assert triggered")

    run._table._values = run._table._values.as_subclass(Dead)
    fast.failures = [RuntimeError("CUDA error: device-side assert triggered")]
    records, _ = run.run(batch(1, 2), state)
    check(records, (1, 2), 1)
    assert any("starts afresh" in notice for notice in run.notices)
