"""The parameters of the tracker node."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from rednet_ros.nodes.parameter_table import parameter
from rednet_ros.tracking.settings import RANGES, TrackerSettings


def _tracking(name: str, description: str, unit: str = "") -> Any:
    """A parameter that is a field of TrackerSettings: its default and range are those of the library."""
    minimum, maximum = RANGES.get(name, (None, None))
    default = getattr(TrackerSettings, name)
    return parameter(default, description, unit=unit, minimum=minimum, maximum=maximum, dynamic=True)


@dataclass(frozen=True)
class TrackerParameters:
    """See `parameter_table`; config/tracker.yaml holds the same names and defaults."""

    weights: str = parameter("rednet-lite", "Network weights: a name in models/, or the path of a .safetensors file.")
    detector: str = parameter(
        "centerface", "What finds new faces: centerface, or the path of a CenterFace or YuNet .onnx file."
    )
    device: str = parameter("auto", "Where the network runs.", choices=("auto", "cpu", "cuda"))
    image_reliability: str = parameter(
        "best_effort",
        "Reliability asked of the image's publisher. best_effort works with every publisher.",
        choices=("best_effort", "reliable"),
    )
    autostart: bool = parameter(
        False, "Configure and activate the node as soon as it runs, instead of waiting for a lifecycle manager."
    )

    max_faces: int = _tracking("max_faces", "Faces tracked at most, the largest found first.")
    min_face_px: float = _tracking("min_face_px", "Smaller faces are not tracked.", "px")
    min_detection_score: float = _tracking("min_detection_score", "Weaker detections start no face.")
    detection_interval_s: float = _tracking(
        "detection_interval_s", "Between two detector runs while every face is well.", "s"
    )
    search_interval_s: float = _tracking(
        "search_interval_s", "Between two detector runs while there is no face or one was just lost.", "s"
    )
    confirm_frames: int = _tracking("confirm_frames", "Frames in a row before a new face is published.")
    include_tentative: bool = _tracking("include_tentative", "Publish unconfirmed faces too, as STATE_TENTATIVE.")
    min_confidence: float = _tracking("min_confidence", "A face of which the network is less sure is lost.")
    trusted_confidence: float = _tracking(
        "trusted_confidence", "A face whose confidence is lower is lost when the detector misses it several times."
    )
    grace_s: float = _tracking("grace_s", "A lost face keeps its id for this long.", "s")
    max_gap_s: float = _tracking(
        "max_gap_s", "After a longer pause or jump of the stamps, all faces are new or recognised ones.", "s"
    )

    assumed_fov_deg: float = _tracking(
        "assumed_fov_deg", "Horizontal field of view where no camera_info comes; 0: no head pose then.", "deg"
    )
    recognition: bool = _tracking(
        "recognition", "A face that returns gets its old id, with weights that tell people apart (docs/recognition.md)."
    )
    recognition_memory_s: float = _tracking(
        "recognition_memory_s", "A face is recognised for this long after it was last seen, then forgotten.", "s"
    )
    recognition_threshold: float = _tracking(
        "recognition_threshold", "Similarity from which on it is the same person; 0: the one measured for the weights."
    )

    def settings(self) -> TrackerSettings:
        """The part that `FaceTracker` takes."""
        names = {field.name for field in fields(self)} & {field.name for field in fields(TrackerSettings)}
        return TrackerSettings(**{name: getattr(self, name) for name in names})
