"""What learns in one stage: the network, its moving average, the classifier, the optimiser; one step of it."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import torch
from torch import Tensor, nn

from rednet_ros.errors import InputError
from rednet_ros.network.rednet import REDNet
from rednet_ros.training.checkpoint import Parts, Tensors
from rednet_ros.training.clip_losses import ClipLosses
from rednet_ros.training.config import Precision, StageConfig, TrainConfig
from rednet_ros.training.distributed import Team
from rednet_ros.training.losses import IdentityClassifier, StillLosses
from rednet_ros.training.muon import Muon
from rednet_ros.training.schedule import Balance

log = logging.getLogger(__name__)

GRADIENT_LIMIT = 5.0
"""The gradient's norm is clipped to it."""

SETTLED_STEPS = 1000
"""Steps that the moving average is taken to have behind it when a later stage begins."""


class Learner:
    """The state of one stage, and how a batch changes it."""

    def __init__(self, config: TrainConfig, stage_index: int, persons: int, team: Team, known: Tensors) -> None:
        """`persons`: how many people the training data name. `known`: parameters and buffers of the stage before, or
        of given weights, by name; what the stage's network has beyond them starts at random, from the run's seed.

        Raises:
            InputError: a stage of identities without two people.
        """
        stage = config.stages[stage_index]
        assert isinstance(stage, StageConfig)
        self.stage = stage
        self._team = team
        self._settled = SETTLED_STEPS if stage_index else 0
        self._seed = (config.seed, stage_index)
        self.precision = _autocast_dtype(config.precision, team.device)
        torch.manual_seed(config.seed + 1000 * stage_index)
        shape = stage.network(config.network)
        if stage.kind == "clips" and not shape.finds_all_landmarks:
            raise InputError(f"stage {stage.name}: clips need a network whose last step is a regression")
        self.network = _placed(_fill(REDNet(shape), known), team.device)
        _freeze_but(stage, self.network)
        self.average = _placed(REDNet(shape), team.device)
        self.average.load_state_dict(self.network.state_dict())
        self.classifier = self._classifier(persons, config.seed, known)
        module: nn.Module = StillLosses(self.network, self.classifier)
        if stage.kind == "clips":
            module = ClipLosses(self.network, self.classifier, stage.losses.bursts)
        self._module = team.spread(module, unused=shape.identity and self.classifier is None)
        self.parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self.optimizer = _optimizer(stage, self.parameters, self.precision)
        self.balance = Balance(stage)

    def parts(self, later: Tensors) -> Parts:
        """What a checkpoint keeps."""
        return Parts(self.network, self.average, self.classifier, self.optimizer, later)

    def known(self) -> Tensors:
        """What the next stage begins with: the averaged network and the classifier."""
        known = dict(self.average.state_dict())
        if self.classifier is not None:
            known |= {f"classifier.{name}": tensor for name, tensor in self.classifier.state_dict().items()}
        return known

    def step(self, batch: Any, step: int, rate: float) -> Tensor:
        """One step of the optimiser; returns the losses of `config.LOSS_NAMES`, means over all processes."""
        torch.manual_seed(_mix(*self._seed, step, self._team.rank))  # dropout, the same after a resumption
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        if self.stage.keeps_norm or self.stage.only:
            _freeze_norm(self.network)
        with self._arithmetic():
            losses = self._module(batch)
        shared = self._team.mean(losses.detach())
        factors = self.balance.factors(shared, step)
        self.optimizer.zero_grad(set_to_none=True)
        (losses * factors).sum().backward()
        nn.utils.clip_grad_norm_(self.parameters, GRADIENT_LIMIT)
        self.optimizer.step()
        self._update_average(step)
        return shared

    def _arithmetic(self) -> contextlib.AbstractContextManager[Any]:
        if self.precision is None:
            return contextlib.nullcontext()
        return torch.autocast(self._team.device.type, self.precision)

    def _update_average(self, step: int) -> None:
        # A young average follows fast, so that the start of a run does not linger in it.
        age = step + self._settled
        decay = min(self.stage.average, (1 + age) / (10 + age))
        follow_average(self.average, self.network, decay)

    def _classifier(self, persons: int, seed: int, known: Tensors) -> IdentityClassifier | None:
        if self.network.identity is None:
            return None
        if persons < 2:
            if self.stage.kind == "identity":
                raise InputError(f"stage {self.stage.name}: the labels do not name two people with two faces each")
            return None
        classifier = IdentityClassifier(persons, seed, self.stage.identity_logits)
        prefix = "classifier."
        own = {name[len(prefix) :]: tensor for name, tensor in known.items() if name.startswith(prefix)}
        return _fill(classifier, own).to(self._team.device)


@torch.no_grad()
def follow_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """One step of a network's moving average; counters are copied."""
    for kept, current in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(current, 1 - decay)
        else:
            kept.copy_(current)


def _fill(module: Any, known: Tensors) -> Any:
    """`module` with the known tensors wherever name and shape agree."""
    own = module.state_dict()
    fitting = {name: tensor for name, tensor in known.items() if name in own and own[name].shape == tensor.shape}
    module.load_state_dict({**own, **fitting})
    return module


def _placed(network: REDNet, device: torch.device) -> REDNet:
    """With weights in channels_last: half again as fast on a CPU."""
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _optimizer(
    stage: StageConfig, parameters: list[nn.Parameter], precision: torch.dtype | None
) -> torch.optim.Optimizer:
    if stage.optimizer == "sgd":
        return torch.optim.SGD(parameters, stage.learning_rate, momentum=0.9, weight_decay=stage.weight_decay)
    if stage.optimizer == "muon":
        return Muon(parameters, stage.learning_rate, stage.weight_decay, precision or torch.float32)
    return torch.optim.AdamW(parameters, stage.learning_rate, weight_decay=stage.weight_decay)


def _freeze_but(stage: StageConfig, network: nn.Module) -> None:
    """Takes the gradients from all that is not named in `stage.only`, if anything is."""
    if unknown := [name for name in stage.only if not isinstance(getattr(network, name, None), nn.Module)]:
        raise InputError(f"stage {stage.name}: only names {', '.join(unknown)}, which this network does not have")
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not stage.only or name.split(".")[0] in stage.only)


def _freeze_norm(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def _autocast_dtype(precision: Precision, device: torch.device) -> torch.dtype | None:
    """bf16 or, for float32, None."""
    if precision == "float32":
        return None
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported():
            return torch.bfloat16
        if precision == "bf16":
            raise InputError("precision is bf16, which this GPU does not have: use float32 or auto")
        return None
    return torch.bfloat16 if precision == "bf16" or _multiplies_bf16_matrices() else None


def _multiplies_bf16_matrices() -> bool:
    """Whether the CPU has units for it (AMX) or instructions (AVX-512 BF16): twice as fast as float32, and more."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.4 has none
    return bool(capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False))


def _mix(*numbers: int) -> int:
    """One seed from several numbers."""
    mixed = 0
    for number in numbers:
        mixed = (mixed * 1_000_003 + number + 1) % (1 << 62)
    return mixed
