"""The tracker's parameters as launch arguments: texts that a user typed, checked before any process starts.

No ROS here: the launch file declares what `arguments` lists, and hands the texts back to `parameter_values`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from rednet_ros.errors import InputError
from rednet_ros.nodes.parameters.table import Specification, Value, check_values, specifications
from rednet_ros.nodes.parameters.tracker import ONLY_CAMERA, CameraParameters, TrackerParameters
from rednet_ros.wording import counted

AS_IN_FILE = ""
"""An argument left at this keeps what the parameters file says."""


def arguments() -> dict[str, str]:
    """Name -> description of every parameter that is an argument; the topics of cameras have arguments of their own."""
    known = {**specifications(TrackerParameters), **specifications(CameraParameters)}
    return {name: _description(entry) for name, entry in known.items() if name not in ("cameras", "image_topic")}


def parameter_values(texts: Mapping[str, str], images: Mapping[str, str]) -> dict[str, Value]:
    """The parameters that `texts` (argument -> text) set, as values of their types.

    `images`: camera's name -> topic of its images, in order; a single camera may have the empty name, and then gets no
    topic here (it is remapped). Arguments of cameras are set for every camera. Raises InputError, naming the argument,
    for a text that is no value of its parameter.
    """
    given = {name: text for name, text in texts.items() if text != AS_IN_FILE}
    of_node, of_camera = specifications(TrackerParameters), specifications(CameraParameters)
    values = {name: _value(entry, given[name]) for name, entry in of_node.items() if name in given}
    check_values(of_node, values)
    names = tuple(images)
    if names != ONLY_CAMERA:
        values["cameras"] = names
        check_values(of_node, values)
    for camera in names:
        per_camera = {name: _value(entry, given[name]) for name, entry in of_camera.items() if name in given}
        if camera:
            per_camera["image_topic"] = images[camera]
        check_values(of_camera, per_camera)
        values.update({f"{camera}.{name}" if camera else name: value for name, value in per_camera.items()})
    return values


def check_yaml(path: Path) -> None:
    """Raise InputError, naming file and line, where `path` holds no YAML or cannot be read."""
    try:
        yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{path}{where}: {error.problem}; correct the YAML there or in the line above") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: is no YAML in UTF-8: {str(error).splitlines()[0]}") from error


def camera_images(cameras: str, image: str, default: str) -> dict[str, str]:
    """Camera's name -> topic of its images, from two lists whose entries are separated by commas.

    No names: one camera without one. No topics: `default` for that camera, and /NAME/image_raw for those with names.
    Raises InputError where the two lists differ in length, or a name comes twice.
    """
    names, topics = _entries(cameras) or list(ONLY_CAMERA), _entries(image)
    if len(set(names)) < len(names):
        raise InputError(f"cameras:={cameras} names a camera twice")
    if not topics:
        topics = [f"/{name}/image_raw" if name else default for name in names]
    if len(topics) != len(names):
        topics_given, cameras_given = counted(len(topics), "topic"), counted(len(names), "camera")
        raise InputError(f"image:={image} gives {topics_given} for {cameras_given} (cameras:={cameras})")
    return dict(zip(names, topics, strict=True))


def rviz_remappings(
    images: Mapping[str, str], namespace: str, camera_namespace: str, camera_info: str = ""
) -> list[tuple[str, str]]:
    """Of an RViz in `camera_namespace`: to the topics of that camera's images and calibration.

    `images` as of `camera_images`, relative topics in the tracker's `namespace`; `camera_info` empty: beside them.
    Nothing for a camera that is not in `images`, as one that only the parameters file names. RViz looks for the
    calibration of the relative topic `image` on /camera_info.
    """
    topic = images.get(camera_namespace.removeprefix(namespace).strip("/"))
    if topic is None:
        return []
    topic, info = (
        name if name.startswith("/") else f"{namespace.rstrip('/')}/{name}"
        for name in (topic, camera_info or topic.rpartition("/")[0] + "/camera_info")
    )
    return [("image", topic), ("camera_info", info), ("/camera_info", info)]


def devices(text: str, count: int) -> list[str]:
    """`count` video devices from a list separated by commas; none given: /dev/video0 and every second one after it, as
    a camera usually takes two. Raises InputError for another number of them."""
    given = _entries(text) or [f"/dev/video{2 * number}" for number in range(count)]
    if len(given) != count:
        raise InputError(f"video_device:={text} gives {counted(len(given), 'device')} for {counted(count, 'camera')}")
    return given


def logger_name(namespace: str, node_name: str) -> str:
    """The name under which a node logs: that of /robot/rednet_tracker is robot.rednet_tracker."""
    return ".".join([*filter(None, namespace.split("/")), node_name])


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _description(entry: Specification) -> str:
    default = str(entry.default).lower() if isinstance(entry.default, bool) else entry.default
    details = [entry.constraint] if entry.constraint else []
    if entry.unit and not entry.constraint.endswith(entry.unit):
        details.append(entry.unit)
    details.append(f"default {default!r}" if isinstance(default, str) and not default else f"default {default}")
    return f"{entry.description} ({'; '.join(details)})."


def _value(entry: Specification, text: str) -> Value:
    """`text` as YAML of the parameter's type; a whole number is a fine double, and every text a string."""
    if entry.type_name == "string":
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    if entry.type_name == "double" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    reason = entry.refusal(value)
    if reason is not None:
        raise InputError(reason)
    return value if not isinstance(value, list) else tuple(value)
