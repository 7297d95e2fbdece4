import numpy as np

from rednet_ros.inference.types import FaceState

RNG = np.random.default_rng(1)


def state(faces: int) -> FaceState:
    return FaceState(*RNG.normal(size=(2, faces, 256)).astype(np.float32))


def test_rows_stack_to_the_batch_they_came_from():
    batch = state(3)
    again = FaceState.stack([batch.row(index) for index in range(3)])
    assert np.array_equal(again.hidden, batch.hidden)
    assert np.array_equal(again.cell, batch.cell)


def test_faces_come_and_go():
    batch, newcomer = state(3), state(1)
    changed = FaceState.stack([batch.row(2), newcomer, batch.row(0)])
    assert len(changed) == 3
    assert np.array_equal(changed.hidden, np.stack([batch.hidden[2], newcomer.hidden[0], batch.hidden[0]]))
    assert np.array_equal(changed.row(1).cell, newcomer.cell)
