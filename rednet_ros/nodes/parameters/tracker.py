"""The parameters of the tracker node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from rednet_ros.errors import InputError
from rednet_ros.nodes.outputs import face_ids
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.redaction.hiding import STYLES
from rednet_ros.tracking.settings import TrackerSettings, parameter

ONLY_CAMERA = ("",)
"""Value of the parameter `cameras` for one camera that needs no name."""

DETECTIONS_TOPIC = "topic"
"""Value of the parameter `detector` for detections from another node."""


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
class TrackerParameters(TrackerSettings):
    """The settings of the library's tracker, inherited, and those of the node."""

    detect_in_background: bool = True

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
        "How the network is computed (docs/inference.md); auto: the fastest that is available.",
        choices=("auto", "opencv", "openvino", "torch", "tensorrt"),
    )
    image_reliability: str = parameter(
        "auto",
        "Reliability requested of the images' publishers; auto: reliable where all of them offer it. "
        "With reliable, images of best-effort publishers do not arrive.",
        choices=("auto", "best_effort", "reliable"),
    )
    image_queue_depth: int = parameter(
        5, "Images the middleware may hold; the node keeps only the newest.", limits=(1, 100)
    )
    max_image_megapixels: float = parameter(
        50.0,
        "Larger images are refused, compressed ones before they are decoded.",
        unit="megapixels",
        limits=(0.01, 10000),
    )
    autostart: bool = parameter(
        False,
        "Configure and activate the node as soon as it runs, instead of waiting for a lifecycle manager. The launch "
        "file sets it.",
    )
    on_demand: bool = parameter(
        False, "Track only while a result has a subscriber; subscribers of /tf do not count.", dynamic=True
    )
    ros4hri: bool = parameter(
        False, "Publish the faces by ROS4HRI (REP 155) too, under /humans/faces; needs hri_msgs (docs/hri.md)."
    )
    redact: str = parameter(
        "none",
        "Make faces on overlay unrecognisable; a face is shown until it is found for the first time (docs/privacy.md).",
        choices=("none", *STYLES),
    )
    broadcast_tf: bool = parameter(
        True, "Broadcast TF frames face_<id> and gaze_<id>, where tf2_ros is installed (docs/geometry.md)."
    )
    id_prefix: str = parameter(
        face_ids.FROM_NODE,
        "Prefix of every face's id, so that no two nodes of a robot give the same; auto: made of the node's "
        "namespace, as front_ in /front, and of its name where that is not rednet_tracker.",
        pattern=face_ids.PATTERN,
    )
    camera_timeout_s: float = parameter(
        2.0,
        "Without images for this long a camera is reported lost; 0: never.",
        unit="s",
        limits=(0, 3600),
        dynamic=True,
    )

    def settings(self) -> TrackerSettings:
        """The part that `FaceTracker` takes."""
        return TrackerSettings(**{entry.name: getattr(self, entry.name) for entry in fields(TrackerSettings)})


def camera_tables(parameters: TrackerParameters) -> Mapping[str, type]:
    """The tables of the cameras by their names. Raises InputError where two have one name, or one of several none."""
    names = parameters.cameras
    if len(set(names)) < len(names) or (len(names) > 1 and "" in names) or not names:
        raise InputError(f"parameter 'cameras' must hold names that differ, or one empty one, not {list(names)}")
    clash = sorted({entry.name for entry in fields(TrackerParameters)} & set(names))
    if clash:
        raise InputError(f"no camera may be called '{clash[0]}': a parameter is")
    return dict.fromkeys(names, CameraParameters)


def in_camera(camera: str, topic: str) -> str:
    """`front/faces` for the relative `topic` faces of the camera called front. Absolute topics, and those of the camera
    without a name, stay as they are."""
    return topic if not camera or topic.startswith(("/", "~")) else f"{camera}/{topic}"


def of_camera(camera: str) -> str:
    """` of camera 'front'` for messages to people, empty for the camera without a name."""
    return f" of camera '{camera}'" if camera else ""
