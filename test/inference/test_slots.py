import gc

import pytest
import torch

from rednet_ros.inference.slots import START_CAPACITY, StateTable
from rednet_ros.inference.types import FaceState


@pytest.fixture
def table():
    return StateTable(4, "cpu")


def numbered(first: int, count: int) -> torch.Tensor:
    return torch.arange(first, first + count, dtype=torch.float32)[:, None].repeat(1, 4)


def test_faces_without_history_have_zeros(table):
    state = table.fresh(3)
    assert len(state) == 3
    assert not state.hidden.any()
    assert not state.cell.any()
    assert table.in_use == 0


def test_what_is_scattered_is_gathered_in_any_order(table):
    state = table.scatter(numbered(1, 3), -numbered(1, 3))
    mixed = FaceState.stack([state.row(2), table.fresh(1), state.row(0)])
    assert mixed.hidden[:, 0].tolist() == [3, 0, 1]
    assert mixed.cell[:, 0].tolist() == [-3, 0, -1]


def test_an_older_state_stays_as_it_was(table):
    """A look that was no good must leave no trace in the face's state."""
    older = table.scatter(numbered(1, 1), numbered(1, 1))
    newer = table.scatter(older.hidden + 1, older.cell + 1)
    assert older.hidden[0, 0] == 1
    assert newer.hidden[0, 0] == 2


def test_slots_of_states_that_nobody_keeps_are_used_again(table):
    for number in range(10 * START_CAPACITY):
        kept = table.scatter(numbered(number, 2), numbered(number, 2)).row(1)
    gc.collect()
    assert table.in_use == 1
    assert kept.hidden[0, 0] == 10 * START_CAPACITY


def test_a_full_table_grows_and_keeps_what_it_holds(table):
    states = [table.scatter(numbered(number, 1), numbered(number, 1)) for number in range(3 * START_CAPACITY)]
    assert table.in_use == len(states)
    assert FaceState.stack(states).hidden[:, 0].tolist() == list(range(len(states)))


def test_states_from_elsewhere_are_taken_over(table):
    plain = FaceState(numbered(5, 2), numbered(7, 2))
    own = table.adopt(plain)
    torch.testing.assert_close(own.cell, plain.cell)
    assert table.adopt(own) is own
    other = StateTable(4, "cpu").adopt(own)
    torch.testing.assert_close(other.hidden, plain.hidden)


def test_rows_of_different_tables_are_stacked_as_plain_numbers(table):
    one, other = table.adopt(FaceState(numbered(1, 1), numbered(1, 1))), FaceState(numbered(2, 1), numbered(2, 1))
    assert FaceState.stack([one, other]).hidden[:, 0].tolist() == [1, 2]
    assert FaceState.stack([other, one]).hidden[:, 0].tolist() == [2, 1]


def test_it_tells_states_that_are_no_numbers(table):
    values = numbered(1, 3)
    values[1, 2] = torch.nan
    assert table.scatter(numbered(1, 3), values).is_finite().tolist() == [True, False, True]
