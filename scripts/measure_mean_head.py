"""Measures the mean head of rednet_ros/tracking/mean_head.py on the renderer's heads, and prints its table of numbers.

    python scripts/run_in_environment.py python scripts/measure_mean_head.py --assets FOLDER [--identities 300]

Landmarks 17 to 67 are the mean over adults in all kinds of expressions, from the landmark between nose and forehead.
The jaw is the outline that a camera sees of a face that looks straight at it. The spread is that of landmarks about
this head's, across the line of sight, over people, expressions and turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.tracking.mean_head import RUNS
from rednet_ros.training.rendering.framing import OPTICAL, Lens, TruePose, landmarks_through, true_pose
from rednet_ros.training.rendering.head import load_head_model
from rednet_ros.training.rendering.landmarks import JAW
from rednet_ros.training.rendering.scene import Pose
from rednet_ros.training.rendering.still import IMAGES_PER_IDENTITY, FaceRenderer, Moment
from rednet_ros.wording import progress_interval_s

Numbers = NDArray[np.float64]

STRAIGHT = Pose(0.0, 0.0, 0.0, 0.0)
NEAR_DM, FAR_DM = 7.0, 13.0
"""A jaw's outline depends on the distance: it is measured at a metre, where faces in front of robots are."""


@dataclass(frozen=True, eq=False)
class Sample:
    """`inner_m`: 51 x 3, landmarks 17 to 67 on the face's own axes. `seen`: 68 x 2, x / z and y / z in the picture."""

    inner_m: Numbers
    seen: Numbers
    pose: TruePose


def main() -> None:
    """Print the rows."""
    options = _arguments()
    renderer = FaceRenderer(load_head_model(options.assets), 64)
    samples: list[Sample] = []
    jaws: list[Numbers] = []
    for number in tqdm(range(options.identities), unit="person", mininterval=progress_interval_s()):
        moments = list(_moments(renderer, options.seed, number))
        samples += [_sample(renderer, moment) for moment in moments]
        jaws += [_jaw(renderer, moment) for moment in moments[:1]]
    head_m = symmetric(np.concatenate([np.mean(jaws, axis=0), np.mean([entry.inner_m for entry in samples], axis=0)]))
    print("\n".join(rows(head_m, spread(head_m, samples))))


def symmetric(head_m: Numbers) -> Numbers:
    """The mean of a head (68 x 3, face's own axes) and its mirror image."""
    return (head_m + head_m[list(FLIP_ORDER)] * (1.0, -1.0, 1.0)) / 2


def spread(head_m: Numbers, samples: Sequence[Sample]) -> Numbers:
    """68 standard deviations, metres: of what is seen, from this head's landmarks in the true poses."""
    squares = []
    for sample in samples:
        placed = head_m @ sample.pose.axes.T + sample.pose.place_m
        errors_m = (sample.seen - placed[:, :2] / placed[:, 2:]) * sample.pose.place_m[2]
        squares.append((errors_m**2).sum(axis=1))
    variances = np.mean(squares, axis=0)
    deviations: Numbers = np.sqrt((variances + variances[list(FLIP_ORDER)]) / 2).astype(np.float64)
    return deviations


def rows(head_m: Numbers, spread_m: Numbers) -> Iterator[str]:
    """Of the table in mean_head.py: the person's right half and the middle line, millimetres."""
    for first, count in RUNS.items():
        yield f"    {first}: ("
        for number in range(first, first + count):
            values = (*(1000 * head_m[number]), 1000 * spread_m[number])
            yield f"        ({', '.join(f'{value + 0.0:.1f}' for value in values)}),".replace("-0.0,", "0.0,")
        yield "    ),"


def _moments(renderer: FaceRenderer, seed: int, number: int) -> Iterator[Moment]:
    """An adult's; none of a child."""
    first = number * IMAGES_PER_IDENTITY
    if renderer.person(seed, number)[0].age != "child":
        for picture in range(first, first + IMAGES_PER_IDENTITY):
            yield renderer.moment(seed, picture, number)[0]


def _sample(renderer: FaceRenderer, moment: Moment) -> Sample:
    head, lens = renderer.head(moment), renderer.lens(moment)
    pose = true_pose(head, moment.scene.pose, lens)
    inner_m = (((head.landmarks - lens.eye) / 10.0) @ OPTICAL.T - pose.place_m) @ pose.axes
    return Sample(inner_m, _seen(renderer, moment, lens), pose)


def _seen(renderer: FaceRenderer, moment: Moment, lens: Lens) -> Numbers:
    """68 x 2: x / z and y / z."""
    points = landmarks_through(renderer.model, renderer.head(moment), lens, moment.scene.pose.roll_rad, 2).points_px
    # In a picture of 2 x 2 pixels, pixel coordinates are half picture widths plus one half.
    return np.asarray((points - 0.5 - lens.shift) / lens.focal, np.float64)


def _jaw(renderer: FaceRenderer, moment: Moment) -> Numbers:
    """17 x 3: the outline of the jaw of somebody who looks straight into a camera, on the face's own axes."""
    shown = replace(moment, scene=replace(moment.scene, pose=STRAIGHT))
    head = renderer.head(shown)
    middle = head.landmarks.mean(axis=0).astype(np.float64)
    lens = Lens(middle + np.array([0, 0, (NEAR_DM + FAR_DM) / 2]), middle, 8.0, (0.0, 0.0), (NEAR_DM, FAR_DM))
    pose = true_pose(head, STRAIGHT, lens)
    seen = landmarks_through(renderer.model, head, lens, 0.0, 2)
    depth_m = _distance_dm(seen.depth[JAW].astype(np.float64), *lens.planes) / 10.0
    flat = (seen.points_px[JAW] - 0.5 - lens.shift) / lens.focal
    return (np.column_stack([flat, np.ones(len(flat))]) * depth_m[:, None] - pose.place_m) @ pose.axes


def _distance_dm(depth: Numbers, near: float, far: float) -> Numbers:
    """Distance along the camera's axis of what OpenGL stores as depth (0..1)."""
    return 2 * near * far / (far + near - (2 * depth - 1) * (far - near))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the mean head.")
    parser.add_argument("--assets", metavar="FOLDER", type=Path, required=True, help="see docs/rendering.md")
    parser.add_argument("--identities", type=int, default=300, help="people, children among them (%(default)s)")
    parser.add_argument("--seed", type=int, default=8001, help="of the renderer (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
