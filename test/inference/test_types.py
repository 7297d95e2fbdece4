import numpy as np
import pytest

from rednet_ros.inference.types import FaceState
from rednet_ros.tracking.crops import CropTransform

RNG = np.random.default_rng(1)


def state(faces: int) -> FaceState:
    return FaceState(dict(zip(("hidden", "cell"), RNG.normal(size=(2, faces, 256)).astype(np.float32), strict=True)))


def test_rows_stack_to_the_batch_they_came_from():
    batch = state(3)
    again = FaceState.stack([batch.row(index) for index in range(3)])
    assert np.array_equal(again.parts["hidden"], batch.parts["hidden"])
    assert np.array_equal(again.parts["cell"], batch.parts["cell"])


def test_faces_come_and_go():
    batch, newcomer = state(3), state(1)
    changed = FaceState.stack([batch.row(2), newcomer, batch.row(0)])
    assert len(changed) == 3
    assert np.array_equal(
        changed.parts["hidden"],
        np.stack([batch.parts["hidden"][2], newcomer.parts["hidden"][0], batch.parts["hidden"][0]]),
    )
    assert np.array_equal(changed.row(1).parts["cell"], newcomer.parts["cell"])


@pytest.mark.parametrize("roll_rad", [0.0, 0.4])
def test_a_memory_is_seen_from_another_crop_as_pytorch_sees_it(roll_rad):
    torch = pytest.importorskip("torch")
    from rednet_ros.network.temporal import warp

    old, new = CropTransform((60, 50), 80.0, 0.1, 128), CropTransform((71, 44), 66.0, 0.1 + roll_rad, 128)
    for motion in (new.seen_from(old), old.seen_from(new), old.seen_from(old)):
        batch = FaceState({"memory": RNG.normal(size=(1, 5, 16, 16)).astype(np.float32)})
        expected = warp(torch.from_numpy(batch.parts["memory"]), torch.from_numpy(motion)[None]).numpy()
        np.testing.assert_allclose(batch.seen_from(motion).parts["memory"], expected, atol=1e-4)
    assert (old.seen_from(old) == np.eye(2, 3)).all()
    assert batch.seen_from(motion).left_in is None


def test_a_vector_knows_no_places():
    assert not state(1).knows_places
    assert FaceState.zeros({"memory": (3, 4, 4)}, 2).knows_places
