"""Stages that make weights out of weights: an average, directions of identity, the tracker's motion filter."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from rednet_ros.errors import InputError
from rednet_ros.network.identity import IdentityBranch
from rednet_ros.network.rednet import REDNet, normalise
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray
from rednet_ros.training.config import MotionStage, PeopleStage, StageConfig
from rednet_ros.training.datasets.annotation import estimated_yaw_rad
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.wording import progress_interval_s

log = logging.getLogger(__name__)

BATCH = 32
PORTRAIT_VIEWS = 3
"""Pictures of a person in one sequence whose mean vector is a portrait, as the tracker's recognition compares them."""

MAX_YAW_RAD = np.deg2rad(35)
"""Faces that are turned further to a side are not part of a portrait."""

FEWEST_PORTRAITS = 10

SHRINKAGE = 0.01
"""Share of their mean that is added to the variances within people: few pictures of each are known."""


def averaged(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every tensor.

    Raises:
        InputError: the networks are not alike.
    """
    if any({n: t.shape for n, t in part.items()} != {n: t.shape for n, t in parts[0].items()} for part in parts):
        raise InputError("weights of different networks cannot be averaged: their tensors have other names or shapes")
    return {
        name: torch.stack([part[name].double() for part in parts]).mean(dim=0).to(tensor.dtype)
        for name, tensor in parts[0].items()
    }


def separate_people(
    stage: PeopleStage, network: REDNet, faces: Sequence[LabelledFace], apart: Sequence[LabelledFace]
) -> float | None:
    """Folds the directions in which the people of `faces` differ into the network's identity branch.

    Returns the cosine from which on two portraits are taken for one person, measured on the people of `apart`; None
    where the stage wants none.

    Raises:
        InputError: the network has no identity branch, or too few people have a name.
    """
    if network.identity is None:
        raise InputError(f"stage {stage.name}: the network has no identity branch")
    clips = _portrait_views(stage, apart) if stage.false_accepts else {}
    named = [face for face in faces if face.identity is not None][: stage.pictures]
    names = [face.identity or "" for face in named]
    try:
        fold(network.identity, discriminant(identity_vectors(network, named), names, stage.directions))
    except ValueError as error:
        raise InputError(f"stage {stage.name}: {error}") from error
    log.info("stage %s: %d pictures of %d people", stage.name, len(named), len(set(names)))
    return _portrait_threshold(stage, network, clips) if clips else None


@torch.inference_mode()
def identity_vectors(network: REDNet, faces: Sequence[LabelledFace]) -> FloatArray:
    """The branch's vectors (N x 256 float32) of N faces in crops around their landmarks, with the mean shape for z0."""
    if not faces:
        return np.empty((0, 0), np.float32)
    pool, found = FacePool(faces), []
    for start in tqdm(range(0, len(pool), BATCH), unit="batch", mininterval=progress_interval_s()):
        pictures = [pool.picture(index) for index in range(start, min(start + BATCH, len(pool)))]
        crops = [
            CropTransform.from_landmarks(picture.place_px, network.config.crop_px).extract(picture.image)
            for picture in pictures
        ]
        pixels = normalise(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).flip(1))
        identity = network(pixels, network.draw_z0(torch.full((len(crops), 7, 2), torch.nan))).identity
        assert identity is not None
        found.append(identity.numpy())
    return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class Discriminant:
    """`matrix` @ (vector - `mean`): K x D and D, float64: the directions in which people differ (Fisher).

    A network that was trained for landmarks fills its identity vectors with pose, expression and light, which hide who
    it is. The vector is linear in the pooled code, so the directions in which people differ more than the pictures of
    one person can be put into the branch's own convolution: the network does not grow, and its landmarks stay.
    """

    matrix: NDArray[np.float64]
    mean: NDArray[np.float64]


def discriminant(vectors: NDArray[np.floating], people: Sequence[str], directions: int) -> Discriminant:
    """The `directions` of N x D vectors with the most variance between people for one unit of that within.

    `people`: who each vector is of. Raises ValueError where the shapes do not fit, or no two people have two vectors.
    """
    if vectors.ndim != 2 or len(vectors) != len(people):
        raise ValueError(f"vectors are {vectors.shape}: need one for each of {len(people)} pictures")
    names, person, pictures = np.unique(np.asarray(people), return_inverse=True, return_counts=True)
    if (pictures > 1).sum() < 2:
        raise ValueError("no two people have two pictures each")
    values = vectors.astype(np.float64)
    means = np.stack([values[person == number].mean(axis=0) for number in range(len(names))])
    within = values - means[person]
    spread = within.T @ within / len(values)
    spread += SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    variances, axes = np.linalg.eigh(spread)
    whitening = axes / np.sqrt(variances)
    between = (means - means.mean(axis=0)) @ whitening
    _, best = np.linalg.eigh(between.T @ between)
    return Discriminant((whitening @ best[:, ::-1][:, :directions]).T, values.mean(axis=0))


@torch.no_grad()
def fold(branch: IdentityBranch, found: Discriminant) -> None:
    """Makes `branch` give N x 256 of the discriminant's K values and then zeros, in place of its vectors (D is 256)."""
    old, bias = branch.squeeze, branch.squeeze.bias
    assert bias is not None
    matrix = torch.zeros(len(bias), len(bias), dtype=torch.float64)
    matrix[: len(found.matrix)] = torch.from_numpy(found.matrix)
    weight = torch.einsum("ij,jckl->ickl", matrix, old.weight.double())
    bias.copy_(matrix @ (bias.double() - torch.from_numpy(found.mean)))
    old.weight.copy_(weight)


Views = dict[tuple[str, str], list[LabelledFace]]
"""Person and sequence -> `PORTRAIT_VIEWS` faces."""


def _portrait_views(stage: PeopleStage, faces: Sequence[LabelledFace]) -> Views:
    views: Views = {}
    for face in faces:
        if face.identity is not None and face.sequence is not None and estimated_yaw_rad(face.points_px) < MAX_YAW_RAD:
            views.setdefault((face.identity, face.sequence), []).append(face)
    clips = {clip: found[:PORTRAIT_VIEWS] for clip, found in views.items() if len(found) >= PORTRAIT_VIEWS}
    if len(clips) < FEWEST_PORTRAITS or len({person for person, _ in clips}) < 2:
        raise InputError(
            f"stage {stage.name}: false_accepts is measured on {FEWEST_PORTRAITS} or more sequences of people who are "
            f"kept apart, with {PORTRAIT_VIEWS} frontal views each; there are {len(clips)}: give more with --validation"
        )
    return clips


def _portrait_threshold(stage: PeopleStage, network: REDNet, clips: Views) -> float:
    """The cosine that the stage's share of pairs of portraits of two people exceeds."""
    vectors = identity_vectors(network, [face for found in clips.values() for face in found])
    portraits = vectors.reshape(len(clips), PORTRAIT_VIEWS, -1).mean(axis=1)
    portraits /= np.linalg.norm(portraits, axis=1, keepdims=True)
    people = np.array([person for person, _ in clips])
    first, second = np.triu_indices(len(people), 1)
    cosines, same = (portraits @ portraits.T)[first, second], people[first] == people[second]
    threshold = round(float(np.quantile(cosines[~same], 1 - stage.false_accepts)), 3)
    kept = 100 * float((cosines[same] >= threshold).mean()) if same.any() else float("nan")
    log.info("stage %s: %.1f %% of people recognised from a cosine of %.3f on", stage.name, kept, threshold)
    return min(max(threshold, 0.001), 1.0)


def motion_parameters(
    stage: MotionStage, path: Path, pool: FacePool, filmed_as: StageConfig, seed: int
) -> dict[str, Any]:
    """Parameters of the tracker's motion filter, fitted to the weights file `path` on the faces of `pool`.

    `filmed_as`: the stage whose sources, camera and light the clips have.

    Raises:
        InputError: the network does not follow any of the clips.
    """
    from rednet_ros.training.motion_fit import fit_motion  # loads the tracker

    try:
        parameters: dict[str, Any] = fit_motion(path, pool, filmed_as, stage, seed)
    except ValueError as error:
        raise InputError(f"stage {stage.name}: {error}") from error
    return parameters
