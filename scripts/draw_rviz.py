"""Draws docs/images/rviz.jpg: what config/rednet.rviz shows of faces in an image, without an RViz.

python scripts/run_in_environment.py python scripts/draw_rviz.py [--image F]

The markers are those that the node publishes, drawn by OpenCV: once through the camera, as RViz's Camera display shows
them over the image, and once from the point of view that the configuration has. Fonts and light are not RViz's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from skimage import data
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from rednet_ros.media.images import read_image, write_image
from rednet_ros.nodes.outputs.markers import face_markers
from rednet_ros.tracking import FaceTracker
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.types import Face, ImageArray

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "rviz.jpg"
CONFIG = ROOT / "config" / "rednet.rviz"

Numbers = NDArray[np.float64]
Projection = Callable[[Numbers], tuple[Numbers, Numbers]]
"""N x 3 metres to N x 2 pixels and N pixels per metre there."""

VIEW_PX = (900, 960)
RVIZ_FOV_RAD = 0.785
FINER = 2
"""Drawn so much finer, then shrunk, so that thin lines stay smooth."""


def main() -> None:
    """Track the one image and draw what its markers look like."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--image", type=Path, help="instead of a public-domain portrait in three sizes")
    parser.add_argument("--output", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    image = read_image(arguments.image) if arguments.image else three_portraits()
    with FaceTracker(device="cpu") as tracker:
        faces = tracker.update(image, 0.0)
    write_image(arguments.output, picture(image, faces))


def three_portraits() -> ImageArray:
    """scikit-image's astronaut (public domain) near, farther and mirrored, far."""
    portrait = cv2.cvtColor(data.astronaut()[:400], cv2.COLOR_RGB2BGR)
    image = np.full((480, 640, 3), 70, np.uint8)
    for scale, left, top, flip in ((0.95, 0, 100, False), (0.62, 370, 130, True), (0.42, 345, 0, False)):
        part = cv2.resize(
            portrait[:, ::-1] if flip else portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
        part = part[: 480 - top, : 640 - left]
        image[top : top + part.shape[0], left : left + part.shape[1]] = part
    return image


def picture(image_bgr: ImageArray, faces: list[Face]) -> ImageArray:
    """Overlay above the Camera display; beside them the view in space."""
    height, width = image_bgr.shape[:2]
    camera = CameraModel.from_field_of_view(width, height, 53.0)
    markers = face_markers(Header(), image_bgr.shape, faces, camera).markers[1:]

    def through_lens(points: Numbers) -> tuple[Numbers, Numbers]:
        return camera.project(points), camera.focal_px[0] / np.maximum(points[:, 2], 0.01)

    through_camera = draw(image_bgr, markers, through_lens)
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["Visualization Manager"]
    background = [int(value) for value in config["Global Options"]["Background Color"].split(";")][::-1]
    empty = np.full((VIEW_PX[1], VIEW_PX[0], 3), background, np.uint8)
    in_space = draw(empty, markers, orbit(config["Views"]["Current"]))
    left = np.vstack([draw_faces(image_bgr, faces), through_camera])
    scale = VIEW_PX[1] / left.shape[0]
    return np.hstack([cv2.resize(left, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), in_space])


def orbit(view: dict[str, object]) -> Projection:
    """RViz's Orbit view: the camera on a sphere around the focal point, the frame's z upwards."""
    pitch, yaw, distance = (float(str(view[name])) for name in ("Pitch", "Yaw", "Distance"))
    focal_point = view["Focal Point"]
    assert isinstance(focal_point, dict)
    focus = np.array([float(focal_point[axis]) for axis in "XYZ"])
    backwards = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)])
    up = np.array([-np.cos(yaw) * np.sin(pitch), -np.sin(yaw) * np.sin(pitch), np.cos(pitch)])
    rotation = np.stack([np.cross(up, backwards), -up, -backwards])
    focal_px = VIEW_PX[1] / 2 / np.tan(RVIZ_FOV_RAD / 2)

    def project(points: Numbers) -> tuple[Numbers, Numbers]:
        seen = (points - focus - distance * backwards) @ rotation.T
        scale = focal_px / np.maximum(seen[:, 2], 0.01)
        return seen[:, :2] * scale[:, None] + np.array(VIEW_PX) / 2, scale

    return project


def draw(image: ImageArray, markers: list[Marker], project: Projection) -> ImageArray:
    """A copy of the image with the markers on it, the far ones first."""
    canvas = cv2.resize(image, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC)
    for marker in sorted(markers, key=lambda marker: -_depth(marker)):
        place = marker.pose.position
        points = np.array([(point.x, point.y, point.z) for point in marker.points] or [(place.x, place.y, place.z)])
        pixels, scales = project(points)
        sizes, pixels = FINER * scales * marker.scale.z, FINER * pixels
        colors = [_bgr(color) for color in marker.colors] or [_bgr(marker.color)] * len(points)
        if marker.type == Marker.TEXT_VIEW_FACING:
            _text(canvas, marker.text, pixels[0], float(sizes[0]), colors[0])
        elif marker.type == Marker.LINE_LIST:
            for start in range(0, len(points), 2):
                if np.isnan(pixels[start : start + 2]).any():
                    continue  # from the camera's own place
                ends = np.rint(pixels[start : start + 2]).astype(int).tolist()
                cv2.line(canvas, ends[0], ends[1], colors[start], max(1, round(float(sizes[start]))), cv2.LINE_AA)
        else:
            for pixel, size, color in zip(np.rint(pixels).astype(int).tolist(), sizes, colors, strict=True):
                cv2.circle(canvas, pixel, max(1, round(float(size) / 2)), color, -1, cv2.LINE_AA)
    return cv2.resize(canvas, image.shape[1::-1], interpolation=cv2.INTER_AREA)


def _depth(marker: Marker) -> float:
    return float(np.mean([point.z for point in marker.points] or [marker.pose.position.z]))


def _bgr(color: object) -> tuple[int, int, int]:
    return tuple(round(255 * getattr(color, channel)) for channel in "bgr")  # type: ignore[return-value]


def _text(canvas: ImageArray, text: str, center: Numbers, height_px: float, color: tuple[int, int, int]) -> None:
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(height_px / 10))
    scale = height_px / 22  # the font's capitals are 22 px high at scale 1
    (width, height), _ = cv2.getTextSize(text, font, scale, thickness)
    corner = (round(center[0] - width / 2), round(center[1] + height / 2))
    cv2.putText(canvas, text, corner, font, scale, color, thickness, cv2.LINE_AA)


if __name__ == "__main__":
    main()
