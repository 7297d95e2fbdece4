"""`rednet-redact`: a copy of a ROS 2 bag in whose images nobody can be recognised. Needs `rosbags`, and no ROS."""

from __future__ import annotations

import argparse
import logging
import re
import shutil
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from rednet_ros.errors import InputError, RednetError
from rednet_ros.nodes.tracker.compressed_image import CompressedImageConverter
from rednet_ros.nodes.tracker.image_conversion import ImageConverter
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.redaction.hiding import STYLES, Style
from rednet_ros.tracking.redaction.redactor import Redactor, redaction_detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Face, ImageArray
from rednet_ros.wording import progress_interval_s

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"

_MAY_HOLD_PICTURES = re.compile(r"\b(uint8|byte|char)\[(<=\d+)?\]|sequence<(uint8|octet|char)")
"""In a type's definition: point clouds, packets of video, images of other packages."""

_NAME = "rednet-redact"


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for what cannot be used, 130 after Ctrl-C."""
    logging.basicConfig(level=logging.WARNING, format=f"{_NAME}: %(message)s", stream=sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        logging.getLogger(_NAME).setLevel(logging.INFO)
        _run(options)
    except RednetError as error:
        logging.getLogger(_NAME).error("%s", error)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_NAME, description="Make the faces in a ROS 2 bag's images unrecognisable.")
    parser.add_argument("bag", metavar="BAG", type=Path, help="folder of a ROS 2 bag (SQLite or MCAP)")
    parser.add_argument("--output", metavar="BAG", type=Path, required=True, help="the copy, which must not exist yet")
    parser.add_argument("--style", choices=STYLES, default="blur", help="default: %(default)s")
    parser.add_argument("--no-landmarks", action="store_true", help="draw nothing into the images")
    parser.add_argument(
        "--keep",
        metavar="TOPIC",
        action="append",
        default=[],
        help="copy this topic as it is, though it may hold pictures; may be given several times",
    )
    parser.add_argument("--weights", metavar="N", default=DEFAULT_WEIGHTS, help="default: %(default)s")
    return parser


def _run(options: argparse.Namespace) -> None:
    try:
        from rosbags.highlevel import AnyReader
        from rosbags.rosbag2 import StoragePlugin, Writer
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise InputError("needs the package rosbags: pip install 'rednet_ros[bags]'") from error
    if not (options.bag / "metadata.yaml").is_file():
        raise InputError(f"{options.bag}: no ROS 2 bag, which is a folder with a metadata.yaml")
    if options.output.exists():
        raise InputError(f"{options.output}: exists already, choose another name")
    plugin = StoragePlugin.MCAP if any(options.bag.glob("*.mcap*")) else StoragePlugin.SQLITE3
    part = options.output.with_name(f".{options.output.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with ExitStack() as stack:
            store = get_typestore(Stores.ROS2_JAZZY)
            reader = stack.enter_context(AnyReader([options.bag], default_typestore=store))
            writer = stack.enter_context(Writer(part, version=9, storage_plugin=plugin))
            left_out = _copy(reader, writer, options, stack)
        part.replace(options.output)
    except OSError as error:
        raise InputError(f"{error.filename or options.output}: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for (topic, reason), count in sorted(left_out.items()):
        logging.getLogger(_NAME).warning("%s: %d messages left out: %s", topic, count, reason)


def _copy(reader: Any, writer: Any, options: argparse.Namespace, stack: ExitStack) -> Counter[tuple[str, str]]:
    """Copy all messages in their order, which waits for images. Returns what is left out, by topic and reason."""
    targets = {connection.id: _target(writer, reader, connection) for connection in reader.connections}
    cameras: dict[str, _Camera] = {}
    left_out: Counter[tuple[str, str]] = Counter()
    waiting: deque[_Waiting] = deque()
    for connection, time_ns, data in tqdm(
        reader.messages(), total=reader.message_count, unit="message", mininterval=progress_interval_s()
    ):
        entry = _Waiting(targets[connection.id], time_ns)
        topic, kind = connection.topic, connection.msgtype
        if topic in options.keep:
            entry.data = bytes(data)
        elif kind in (IMAGE, COMPRESSED):
            if topic not in cameras:
                cameras[topic] = stack.enter_context(_Camera(topic, kind, options))
            try:
                message = reader.deserialize(data, kind)
                cameras[topic].add(entry, message, partial(reader.typestore.serialize_cdr, typename=kind))
            except InputError as error:
                left_out[topic, f"images that cannot be read ({error})"] += 1
                continue
        elif _MAY_HOLD_PICTURES.search(connection.msgdef.data or "uint8[]"):
            left_out[topic, f"{kind} may hold pictures, in which no face can be found; --keep {topic} copies them"] += 1
            continue
        else:
            entry.data = bytes(data)
        waiting.append(entry)
        _write_ready(writer, waiting)
    for camera in cameras.values():
        camera.finish()
    _write_ready(writer, waiting)
    return left_out


@dataclass
class _Waiting:
    """A message on its way into the copy; `data`: None while its image waits for those after it."""

    target: Any
    time_ns: int
    data: bytes | None = None


_Pending = tuple[_Waiting, Any, Sequence[Face], Callable[[Any], Any]]


class _Camera:
    """Tracks and redacts the images of one topic."""

    def __init__(self, topic: str, kind: str, options: argparse.Namespace) -> None:
        from rednet_ros.tracking.tracker import FaceTracker

        self._convert = ImageConverter(topic) if kind == IMAGE else CompressedImageConverter(topic)
        self._kind, self._draws = kind, not options.no_landmarks
        settings = TrackerSettings(max_faces=64, recognizer="none")
        self._tracker = FaceTracker(options.weights, settings=settings)
        style: Style = options.style
        self._redactor = Redactor[_Pending](style, redaction_detector(settings.detector_px))

    def __enter__(self) -> _Camera:
        return self

    def __exit__(self, *_: object) -> None:
        self._tracker.close()

    def add(self, entry: _Waiting, message: Any, serialize: Callable[[Any], Any]) -> None:
        """Take the next image. Raises InputError where it cannot be read."""
        image = self._convert(message)
        time_s = entry.time_ns * 1e-9
        faces = self._tracker.update(image, time_s)
        self._take(self._redactor.add(image, time_s, self._tracker.places(), (entry, message, faces, serialize)))

    def finish(self) -> None:
        """No image follows."""
        self._take(self._redactor.finish())

    def _take(self, ready: Sequence[tuple[ImageArray, _Pending]] | Iterator[tuple[ImageArray, _Pending]]) -> None:
        for image, (entry, message, faces, serialize) in ready:
            drawn = draw_faces(image, faces) if self._draws else image
            entry.data = bytes(serialize(_with_image(message, self._kind, drawn)))


def _with_image(message: Any, kind: str, image: ImageArray) -> Any:
    """The message with another picture of the same size; raw ones become bgr8, compressed ones JPEG."""
    if kind == COMPRESSED:
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
        return replace(message, format="bgr8; jpeg compressed bgr8", data=np.asarray(jpeg, np.uint8).reshape(-1))
    height, width = image.shape[:2]
    data = np.ascontiguousarray(image).reshape(-1)
    return replace(message, height=height, width=width, encoding="bgr8", is_bigendian=0, step=3 * width, data=data)


def _target(writer: Any, reader: Any, connection: Any) -> Any:
    """The topic in the copy, with its type and quality of service."""
    known = {"msgdef": connection.msgdef.data, "rihs01": connection.digest}
    is_known = bool(known["msgdef"] and known["rihs01"])
    return writer.add_connection(
        connection.topic,
        connection.msgtype,
        **(known if is_known else {"typestore": reader.typestore}),
        serialization_format=connection.ext.serialization_format,
        offered_qos_profiles=connection.ext.offered_qos_profiles,
    )


def _write_ready(writer: Any, waiting: deque[_Waiting]) -> None:
    while waiting and waiting[0].data is not None:
        entry = waiting.popleft()
        writer.write(entry.target, entry.time_ns, entry.data)


if __name__ == "__main__":
    raise SystemExit(main())
