"""Measures from which cosine on the tracker may take two faces for one person, and writes it into a weights file.

The tracker compares portraits: means of the identity vectors of several frames. They are more alike than single
pictures are, those of one person and those of two, so the threshold is measured on portraits: one for every sequence of
the labels. Take people on whom the weights were not trained, each in two sequences or more.

    python scripts/run_in_environment.py python scripts/recognition_threshold.py LABELS.jsonl \\
        --weights models/mine.safetensors [--false-accepts 0.01 --write]
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from tqdm import tqdm

from rednet_ros.evaluation.still_images import StillPredictor
from rednet_ros.evaluation.verification import PairScores, area_under_roc, equal_error_rate, pair_scores, threshold_at
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.network.weights import resolve, set_identity_threshold
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.recognition.portrait import Portrait, view_quality
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Detection, FloatArray, ImageArray
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.annotation import landmark_box
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader
from rednet_ros.wording import progress_interval_s

RATES = (0.1, 0.01, 0.001)

Clip = tuple[str, str]
"""A person and a sequence."""


class _NoDetector:
    """The labels say where the faces are."""

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        return []


def main() -> None:
    """Print the rates; write the threshold if that is asked for."""
    options = _arguments()
    logging.basicConfig(level=logging.WARNING)
    engine = LandmarkEngine.load(options.weights)
    if not engine.gives_identity:
        raise SystemExit(f"{options.weights} has no identity branch")
    faces = [face for face in open_dataset(options.labels) if face.identity is not None and face.sequence is not None]
    detector: Detector = _NoDetector()
    portraits = portraits_of(faces, StillPredictor(engine, detector), options.frames)
    scores = pair_scores(np.stack(list(portraits.values())), [person for person, _ in portraits])
    print(_table(len(portraits), scores))
    if options.write:
        threshold = threshold_at(scores, options.false_accepts)
        set_identity_threshold(resolve(options.weights), round(threshold, 3))
        print(f"written to {resolve(options.weights)}: {threshold:.3f}")


def portraits_of(faces: Sequence[LabelledFace], still: StillPredictor, frames: int) -> dict[Clip, FloatArray]:
    """The mean vector (256, any length) of every sequence with at least `frames` good views; of the first so many."""
    clips: dict[Clip, list[LabelledFace]] = {}
    for face in faces:
        clips.setdefault((face.identity or "", face.sequence or ""), []).append(face)
    found: dict[Clip, FloatArray] = {}
    with PictureReader() as pictures:
        for clip, views in tqdm(clips.items(), unit="sequence", mininterval=progress_interval_s()):
            portrait = Portrait()
            for identity, quality in islice(_good_views(views, still, pictures), frames):
                portrait = portrait.with_view(identity, quality)
            if portrait.total is not None and portrait.frames >= frames:
                found[clip] = portrait.total
    return found


def _good_views(
    faces: Sequence[LabelledFace], still: StillPredictor, pictures: PictureReader
) -> Iterator[tuple[FloatArray, float]]:
    """Identity vectors and their qualities, as the tracker would take them."""
    for face in sorted(faces, key=lambda face: face.frame or 0):
        image = pictures.read(face)
        sighting = still.face_in_box(image, landmark_box(face.points_px))
        height, width = image.shape[:2]
        quality = view_quality(sighting, width, height, TrackerSettings().trusted_confidence)
        if sighting.identity is not None and quality > 0:
            yield sighting.identity, quality


def _table(portraits: int, scores: PairScores) -> str:
    rate, at = equal_error_rate(scores)
    lines = [
        f"portraits                 {portraits}",
        f"pairs of one, of two      {len(scores.same)}, {len(scores.different)}",
        f"area under the ROC        {area_under_roc(scores):.4f}",
        f"equal error rate          {100 * rate:.2f} % at cosine {at:.3f}",
    ]
    for wanted in RATES:
        threshold = threshold_at(scores, wanted)
        accepted = 100 * scores.true_accept_rate(threshold)
        lines.append(f"at {100 * wanted:4.1f} % false accepts  {accepted:.2f} % recognised at cosine {threshold:.3f}")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the threshold of recognition.")
    parser.add_argument("labels", metavar="LABELS", help="labels with identity and sequence, as rednet-evaluate takes")
    parser.add_argument("--weights", required=True, help="name or file of weights with an identity branch")
    parser.add_argument("--frames", type=int, default=3, help="views in a portrait (default: %(default)s)")
    parser.add_argument("--false-accepts", type=float, default=0.01, help="share for --write (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the threshold into the weights file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
