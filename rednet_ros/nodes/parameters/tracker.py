"""The parameters of the tracker node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from rednet_ros.errors import InputError
from rednet_ros.nodes.outputs import face_ids
from rednet_ros.nodes.parameters.table import parameter
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.settings import RANGES, TrackerSettings


def _tracking(name: str, description: str, unit: str = "", *, dynamic: bool = True) -> Any:
    """A parameter that is a field of TrackerSettings: its default and range are those of the library."""
    minimum, maximum = RANGES.get(name, (None, None))
    default = getattr(TrackerSettings, name)
    return parameter(default, description, unit=unit, minimum=minimum, maximum=maximum, dynamic=dynamic)


ONLY_CAMERA = ("",)
"""Value of the parameter `cameras` for one camera that needs no name."""

DETECTIONS_TOPIC = "topic"
"""Value of the parameter `detector` for detections that come from outside."""


@dataclass(frozen=True)
class CameraParameters:
    """Of one camera: under the camera's name where `cameras` gives names (`front.image_topic`), else without prefix."""

    image_topic: str = parameter("", "Topic of the images; empty: image, in the namespace of a camera with a name.")
    image_transport: str = parameter(
        "raw",
        "raw: sensor_msgs/Image; compressed: sensor_msgs/CompressedImage (JPEG, PNG) on the topic's compressed.",
        choices=("raw", "compressed"),
    )
    camera_info_topic: str = parameter("", "Topic of the calibration; empty: camera_info beside the images.")
    frame_id: str = parameter("", "Frame written into the results; empty: that of the image.")


@dataclass(frozen=True)
class TrackerParameters:
    """See `parameter_table`; config/tracker.yaml holds the same names and defaults."""

    cameras: tuple[str, ...] = parameter(
        ONLY_CAMERA,
        "Names of several cameras, as [front, rear]; the topics of each are under its name.",
        pattern="([a-z][a-z0-9_]*)?",
        read_only=True,
    )
    weights: str = parameter(DEFAULT_WEIGHTS, "Network weights: a name in models/, or the path of a .safetensors file.")
    detector: str = parameter(
        "centerface",
        "What finds new faces: centerface, the path of a CenterFace or YuNet .onnx file, or topic: detections of "
        "another node on detections (vision_msgs/Detection2DArray).",
    )
    detection_class: str = parameter("", "With detector topic: use detections of this class only; empty: all.")
    device: str = parameter("auto", "Where the network runs.", choices=("auto", "cpu", "cuda"))
    backend: str = parameter(
        "auto",
        "How the network is computed (docs/inference.md); auto: the fastest that is there.",
        choices=("auto", "eager", "compiled", "openvino", "cuda_graph", "tensorrt"),
    )
    detector_px: int = _tracking(
        "detector_px",
        "Longer side of what the detector sees at a time: the image shrunk to it, and finer pieces of it in turn.",
        "px",
        dynamic=False,
    )
    image_reliability: str = parameter(
        "auto",
        "Reliability asked of the images' publishers; auto: reliable where all of them offer it.",
        choices=("auto", "best_effort", "reliable"),
    )
    image_queue_depth: int = parameter(
        5, "Images the middleware may hold; the node keeps only the newest.", minimum=1, maximum=100
    )
    max_image_megapixels: float = parameter(
        50.0,
        "Larger images are refused, compressed ones before they take their memory.",
        unit="megapixels",
        minimum=0.01,
        maximum=10000,
    )
    autostart: bool = parameter(
        False, "Configure and activate the node as soon as it runs, instead of waiting for a lifecycle manager."
    )
    on_demand: bool = parameter(
        False, "Track only while somebody subscribes to a result; subscribers of /tf do not count.", dynamic=True
    )
    ros4hri: bool = parameter(
        False, "Publish the faces by ROS4HRI (REP 155) too, under /humans/faces; needs hri_msgs (docs/hri.md)."
    )
    broadcast_tf: bool = parameter(
        True, "Broadcast TF frames face_<id> and gaze_<id>, where tf2_ros is installed (docs/geometry.md)."
    )
    id_prefix: str = parameter(
        face_ids.FROM_NODE,
        "Before the id of every face, so that no two nodes of a robot give the same; auto: made of the node's "
        "namespace, as front_ in /front, and of its name where that is not rednet_tracker.",
        pattern=face_ids.PATTERN,
    )
    camera_timeout_s: float = parameter(
        2.0,
        "Without images for this long a camera is reported lost; 0: never.",
        unit="s",
        minimum=0,
        maximum=3600,
        dynamic=True,
    )

    max_faces: int = _tracking("max_faces", "Faces tracked at most, the largest found first.")
    min_face_px: float = _tracking("min_face_px", "Smaller faces are neither searched for nor tracked.", "px")
    min_detection_score: float = _tracking("min_detection_score", "Weaker detections start no face.")
    detection_interval_s: float = _tracking(
        "detection_interval_s", "Between two detector runs while every face is well.", "s"
    )
    search_interval_s: float = _tracking(
        "search_interval_s", "Between two detector runs while there is no face or one was just lost.", "s"
    )
    confirm_frames: int = _tracking(
        "confirm_frames", "Frames in a row before a new face is published; fewer where they take confirm_s."
    )
    confirm_s: float = _tracking(
        "confirm_s", "Time before a new face is published, each frame counting for that since the one before.", "s"
    )
    include_tentative: bool = _tracking("include_tentative", "Publish unconfirmed faces too, as STATE_TENTATIVE.")
    min_confidence: float = _tracking("min_confidence", "A face of which the network is less sure is lost.")
    trusted_confidence: float = _tracking(
        "trusted_confidence", "A face whose confidence is lower is lost when the detector misses it several times."
    )
    grace_s: float = _tracking("grace_s", "A lost face keeps its id for this long, and for two images at least.", "s")
    max_gap_s: float = _tracking(
        "max_gap_s", "After a longer pause or jump of the stamps, all faces are new or recognised ones.", "s"
    )

    assumed_fov_deg: float = _tracking(
        "assumed_fov_deg", "Horizontal field of view where no camera_info comes; 0: no head pose then.", "deg"
    )
    pose_smoothing_s: float = _tracking(
        "pose_smoothing_s", "Head poses at rest are averaged over this time; 0: as they are in each image.", "s"
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


def camera_tables(parameters: TrackerParameters) -> Mapping[str, type]:
    """The tables of the cameras by their names. Raises InputError where two have one name, or one of several none."""
    names = parameters.cameras
    if len(set(names)) < len(names) or (len(names) > 1 and "" in names) or not names:
        raise InputError(f"parameter 'cameras' must hold names that differ, or one empty one, not {list(names)}")
    clash = sorted({entry.name for entry in fields(TrackerParameters)} & set(names))
    if clash:
        raise InputError(f"no camera may be called '{clash[0]}': a parameter is")
    return dict.fromkeys(names, CameraParameters)
