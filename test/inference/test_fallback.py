"""What the engine does when a runtime fails: stand-ins for GPUs and engines, with a network that counts."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from rednet_ros.errors import RednetError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.runtime import Candidate, RuntimeUnavailableError
from rednet_ros.inference.step_file import Description
from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.network.config import REDNetConfig

OF = Description("tiny", "for tests", "noise", REDNetConfig(crop_px=64), np.zeros((7, 2), np.float32))


@dataclass
class Stand:
    """A runtime. A face is its number; its landmarks hold that, its confidence the frames its state has seen.

    `failures`: raised by the next runs, one each. `broken`: numbers of faces of which it makes NaN, in the landmarks or
    (negative numbers) in the state alone.
    """

    name: str
    failures: list[Exception] = field(default_factory=list)
    broken: tuple[int, ...] = ()
    ran: list[int] = field(default_factory=list)

    def run(self, crops: np.ndarray, previous_px: np.ndarray, state: FaceState) -> Estimate:
        if self.failures:
            raise self.failures.pop(0)
        self.ran.append(len(crops))
        number = crops[:, 0, 0, 0].astype(np.float32)
        landmarks_px = np.repeat(number, 136).reshape(-1, 68, 2)
        hidden = state.parts["hidden"] + 1
        for face in self.broken:
            (hidden if face < 0 else landmarks_px)[number == abs(face)] = np.nan
        confidence = np.repeat(hidden[:, :1], 68, axis=1)
        return Estimate(
            landmarks_px, np.nan_to_num(confidence), None, FaceState({"hidden": hidden, "cell": state.parts["cell"]})
        )


def crops(*numbers: int) -> np.ndarray:
    return np.repeat(np.array(numbers, np.uint8), 64 * 64 * 3).reshape(-1, 64, 64, 3)


def engine(*runtimes: Stand) -> LandmarkEngine:
    """The last one is the reference."""
    return LandmarkEngine(OF, [Candidate(each.name, lambda it=each: it) for each in runtimes])


def check(estimate: Estimate, numbers: tuple[int, ...], frames: int) -> None:
    assert estimate.landmarks_px[:, 0, 0].tolist() == list(numbers)
    assert estimate.confidence[:, 0].tolist() == [frames] * len(numbers)


def test_no_faces_are_no_work():
    fast = Stand("fast")
    estimate = engine(fast, Stand("reference")).run(crops())
    assert estimate.landmarks_px.shape == (0, 68, 2)
    assert len(estimate.state) == 0
    assert fast.ran == []


def test_a_runtime_that_raises_mid_stream_is_replaced_and_no_face_is_lost():
    fast, second = Stand("fast"), Stand("second")
    tested = engine(fast, second, Stand("reference"))
    first = tested.run(crops(7, 8, 9))
    fast.failures = [RuntimeError("CUDA error: an illegal memory access was encountered\nmore")]
    again = tested.run(crops(7, 8, 9), None, first.state)
    check(again, (7, 8, 9), 2)
    assert tested.backend == "second"
    assert tested.notices == (
        "fast failed (RuntimeError: CUDA error: an illegal memory access was encountered): second serves from now on",
    )
    check(tested.run(crops(7, 8, 9), None, again.state), (7, 8, 9), 3)


def test_when_the_last_runtime_raises_the_error_is_passed_on():
    with pytest.raises(RuntimeError, match="a bug"):
        engine(Stand("only", failures=[RuntimeError("a bug")])).run(crops(1))


@pytest.mark.parametrize("broken", [(2,), (-2,)], ids=["in the landmarks", "in the state alone"])
def test_a_face_of_which_a_runtime_makes_nan_goes_to_the_reference(broken):
    fast, reference = Stand("fast half"), Stand("reference")
    tested = engine(fast, reference)
    first = tested.run(crops(1, 2, 3))
    fast.broken = broken
    again = tested.run(crops(1, 2, 3), None, first.state)
    check(again, (1, 2, 3), 2)
    assert reference.ran == [1]
    assert np.isfinite(again.state.parts["hidden"]).all()
    assert tested.backend == "fast half"
    assert tested.notices == ("fast half gave values that are not numbers for 1 of 3 faces",)
    check(tested.run(crops(1, 2, 3), None, again.state), (1, 2, 3), 3)
    assert len(tested.notices) == 1


def test_a_face_of_which_even_the_reference_makes_nan_is_not_made_up():
    estimate = engine(Stand("fast", broken=(2,)), Stand("reference", broken=(2,))).run(crops(1, 2))
    assert np.isfinite(estimate.landmarks_px[0]).all()
    assert np.isnan(estimate.landmarks_px[1]).all()
    assert not estimate.state.parts["hidden"][1].any()


def test_a_reference_that_fails_is_reported_and_the_face_is_not_made_up():
    tested = engine(Stand("fast", broken=(2,)), Stand("reference", failures=[RuntimeError("gone")]))
    assert np.isnan(tested.run(crops(2)).landmarks_px).all()
    assert "could not be asked instead: RuntimeError: gone" in tested.notices[0 if len(tested.notices) == 1 else 1]


def test_the_first_runtime_that_can_be_built_serves():
    def raising(error: Exception) -> Callable[[], Stand]:
        def build() -> Stand:
            raise error

        return build

    missing = raising(RuntimeUnavailableError("it is not installed: install it"))
    candidates = [
        Candidate("a", missing),
        Candidate("b", raising(MemoryError("CUDA out of memory"))),
        Candidate("c", lambda: Stand("c")),
    ]
    tested = LandmarkEngine(OF, candidates)
    assert tested.backend == "c"
    assert tested.notices == (
        "backend a cannot be used: it is not installed: install it",
        "backend b cannot be used: MemoryError: CUDA out of memory",
    )
    with pytest.raises(RednetError, match="not installed"):
        LandmarkEngine(OF, candidates[:1])
