"""Draws docs/images/faces.webp, the moving picture of the README: the tracker's output on a portrait and four renders.

rednet-render --assets FOLDER --output CLIPS --count 0 --clips 32 --frames 60 --seed 905 --size 192
python scripts/run_in_environment.py python scripts/draw_motion.py CLIPS

One video of five faces, tracked in a single run with the default weights and settings: scikit-image's public-domain
portrait under the demo's moving camera, and rendered people. It runs forwards and backwards, so that it has no cut.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

from rednet_ros.media.images import read_image
from rednet_ros.nodes.demo.sources import virtual_camera
from rednet_ros.tracking import FaceTracker
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.types import ImageArray

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "faces.webp"
CLIPS = (25, 23, 19, 7)
"""Behind hands and things that pass, and turning: at the upper left, upper right, lower left, lower right."""
TILE_PX = 240
SHOWN_PX = (720, 360)
FPS = 25.0
EVERY = 2
"""Of the tracked frames, every second is shown."""


def main() -> None:
    """Track the video twice, so that every face is known when the second round, which is shown, begins."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clips", type=Path, help="folder of rednet-render --clips")
    parser.add_argument("--output", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    frames = list(video(arguments.clips))
    shown = []
    with FaceTracker(device="cpu") as tracker:
        for number in range(2 * len(frames)):
            image = frames[number % len(frames)]
            faces = tracker.update(image, number / FPS)
            if number >= len(frames) and number % EVERY == 0:
                drawn = cv2.resize(draw_faces(image, faces), SHOWN_PX, interpolation=cv2.INTER_AREA)
                shown.append(Image.fromarray(cv2.cvtColor(drawn, cv2.COLOR_BGR2RGB)))
                print(len(shown), " ".join(face.id for face in faces))
    duration_ms = round(1000 * EVERY / FPS)
    shown[0].save(
        arguments.output, save_all=True, append_images=shown[1:], duration=duration_ms, loop=0, quality=60, method=6
    )


def video(clips: Path) -> Iterator[ImageArray]:
    """The portrait beside two by two clips, there and back."""
    folders = [sorted(clips.glob(f"clips/*/{number:06d}_*.jpg")) for number in CLIPS]
    count = min(map(len, folders))
    portrait = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    order = [*range(count), *range(count - 2, 0, -1)]
    for number, index in enumerate(order):
        tiles = [_tile(folder[index]) for folder in folders]
        right = np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])
        left = virtual_camera(portrait, number / len(order))[:, 80:560]
        yield np.ascontiguousarray(np.hstack([left, right]))


def _tile(path: Path) -> ImageArray:
    return np.asarray(cv2.resize(read_image(path), (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


if __name__ == "__main__":
    main()
