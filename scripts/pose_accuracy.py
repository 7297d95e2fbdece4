"""Measures head poses on rendered faces, whose true poses are known: once from true landmarks, once from the network's.

    python scripts/run_in_environment.py python scripts/pose_accuracy.py --assets FOLDER [--weights NAME] \\
        [--count 150] [--pictures FOLDER]

The folder of assets is that of `rednet-render` (docs/rendering.md). Take a seed with which no training picture was
rendered. `--pictures` gets the worst poses of the network's landmarks and as many in passing, drawn.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rednet_ros.evaluation.still_images import StillPredictor
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.media.contact_sheet import contact_sheet
from rednet_ros.media.images import write_image
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.tracking.draw import draw_landmarks
from rednet_ros.tracking.head_pose import estimate_head_pose, face_axes
from rednet_ros.tracking.types import Box, FloatArray, HeadPose, ImageArray
from rednet_ros.training.rendering.framing import TruePose, pinhole, true_pose
from rednet_ros.training.rendering.head import load_head_model
from rednet_ros.training.rendering.still import IMAGES_PER_IDENTITY, FaceRenderer
from rednet_ros.wording import progress_interval_s

AXIS_M = 0.09
DRAWN = 12
COLUMNS = 6
NETWORK = "network's landmarks"
TRUTH = "true landmarks"


@dataclass(frozen=True, eq=False)
class View:
    """A rendered face, the camera that took it, and who and how it is."""

    image: ImageArray
    landmarks_px: FloatArray
    camera: CameraModel
    pose: TruePose
    yaw_deg: float
    is_child: bool


@dataclass(frozen=True, eq=False)
class Reading:
    """The pose read from some landmarks of a view. `angle_deg`, `distance` (relative): errors, NaN without a pose."""

    view: View
    landmarks_px: FloatArray
    pose: HeadPose | None
    angle_deg: float
    distance: float


def main() -> None:
    """Print the table; draw the worst."""
    options = _arguments()
    logging.basicConfig(level=logging.WARNING)
    still = StillPredictor(LandmarkEngine.load(options.weights, "cpu"), NoDetector())
    views = list(tqdm(_views(options), total=options.count, unit="picture", mininterval=progress_interval_s()))
    readings = {
        TRUTH: [read(view, view.landmarks_px, np.ones(68, np.float32)) for view in views],
        NETWORK: [_read_by_network(view, still) for view in views],
    }
    print("\n".join(table(readings)))
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        by_error = sorted(readings[NETWORK], key=lambda reading: -np.nan_to_num(reading.angle_deg, nan=999.0))
        write_image(options.pictures / "worst.png", _sheet(by_error[:DRAWN]))
        write_image(options.pictures / "in_passing.png", _sheet(readings[NETWORK][:DRAWN]))


def read(view: View, landmarks_px: FloatArray, confidence: FloatArray) -> Reading:
    """The pose that these landmarks (68 x 2, pixels) of these confidences give, beside the true one."""
    pose = estimate_head_pose(landmarks_px, confidence, view.camera)
    if pose is None:
        return Reading(view, landmarks_px, None, float("nan"), float("nan"))
    cosine = (np.trace(face_axes(pose).T @ view.pose.axes) - 1) / 2
    distance = np.linalg.norm(pose.translation_m) / np.linalg.norm(view.pose.place_m) - 1
    return Reading(view, landmarks_px, pose, float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))), abs(float(distance)))


def table(readings: dict[str, list[Reading]]) -> Iterator[str]:
    """Rows of Markdown: faces, median and 95th percentile of angle and distance, of groups of faces."""
    yield "| landmarks | faces | | angle, median | p95 | distance, median | p95 | no pose |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, of in readings.items():
        adults = [entry for entry in of if not entry.view.is_child]
        groups = {"all": of, "adults": adults, "children": [entry for entry in of if entry.view.is_child]}
        for low, high in ((0, 30), (30, 60), (60, 91)):
            label = f"yaw {low} to {min(high, 90)} degrees"
            groups[label] = [entry for entry in of if low <= abs(entry.view.yaw_deg) < high]
        for label, group in groups.items():
            yield _row(name, label, group)


def _row(name: str, label: str, group: Sequence[Reading]) -> str:
    angles = [entry.angle_deg for entry in group if entry.pose is not None]
    distances = [100 * entry.distance for entry in group if entry.pose is not None]
    cells = [
        f"{value:.1f} {unit}"
        for values, unit in ((angles, "°"), (distances, "%"))
        for value in (np.percentile(values, (50, 95)) if values else (np.nan, np.nan))
    ]
    return f"| {name} | {label} | {len(group)} | {' | '.join(cells)} | {len(group) - len(angles)} |"


def _views(options: argparse.Namespace) -> Iterator[View]:
    renderer = FaceRenderer(load_head_model(options.assets), options.size)
    for number in range(options.count):
        moment, rng = renderer.moment(options.seed, number, number // IMAGES_PER_IDENTITY)
        face = renderer.photograph(moment, rng)
        lens = renderer.lens(moment)
        focal_px, center_px = pinhole(lens, options.size)
        yield View(
            face.image,
            face.points_px,
            CameraModel(options.size, options.size, (focal_px, focal_px), center_px),
            true_pose(renderer.head(moment), moment.scene.pose, lens),
            float(np.degrees(moment.scene.pose.yaw_rad)),
            moment.identity.age == "child",
        )


def _read_by_network(view: View, still: StillPredictor) -> Reading:
    sighting = still.face_in_box(view.image, Box.around(view.landmarks_px))
    return read(view, sighting.landmarks_px, sighting.landmark_confidence)


def _sheet(readings: Sequence[Reading]) -> ImageArray:
    """Pictures side by side: landmarks, estimated axes thick, true ones thin (red out of the face, blue up)."""
    captions = [
        "no pose" if one.pose is None else f"{one.angle_deg:.0f} deg, {100 * one.distance:.0f} %" for one in readings
    ]
    return contact_sheet([_drawn(reading) for reading in readings], COLUMNS, captions=captions)


def _drawn(reading: Reading) -> ImageArray:
    view = reading.view
    canvas = view.image.copy()
    draw_landmarks(canvas, reading.landmarks_px, (235, 190, 255))
    _draw_axes(canvas, view.camera, view.pose.axes, view.pose.place_m, 1)
    if reading.pose is not None:
        _draw_axes(canvas, view.camera, face_axes(reading.pose), np.array(reading.pose.translation_m), 3)
    return canvas


def _draw_axes(
    canvas: ImageArray, camera: CameraModel, axes: NDArray[np.floating], place_m: NDArray[np.floating], width_px: int
) -> None:
    ends_px = np.nan_to_num(camera.project(np.vstack([place_m, place_m + AXIS_M * axes.T])))
    origin, *tips = np.rint(np.clip(ends_px, -9999, 9999)).astype(int).tolist()
    for tip, color in zip(tips, ((60, 60, 235), (90, 210, 90), (250, 130, 60)), strict=True):
        cv2.line(canvas, origin, tip, color, width_px, cv2.LINE_AA)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure head poses on rendered faces.")
    parser.add_argument("--assets", metavar="FOLDER", type=Path, required=True, help="see docs/rendering.md")
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS, help="name or file (default: %(default)s)")
    parser.add_argument("--count", type=int, default=150, help="pictures (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=9001, help="of the renderer (default: %(default)s)")
    parser.add_argument("--size", type=int, default=256, help="of the pictures, in pixels (default: %(default)s)")
    parser.add_argument("--pictures", metavar="FOLDER", type=Path, help="gets worst.png and in_passing.png")
    return parser.parse_args()


if __name__ == "__main__":
    main()
