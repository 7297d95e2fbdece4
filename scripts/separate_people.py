"""Folds the directions that tell people apart into the identity branch of a weights file; the landmarks stay.

Takes the people of the labels on whom networks are trained (docs/training.md says who is kept apart). Measure before
and after with `rednet-evaluate --verification`. To be done again after a stage that trains the identity branch.

    python scripts/run_in_environment.py python scripts/separate_people.py LABELS.jsonl \\
        --weights models/mine.safetensors
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from tqdm import tqdm

from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet, normalise
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.datasets.splits import is_kept_apart
from rednet_ros.training.discriminant import discriminant, fold
from rednet_ros.wording import progress_interval_s

BATCH = 32


def main() -> None:
    """Read the faces, fold, and write the file anew."""
    options = _arguments()
    path = weights.resolve(options.weights)
    network, info = weights.load(path)
    if network.identity is None:
        raise SystemExit(f"{path} has no identity branch")
    faces = [face for face in open_dataset(options.labels) if face.identity is not None and not is_kept_apart(face)]
    faces = faces[: options.most]
    fold(network.identity, discriminant(identity_vectors(network, faces), [face.identity or "" for face in faces]))
    weights.save(path, network, info)
    print(f"{path}: from {len(faces)} pictures of {len({face.identity for face in faces})} people")


@torch.inference_mode()
def identity_vectors(network: REDNet, faces: list[LabelledFace]) -> FloatArray:
    """The branch's vectors (N x 256 float32) of N faces in crops around their landmarks, with the mean shape for z0."""
    pool, found = FacePool(faces), []
    for start in tqdm(range(0, len(faces), BATCH), unit="batch", mininterval=progress_interval_s()):
        pictures = [pool.picture(index) for index in range(start, min(start + BATCH, len(faces)))]
        crops = [
            CropTransform.from_landmarks(picture.place_px, network.config.crop_px).extract(picture.image)
            for picture in pictures
        ]
        pixels = normalise(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).flip(1))
        identity = network(pixels, network.draw_z0(torch.full((len(crops), 7, 2), torch.nan))).identity
        found.append(identity.numpy())
    return np.concatenate(found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the identity vectors of weights tell people apart.")
    parser.add_argument("labels", metavar="LABELS", help="labels with identity, as rednet-train takes")
    parser.add_argument("--weights", required=True, help="name or file of weights with an identity branch; is changed")
    parser.add_argument("--most", type=int, default=6000, help="pictures at most (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
