"""Draws docs/images/portrait.png: what the default weights find on scikit-image's public-domain portrait.

python scripts/run_in_environment.py python scripts/draw_portrait.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
from skimage import data

from rednet_ros.media.images import write_image
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "portrait.png"
HEIGHT_SHOWN_PX = 320


def main() -> None:
    """Track the one image and keep its upper part, twice as large."""
    portrait = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[:HEIGHT_SHOWN_PX]
    large = cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    settings = TrackerSettings(confirm_frames=1, detect_in_background=False)
    with FaceTracker(device="cpu", settings=settings) as tracker:
        faces = tracker.update(large, 0.0)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    write_image(PICTURE, draw_faces(large, faces))


if __name__ == "__main__":
    main()
