"""Distillation: the landmarks of another network take part in the targets that a stage learns from.

The teacher looks at every picture once, in the crop that its label gives, before the stage begins. The student's crops
differ in place and looks: it learns to find in a disturbed crop what the teacher finds in a good one.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from rednet_ros.metrics import interocular_distance
from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet, normalise, read_landmarks
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray
from rednet_ros.training.datasets.geometry import complete
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.wording import progress_interval_s

log = logging.getLogger(__name__)

BATCH = 32

MAX_DEVIATION = 0.08
"""Where the teacher's landmarks lie farther from the label, in the mean and as a share of the inter-ocular distance, it
did not see the face, and the label stands."""


def taught(
    pool: FacePool, teacher: Path, shares: Mapping[str, float], keep: Path, precision: torch.dtype | None
) -> FacePool:
    """The pool with the faces of the sources in `shares` moved towards the teacher's landmarks, by that share.

    `keep`: folder for what the teacher found, which takes minutes for ten thousand faces and is read when a run goes
    on. `precision`: of the teacher's arithmetic where not float32. Raises the errors of `FacePool.picture` and
    `weights.load`.
    """
    indices = [index for source in shares for index in pool.by_source.get(source, [])]
    names = "\n".join(f"{pool.faces[index].image_path} {pool.faces[index].video_frame}" for index in indices)
    of = hashlib.sha256(teacher.read_bytes() + names.encode()).hexdigest()[:16]
    path = keep / f"teacher-{of}.npy"
    if path.is_file():
        found = np.load(path)
    else:
        log.info("teacher %s looks at %d faces", teacher.name, len(indices))
        found = _found(weights.load(teacher)[0], pool, indices, precision)
        keep.mkdir(parents=True, exist_ok=True)
        np.save(path, found)
    faces = list(pool.faces)
    kept = 0
    for index, points_px in zip(indices, found, strict=True):
        faces[index], is_taught = _moved(faces[index], points_px, shares[faces[index].source])
        kept += not is_taught
    log.info("%d of %d faces keep their labels: the teacher saw something else", kept, len(indices))
    return FacePool(faces)


def _moved(face: LabelledFace, found_px: FloatArray, share: float) -> tuple[LabelledFace, bool]:
    unit = float(interocular_distance(complete(face.points_px)[None])[0])
    deviation = np.linalg.norm(found_px - face.points_px, axis=1)
    if not np.nanmean(deviation) <= MAX_DEVIATION * unit:
        return face, False
    return replace(face, points_px=((1 - share) * face.points_px + share * found_px).astype(np.float32)), True


@torch.inference_mode()
def _found(network: REDNet, pool: FacePool, indices: list[int], precision: torch.dtype | None) -> FloatArray:
    """The landmarks of the faces, N x 68 x 2 pixels of their pictures."""
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    found = np.zeros((len(indices), 68, 2), np.float32)
    for start in tqdm(range(0, len(indices), BATCH), unit="batch", mininterval=progress_interval_s()):
        pictures = [pool.picture(index) for index in indices[start : start + BATCH]]
        crops = [CropTransform.from_landmarks(picture.place_px, network.config.crop_px) for picture in pictures]
        pixels = np.stack([crop.extract(picture.image) for crop, picture in zip(crops, pictures, strict=True)])
        inputs = normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2).flip(1))
        unknown = torch.full((len(crops), 7, 2), torch.nan)
        with torch.autocast("cpu", precision, enabled=precision is not None):
            output = network(inputs, network.draw_z0(unknown))
        landmarks_px = read_landmarks(output, network.config)[0].numpy()
        for row, (crop, points_px) in enumerate(zip(crops, landmarks_px, strict=True), start):
            found[row] = crop.to_image(points_px)
    return found
