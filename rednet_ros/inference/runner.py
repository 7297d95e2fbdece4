"""Runs batches on the best backend that works, and on the next one when that fails. No face is lost on the way."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rednet_ros.errors import RednetError
from rednet_ros.inference.backends.backend import BUCKETS, Backend, bucket_of
from rednet_ros.inference.batches import Batch
from rednet_ros.inference.slots import SlotState, StateTable

log = logging.getLogger(__name__)

MAX_NOTICES = 20
"""The newest so many are kept: a backend that fails again and again must not fill the memory."""


@dataclass(frozen=True)
class Candidate:
    """A backend that may serve. `build` makes it, and raises a RednetError that says why where it cannot."""

    name: str
    build: Callable[[], Backend]


REFERENCE = "eager"
"""Name of the candidates in float32 that a face goes to of whom a backend makes nan."""


class Runner:
    """A chain of backends, best first, and the faces' states.

    `notices`: what went wrong so far and what was done about it, for people to read. `backend`: the one that serves.
    """

    def __init__(self, candidates: Sequence[Candidate], record_length: int, table: StateTable | None) -> None:
        """`table`: None for a network without state. Raises the last candidate's error if none can be built."""
        self._later = list(candidates)
        self._reference_candidate = next(each for each in candidates if each.name == REFERENCE)
        self._reference: Backend | None = None
        self._record_length = record_length
        self._table = table
        self._largest: int | None = None
        self.notices: list[str] = []
        self.backend = self._next()

    def run(self, batch: Batch, state: SlotState | None) -> tuple[Tensor, SlotState | None]:
        """The graph's records, N x length on the CPU, and the next states, of any number of faces.

        A face of whom even the reference makes nan has a row of nan, and its state starts afresh.
        """
        faces = len(batch)
        records = torch.empty(faces, self._record_length)
        states: list[SlotState | None] = [None] * faces
        waiting = [list(range(faces))]
        while waiting:
            rows = waiting.pop()
            largest = self._limit(len(rows))
            if len(rows) > largest:
                waiting += [rows[largest:], rows[:largest]]
                continue
            try:
                record, next_state, is_sound = self._compute(self.backend, batch, rows, state)
            except torch.OutOfMemoryError as error:
                self._shrink(len(rows), error)
                waiting.append(rows)
                continue
            except Exception as error:  # a backend's errors have no common base, and a robot must not stop over them
                self._replace(error)
                waiting.append(rows)
                continue
            if not is_sound:
                record, next_state = self._repaired(batch, rows, state, record, next_state)
            if faces == len(rows):
                return record, next_state
            records[rows] = record.to(records.dtype)
            for at, row in enumerate(rows):
                states[row] = None if next_state is None else next_state.part(at)
        kept = [row for row in states if row is not None]
        return records, None if self._table is None else self._table.together(kept)

    def _compute(
        self, backend: Backend, batch: Batch, rows: list[int], state: SlotState | None
    ) -> tuple[Tensor, SlotState | None, bool]:
        """The faces' records and next states, and whether all of their numbers are certainly finite."""
        if not rows:
            return torch.empty(0, self._record_length), None if self._table is None else self._table.fresh(0), True
        bucket = bucket_of(len(rows), backend.buckets)
        filled = rows + rows[:1] * (bucket - len(rows))
        inputs = batch.inputs(filled, backend.device)
        if self._table is not None:
            indices = self._table.fresh(1).indices * len(filled) if state is None else state.indices
            carried = indices if state is None else [indices[row] for row in filled]
            inputs += tuple(part.to(backend.device) for part in self._table.gather(carried))
        results = backend.run(inputs)
        record = results[0][: len(rows)].to("cpu", copy=True)  # waits for the device, whose errors come up here
        is_sound = all(map(_has_finite_sum, results))
        if self._table is None:
            return record, None, is_sound
        hidden, cell = (part[: len(rows)] for part in results[1:])
        return record, self._table.scatter(hidden, cell), is_sound

    def _repaired(
        self, batch: Batch, rows: list[int], state: SlotState | None, record: Tensor, next_state: SlotState | None
    ) -> tuple[Tensor, SlotState | None]:
        """The results with those of faces that hold nan or infinity computed again by the reference."""
        sound = torch.isfinite(record).all(dim=1)
        if next_state is not None:
            sound &= next_state.is_finite().cpu()
        if bool(sound.all()):
            return record, next_state
        broken = [at for at in range(len(rows)) if not sound[at]]
        self._tell(f"{self.backend.name} gave values that are not numbers for {len(broken)} of {len(rows)} faces")
        states = None if next_state is None else [next_state.part(at) for at in range(len(rows))]
        for at in broken:
            again, fresh = self._again(batch, rows[at], state)
            record[at] = again[0]
            if states is not None and fresh is not None:
                states[at] = fresh
        return record, None if states is None or self._table is None else self._table.together(states)

    def _again(self, batch: Batch, row: int, state: SlotState | None) -> tuple[Tensor, SlotState | None]:
        """One face by the reference; nan and a fresh state where that fails too."""
        try:
            record, next_state, is_sound = self._compute(self._build(self._reference_candidate), batch, [row], state)
            if is_sound:
                return record, next_state
        except Exception as error:
            self._tell(f"the float32 network could not be asked instead: {_told(error)}")
        nothing = torch.full((1, self._record_length), torch.nan)
        return nothing, None if self._table is None else self._table.fresh(1)

    def _build(self, candidate: Candidate) -> Backend:
        """The backend; the reference is made once, whatever it is wanted for."""
        if candidate is not self._reference_candidate:
            return candidate.build()
        if self._reference is None:
            self._reference = candidate.build()
        return self._reference

    def _limit(self, faces: int) -> int:
        """How many faces may go into one run."""
        limits = [limit for limit in (self._largest, (self.backend.buckets or (faces,))[-1]) if limit]
        return max(1, min(limits, default=1))

    def _shrink(self, faces: int, error: Exception) -> None:
        """No batches of this size any more; with one face alone, no such backend any more."""
        if faces <= 1:
            self._replace(error)
            return
        self._largest = max(bucket for bucket in BUCKETS if bucket < faces)
        self._tell(
            f"{self.backend.name} has no memory for {faces} faces at once: {self._largest} at a time from now on"
        )
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _replace(self, error: Exception) -> None:
        """Go on with the next backend. Raises `error` where none is left."""
        failed = self.backend
        if not self._later:
            raise error
        log.warning("backend %s failed", failed.name, exc_info=error)
        self.backend = self._next()
        self._largest = None
        self._tell(f"{failed.name} failed ({_told(error)}): {self.backend.name} serves from now on")
        if self._table is not None and not self._table.move(self.backend.device):
            self._tell("the faces' states were lost with the device: every face starts afresh")

    def _next(self) -> Backend:
        while True:
            candidate = self._later.pop(0)
            try:
                return self._build(candidate)
            except Exception as error:  # a RednetError, or what a GPU without memory raises
                if not self._later:
                    raise
                reason = str(error) if isinstance(error, RednetError) else _told(error)
                self._tell(f"backend {candidate.name} cannot be used: {reason}")

    def _tell(self, notice: str) -> None:
        if notice not in self.notices:  # what happens in every frame is told once
            log.warning("%s", notice)
            self.notices = [*self.notices, notice][-MAX_NOTICES:]


def _has_finite_sum(values: Tensor) -> bool:
    """False where a value is nan or infinite. One small operation, for it is asked in every frame."""
    return math.isfinite(values.sum(dtype=torch.float32).item())


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
