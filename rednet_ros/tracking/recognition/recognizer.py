"""What turns a look at a face into a vector that says who it is: the network's own code, or a recogniser of its own."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.tracking.sighting import Engine, look_at, look_from
from rednet_ros.tracking.types import FloatArray, ImageArray

AUTO, FROM_WEIGHTS, NOBODY = "auto", "weights", "none"
"""Names of recognisers: dlib where it is installed; the identity code of the network weights; none at all."""


class Recognizer(Protocol):
    """Tells people apart by vectors of unit length: the larger the cosine of two, the likelier it is one person.

    Those of two recognisers have nothing to do with each other.
    """

    @property
    def name(self) -> str:
        """Which it is, for people and for the file of enrolled people."""
        ...

    @property
    def license(self) -> str:
        """Under which it may be used, for people."""
        ...

    @property
    def threshold(self) -> float | None:
        """Cosine from which on two vectors are one person's; None where nobody measured it."""
        ...

    @property
    def looks(self) -> bool:
        """Whether it needs a look of its own, which takes time. False: the vectors of `Sighting` are its."""
        ...

    @property
    def problem(self) -> str:
        """Why it cannot be used; empty where it can."""
        ...

    def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray | None:
        """Of the face with these 68 x 2 landmarks: D float32 of unit length, D always the same; None for no answer."""
        ...


class FromWeights:
    """The identity code of the network that finds the landmarks: it costs nothing, and is no good one."""

    looks = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def name(self) -> str:
        """Of the weights."""
        return self._engine.weights_name

    @property
    def license(self) -> str:
        """Of the weights."""
        return str(getattr(self._engine, "license", None) or "no licence named")

    @property
    def threshold(self) -> float | None:
        """See `Recognizer`."""
        return self._engine.identity_threshold

    @property
    def problem(self) -> str:
        """See `Recognizer`."""
        return "" if self._engine.gives_identity else "has no identity branch"

    def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray | None:
        """See `Recognizer`. A look that knows nothing of earlier frames."""
        look = look_from(image_bgr, landmarks_px, self._engine.initial_state(1), self._engine.crop_size_px)
        return look_at(self._engine, [look])[0].identity


class NoRecognizer:
    """Recognises nobody. `problem`: why there is no other; empty where nobody asked for one."""

    name, license, looks = NOBODY, "", True
    threshold = None

    def __init__(self, problem: str = "") -> None:
        self.problem = problem

    def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray | None:
        """None."""
        return None


def load_recognizer(name_or_path: str, engine: Engine) -> Recognizer:
    """A recogniser by name: "auto" (dlib where it is installed, "weights" elsewhere), "weights" (those of `engine`),
    "none", "dlib", or one in models/; or the path of its .onnx.

    Raises InputError where there is no such one, what it needs is not installed, or its file cannot be used.
    """
    if name_or_path == NOBODY:
        return NoRecognizer()
    if name_or_path == FROM_WEIGHTS:
        return FromWeights(engine)
    if name_or_path == AUTO:
        try:
            return load_looking("dlib")
        except InputError:
            return FromWeights(engine)
    return load_looking(name_or_path)


def load_looking(name_or_path: str) -> Recognizer:
    """A recogniser that looks at faces for itself and needs no landmark network: "dlib", or as `by_onnx.open_onnx`.

    Raises InputError as `load_recognizer`.
    """
    if name_or_path == "dlib":
        from rednet_ros.tracking.recognition.by_dlib import DlibRecognizer

        return DlibRecognizer()
    from rednet_ros.tracking.recognition.by_onnx import open_onnx

    return open_onnx(name_or_path)


def unit(vector: FloatArray) -> FloatArray | None:
    """`vector`, of any shape, flat and of unit length; None where it has no direction."""
    flat = np.asarray(vector, np.float32).reshape(-1)
    length = float(np.linalg.norm(flat))
    return flat / np.float32(length) if np.isfinite(length) and length > 0 else None
