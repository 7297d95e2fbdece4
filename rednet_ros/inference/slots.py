"""Temporal states on the device: a table with one slot a face and frame, and handles that know their slots."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import torch
from torch import Tensor

from rednet_ros.inference.types import FaceState

START_CAPACITY = 64
"""Slots of a new table; one that is full doubles."""

FRESH = 0
"""Slot of faces without history: zeros, never written."""


class Slot:
    """Row `index` of a table, free again as soon as nobody holds this object."""

    def __init__(self, index: int, free: list[int]) -> None:
        self.index = index
        if index != FRESH:
            weakref.finalize(self, free.append, index).atexit = False


class StateTable:
    """The states of all faces of all cameras, on the device where the network runs.

    A slot is written once and then only read: whoever keeps an older state of a face, because a newer look at it was
    no good, simply keeps its handle. Handles stay good when the table grows or moves to another device.
    """

    def __init__(self, size: int, device: str, dtype: torch.dtype = torch.float32) -> None:
        """`size`: numbers of a hidden and of a cell state."""
        self._values = torch.zeros(2, START_CAPACITY, size, device=device, dtype=dtype)
        self._free = list(range(START_CAPACITY - 1, FRESH, -1))
        self._fresh = Slot(FRESH, self._free)

    @property
    def in_use(self) -> int:
        """Slots that somebody holds."""
        return self._values.shape[1] - 1 - len(self._free)

    def fresh(self, faces: int) -> SlotState:
        """The states of faces without history."""
        return SlotState(self, [self._fresh] * faces)

    def gather(self, slots: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Hidden and cell states of slots, each N x size, on the table's device."""
        hidden, cell = self._values.index_select(1, self._index(slots))
        return hidden, cell

    def scatter(self, hidden: Tensor, cell: Tensor) -> SlotState:
        """Keep N states, each N x size, in slots of their own."""
        while len(self._free) < len(hidden):
            self._grow()
        slots = [Slot(self._free.pop(), self._free) for _ in range(len(hidden))]
        new = torch.stack([hidden, cell]).to(self._values)
        self._values.index_copy_(1, self._index([slot.index for slot in slots]), new)
        return SlotState(self, slots)

    def together(self, states: Sequence[SlotState]) -> SlotState:
        """One batch of several, in their order; all of this table."""
        return SlotState(self, [slot for state in states for slot in state.slots])

    def adopt(self, state: FaceState) -> SlotState:
        """`state` as one of this table: itself, or a copy of its numbers."""
        if isinstance(state, SlotState) and state.table is self:
            return state
        return self.scatter(state.hidden, state.cell)

    def move(self, device: str) -> bool:
        """To another device. False if the old one no longer gives the states away: then every face starts afresh."""
        try:
            self._values = self._values.to(device)
        except RuntimeError:
            self._values = torch.zeros(self._values.shape, device=device, dtype=self._values.dtype)
            return False
        return True

    def _grow(self) -> None:
        capacity = self._values.shape[1]
        self._values = torch.cat([self._values, torch.zeros_like(self._values)], dim=1)
        self._free[:0] = range(2 * capacity - 1, capacity - 1, -1)

    def _index(self, slots: Sequence[int]) -> Tensor:
        return torch.tensor(slots, dtype=torch.int64).to(self._values.device, non_blocking=True)


class SlotState(FaceState):
    """A `FaceState` that lies in a `StateTable`; its rows are handed on without a copy."""

    table: StateTable
    slots: tuple[Slot, ...]

    def __init__(self, table: StateTable, slots: Sequence[Slot]) -> None:
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "slots", tuple(slots))

    @property
    def indices(self) -> list[int]:
        """Where in the table the rows lie."""
        return [slot.index for slot in self.slots]

    @property
    def hidden(self) -> Tensor:  # type: ignore[override]
        """See `FaceState`."""
        return self.table.gather(self.indices)[0]

    @property
    def cell(self) -> Tensor:  # type: ignore[override]
        """See `FaceState`."""
        return self.table.gather(self.indices)[1]

    def __len__(self) -> int:
        return len(self.slots)

    def row(self, index: int) -> FaceState:
        """See `FaceState.row`."""
        return self.part(index)

    def part(self, index: int) -> SlotState:
        """The state of one face, as a batch of one."""
        return SlotState(self.table, self.slots[index : index + 1])

    def is_finite(self) -> Tensor:
        """Which of the states hold numbers: N bool, on the table's device."""
        hidden, cell = self.table.gather(self.indices)
        return torch.isfinite(hidden).all(dim=1) & torch.isfinite(cell).all(dim=1)

    @classmethod
    def joined(cls, rows: Sequence[FaceState]) -> FaceState:
        """See `FaceState.joined`."""
        mine = [row for row in rows if isinstance(row, SlotState)]
        if len(mine) == len(rows) and all(row.table is mine[0].table for row in mine):
            return SlotState(mine[0].table, [slot for row in mine for slot in row.slots])
        return FaceState.joined(rows)
