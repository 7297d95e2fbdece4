from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rednet_ros.evaluation.data import in_sequences, runs
from rednet_ros.training.datasets.labels import LabelledFace


@dataclass(frozen=True)
class Entry:
    face: LabelledFace
    number: int


def entries(*rows: tuple[str | None, int | None], source: str = "", identity: str | None = None) -> list[Entry]:
    points = np.zeros((68, 2), np.float32)
    return [
        Entry(LabelledFace(Path("x.png"), points, source, identity, sequence, frame), number)
        for number, (sequence, frame) in enumerate(rows)
    ]


def numbers(groups: list[list[Entry]]) -> list[list[int]]:
    return [[entry.number for entry in group] for group in groups]


def test_frames_are_sorted_and_stills_left_out() -> None:
    found = in_sequences(entries(("b", 2), (None, None), ("a", 7), ("b", 1), ("a", 6)))
    assert numbers(found) == [[3, 0], [4, 2]]


def test_frames_without_numbers_keep_their_order() -> None:
    assert numbers(in_sequences(entries(("a", None), ("a", None)))) == [[0, 1]]


def test_equal_names_in_two_data_sets_or_of_two_people_are_two_sequences() -> None:
    rows = [*entries(("001", 1), source="300vw_1"), *entries(("001", 2), source="mine")]
    assert len(in_sequences(rows)) == 2
    rows = [*entries(("001", 1), identity="Ada"), *entries(("001", 1), identity="Bob")]
    assert len(in_sequences(rows)) == 2


def test_runs_end_where_a_number_is_skipped() -> None:
    (sequence,) = in_sequences(entries(("a", 1), ("a", 2), ("a", 5), ("a", 6), ("a", 8)))
    assert numbers(runs(sequence)) == [[0, 1], [2, 3], [4]]
    (sequence,) = in_sequences(entries(("a", None), ("a", None), ("a", None)))
    assert numbers(runs(sequence)) == [[0, 1, 2]]
    assert runs([]) == []
