"""Directions of the identity vectors that tell people apart (Fisher's linear discriminant), folded into the network.

A network that was trained for landmarks fills the vectors with pose, expression and light, which hide who it is. The
vector is linear in the pooled code, so the directions in which people differ more than the pictures of one person can
be put into the branch's own convolution: nothing is added to the network, and its landmarks stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rednet_ros.network.identity import IdentityBranch

DIRECTIONS = 32
"""How many are kept (docs/recognition.md)."""
SHRINKAGE = 0.01
"""Share of their mean that is added to the variances within people: few pictures of each are known."""


@dataclass(frozen=True, eq=False)
class Discriminant:
    """`matrix` @ (vector - `mean`): K x D and D, float64."""

    matrix: NDArray[np.float64]
    mean: NDArray[np.float64]


def discriminant(vectors: NDArray[np.floating], people: Sequence[str], directions: int = DIRECTIONS) -> Discriminant:
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
