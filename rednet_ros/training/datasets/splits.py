"""What is trained on and what is kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from rednet_ros.training.datasets.labels import VALIDATION_DIVISOR, LabelledFace, is_validation

MAX_VALIDATION = 240
"""Faces of one source that a run is validated on, evenly over those kept apart: validation should not take long."""


def is_kept_apart(face: LabelledFace) -> bool:
    """Whether `face` is never trained on: the validation rows of 300-W, and every tenth person, with all pictures.

    The people serve recognition, which must be measured on strangers, and clips.
    """
    return is_validation(face) or (face.identity is not None and _is_tenth(face.identity))


def split(faces: Sequence[LabelledFace]) -> tuple[list[LabelledFace], list[LabelledFace]]:
    """Faces to train on and faces to validate on.

    Where nothing is kept apart by 300-W's rule or by person, every tenth picture by its name is.
    """
    training = [face for face in faces if not is_kept_apart(face)]
    apart = [face for face in faces if is_kept_apart(face)]
    if not apart:
        training = [face for face in faces if not _is_tenth(face.image_path.stem)]
        apart = [face for face in faces if _is_tenth(face.image_path.stem)]
    return training, thin(apart)


def thin(faces: Sequence[LabelledFace]) -> list[LabelledFace]:
    """At most `MAX_VALIDATION` faces of each source; of sequences whole runs, from the front, so that clips remain."""
    kept: list[LabelledFace] = []
    for source in dict.fromkeys(face.source for face in faces):
        own = [face for face in faces if face.source == source]
        in_sequence = own[0].sequence is not None
        step = 1 if in_sequence else max(1, -(-len(own) // MAX_VALIDATION))
        kept += own[::step][:MAX_VALIDATION]
    return kept


def _is_tenth(name: str) -> bool:
    return crc32(name.encode()) % VALIDATION_DIVISOR == 0
