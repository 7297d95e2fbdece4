"""What a batch of stills asks of the network: the paper's stages 1 and 2."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rednet_ros.network.rednet import REDNet, normalise
from rednet_ros.training.batches import Batch
from rednet_ros.training.identity_classifier import IdentityClassifier
from rednet_ros.training.objective import step_losses


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
        output = self.network(normalise(crops), z0)
        points_px, shown = torch.from_numpy(batch.points_px).to(device), torch.from_numpy(batch.shown).to(device)
        zero = torch.zeros((), device=device)
        identity = zero
        if self.classifier is not None and output.identity is not None:
            identity = self.classifier(output.identity, torch.from_numpy(batch.person).to(device))
        return torch.cat([step_losses(output, points_px, shown, self.network.config), torch.stack([identity, zero])])
