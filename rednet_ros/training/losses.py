"""What training asks of the network: the losses of one frame's maps, of identities, and of a batch of stills."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps, losses
from rednet_ros.network.config import STATE_SIZE, REDNetConfig
from rednet_ros.network.rednet import REDNet, REDNetOutput, normalise, read_landmarks, read_step
from rednet_ros.training.batches import Batch
from rednet_ros.training.config import IdentityLogits

POINT_SCALE_CELLS = 0.5
"""Errors below it are pulled hardest: half a cell of the response maps, one pixel of the crop."""

_MAJOR = list(DETECTION_INDICES)


def step_losses(
    output: REDNetOutput, points_px: Tensor, shown: Tensor, config: REDNetConfig, weight: Tensor | None = None
) -> Tensor:
    """Losses of detection, regression and points, each summed over the steps of its kind: a vector of three.

    `points_px`: N x 68 x 2 crop pixels; landmarks that are NaN are not annotated, and their maps count for nothing.
    `shown`: N bool; where False the crop shows no face: all targets are empty, and there is no point loss. `weight`: N,
    how much a face counts, at least 1; None: all alike.
    """
    points_px = torch.where(shown[:, None, None], points_px, torch.nan)
    counted = torch.isfinite(points_px).all(dim=2) | ~shown[:, None]
    if weight is not None:
        counted = counted * weight[:, None]
    discs = heatmaps.draw_discs(points_px[:, _MAJOR], config.map_px, config.cells(config.radius_px), config.cell_px)
    gaussians = heatmaps.draw_gaussians(points_px, config.map_px, config.cells(config.sigma_px), config.cell_px)
    fit = losses.regression_loss if config.regression_maps == "linear" else losses.distribution_loss
    truth = heatmaps.to_cells(points_px, config.cell_px)
    detection, regression, points = torch.zeros(3, device=points_px.device)
    steps = [maps.float() for maps in output.steps]
    last = steps[-1]
    for kind, maps in zip(config.steps, steps, strict=True):
        if kind == "detection":
            detection = detection + losses.detection_loss(maps, discs, counted[:, _MAJOR])
            continue
        regression = regression + fit(maps, gaussians, counted)
        found_px, _ = read_step(maps, kind, config) if maps is not last else read_landmarks(output, config)
        found = heatmaps.to_cells(found_px, config.cell_px)
        points = points + losses.point_loss(found, truth, POINT_SCALE_CELLS, weight)
    if output.seen is not None:
        detection = detection + losses.detection_loss(output.seen.float(), discs, counted[:, _MAJOR])
    return torch.stack([detection, regression, points])


COSINE_SCALE = {"cosine": 16.0, "margin": 32.0}
"""Logits of a person are this many times the cosine between the face's vector and the person's."""

MARGIN = 0.3
"""By which the cosine with the own person must exceed those with others (CosFace, Wang et al., 2018), once faces are as
like their own person as `MARGIN`; less before: from nothing, nobody learns with it."""


class IdentityClassifier(nn.Module):
    """The 256 numbers of the identity branch -> one logit for every person of the training data.

    `logits`: "linear" (the paper); "cosine", which looks at directions only, as recognition does afterwards; or
    "margin", which demands `MARGIN` besides.
    """

    def __init__(self, persons: int, seed: int, logits: IdentityLogits = "linear") -> None:
        super().__init__()
        self._logits = logits
        self.linear = nn.Linear(STATE_SIZE, persons)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.linear.weight.normal_(0, STATE_SIZE**-0.5, generator=generator)
            self.linear.bias.zero_()

    def forward(self, identity: Tensor, person: Tensor) -> Tensor:
        """The loss. `identity`: N x 256; `person`: N classes, negative where nobody knows."""
        if self._logits == "linear":
            return losses.identity_loss(self.linear(identity.float()), person)
        cosines = F.linear(F.normalize(identity.float()), F.normalize(self.linear.weight))
        if self._logits == "margin":
            own = F.one_hot(person.clamp(min=0), cosines.shape[1])
            margin = (cosines.detach() * own).sum(dim=1).mean().clamp(0, MARGIN)
            cosines = cosines - margin * own
        # The bias has no part in a cosine; with a factor of 0 it still has a gradient, which DDP waits for.
        return losses.identity_loss(COSINE_SCALE[self._logits] * cosines + 0 * self.linear.bias, person)


class StillLosses(nn.Module):
    """Batch in, losses out: a module, so that it can be spread over processes as a whole."""

    def __init__(self, network: REDNet, classifier: IdentityClassifier | None) -> None:
        super().__init__()
        self.network = network
        self.classifier = classifier

    def forward(self, batch: Batch) -> Tensor:
        """The losses of `config.LOSS_NAMES`, a vector of five; those that do not apply are zero."""
        device = self.network.device
        crops = torch.from_numpy(batch.crops).to(device).permute(0, 3, 1, 2).flip(1)
        z0 = self.network.draw_z0(torch.from_numpy(batch.previous_px).to(device))
        # Half of the faces go the short way, by the regression step alone.
        direct = torch.arange(len(crops), device=device) % 2 == 0 if self.network.config.direct else None
        output = self.network(normalise(crops), z0, direct=direct)
        points_px, shown = torch.from_numpy(batch.points_px).to(device), torch.from_numpy(batch.shown).to(device)
        zero = torch.zeros((), device=device)
        identity = zero
        if self.classifier is not None and output.identity is not None:
            identity = self.classifier(output.identity, torch.from_numpy(batch.person).to(device))
        return torch.cat([step_losses(output, points_px, shown, self.network.config), torch.stack([identity, zero])])
