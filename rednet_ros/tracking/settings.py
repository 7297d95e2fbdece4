"""What a user can set about tracking, in one frozen value. Each setting is declared here, and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from rednet_ros.errors import InputError


def parameter(
    default: Any,
    description: str,
    *,
    unit: str = "",
    limits: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
    pattern: str = "",
    dynamic: bool = False,
    read_only: bool = False,
) -> Any:
    """A field of a frozen dataclass, with all that its users need to know in its metadata.

    `limits`: smallest and largest value, in `unit`. `pattern`: regular expression for a whole string, or
    for each string of an array. `dynamic`: a new value takes effect on the next frame, otherwise when the tracker or
    the node is configured; `read_only`: at the start of the process only.

    The ROS node's parameters, their checks, config/tracker.yaml and the tables of docs/nodes.md are made from this.
    """
    metadata = {
        "default": default,
        "description": description,
        "unit": unit,
        "limits": limits,
        "choices": choices,
        "pattern": pattern,
        "dynamic": dynamic,
        "read_only": read_only,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class TrackerSettings:
    """Settings of a `FaceTracker`. Raises InputError, naming the field and its range, for a value out of range.

    `detect_in_background`: for live cameras, as the ROS node does always: the detector runs in its own thread and
    delays no frame. False: for photos and files; it runs within `update`, so results are repeatable, and as the first
    image of a stream, or after a cut, may be the only one, the faces found there are published at once.
    """

    # Finding faces
    max_faces: int = parameter(
        8, "Most faces tracked in a camera, the largest found first.", limits=(1, 64), dynamic=True
    )
    min_face_px: float = parameter(
        20.0,
        "Smaller faces (longer side of the landmarks' box, pixels of the image) are neither searched for nor tracked.",
        unit="px",
        limits=(4.0, 10_000.0),
        dynamic=True,
    )
    detector_px: int = parameter(
        480,
        "Longer side of what the detector sees at a time: the image shrunk to it, and finer pieces of it in turn. "
        "Larger values find small faces sooner; the cost grows with the square.",
        unit="px",
        limits=(160, 4096),
    )
    min_detection_score: float = parameter(0.5, "Weaker detections start no face.", limits=(0.05, 1.0), dynamic=True)
    detection_interval_s: float = parameter(
        1.0, "Between two detector runs while every face is well.", unit="s", limits=(0.0, 3600.0), dynamic=True
    )
    search_interval_s: float = parameter(
        0.1,
        "Between two detector runs while there is no face or one was just lost.",
        unit="s",
        limits=(0.0, 3600.0),
        dynamic=True,
    )
    detect_in_background: bool = False

    # A face's life
    confirm_frames: int = parameter(
        3,
        "Frames in a row in which a new face must look like one before it is published; fewer where they take "
        "confirm_s.",
        limits=(1, 100),
        dynamic=True,
    )
    confirm_s: float = parameter(
        0.1,
        "Time before a new face is published; each frame counts for the time since the one before.",
        unit="s",
        limits=(0.0, 10.0),
        dynamic=True,
    )
    include_tentative: bool = parameter(
        False, "Publish unconfirmed faces too, with status TENTATIVE (STATE_TENTATIVE in messages).", dynamic=True
    )
    min_confidence: float = parameter(
        0.4, "A face of whose landmarks the network is less sure is lost.", limits=(0.0, 1.0), dynamic=True
    )
    trusted_confidence: float = parameter(
        0.6,
        "A face with a lower confidence is lost when the detector misses it several times in a row.",
        limits=(0.0, 1.0),
        dynamic=True,
    )
    grace_s: float = parameter(
        0.5,
        "A lost face is not published but keeps its id for this long, and for two frames at least.",
        unit="s",
        limits=(0.0, 60.0),
        dynamic=True,
    )
    max_gap_s: float = parameter(
        2.0,
        "After a longer pause of the stream, or jump of its stamps, all faces are new or re-identified ones.",
        unit="s",
        limits=(0.05, 60.0),
        dynamic=True,
    )

    # Head pose
    assumed_fov_deg: float = parameter(
        53.0,
        "Horizontal field of view of a camera without calibration; distances are wrong by as much as it is. "
        "0: no head pose without calibration.",
        unit="deg",
        limits=(0.0, 170.0),
        dynamic=True,
    )
    pose_smoothing_s: float = parameter(
        0.0,
        "The pose of a head at rest is averaged over this time, that of a moving one is followed. "
        "0: the pose of each frame alone.",
        unit="s",
        limits=(0.0, 10.0),
        dynamic=True,
    )

    # Recognition (docs/recognition.md)
    recognition: bool = parameter(
        True,
        "A face that returns gets its old id, with a recognizer that tells people apart (docs/recognition.md).",
        dynamic=True,
    )
    recognizer: str = parameter(
        "auto",
        "What tells people apart: dlib (pip's extra recognition), weights (the network's own code), auto (dlib where "
        "it is installed, else weights), a name in models/, the path of an ArcFace or SFace .onnx file, or none.",
    )
    people_file: str = parameter(
        "", "File of people enrolled with rednet-enroll, who keep their ids over restarts; empty: none."
    )
    recognition_memory_s: float = parameter(
        60.0,
        "How long a face can be re-identified after it was last seen; then it is forgotten.",
        unit="s",
        limits=(0.0, 3600.0),
        dynamic=True,
    )
    recognition_threshold: float = parameter(
        0.0,
        "Cosine of two identity vectors from which on they are the same person. 0: as measured for the recognizer.",
        limits=(0.0, 1.0),
        dynamic=True,
    )

    def __post_init__(self) -> None:
        for entry in fields(self):
            limits, value = entry.metadata.get("limits"), getattr(self, entry.name)
            if limits is not None and not (math.isfinite(value) and limits[0] <= value <= limits[1]):
                low, high = limits
                raise InputError(f"tracker setting {entry.name} must be {low:g} to {high:g}, not {value:g}")
