"""One run on several processes: each has its share of every batch, and all take the same steps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from rednet_ros.errors import InputError


@dataclass(frozen=True)
class Team:
    """The processes of a run. `rank` 0 keeps the records; `size` 1: there is only this one."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Whether this process keeps the records."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """This process's part of a batch.

        Raises:
            InputError: the batch cannot be divided.
        """
        if batch % self.size:
            raise InputError(f"a batch of {batch} cannot be divided among {self.size} processes: change batch")
        return batch // self.size

    def spread(self, module: nn.Module, *, unused: bool) -> nn.Module:
        """`module` as all processes train it together. `unused`: some of its parameters get no gradient."""
        if self.size == 1:
            return module
        if self.device.type == "cuda":
            return DistributedDataParallel(
                nn.SyncBatchNorm.convert_sync_batchnorm(module),
                device_ids=[self.device.index],
                find_unused_parameters=unused,
            )
        return DistributedDataParallel(module, find_unused_parameters=unused)

    def mean(self, values: Tensor) -> Tensor:
        """Mean of the processes' `values`; the same for all."""
        if self.size == 1:
            return values
        total = values.clone()
        dist.all_reduce(total)
        return total / self.size

    def of_leader(self, value: float) -> float:
        """What the process that keeps the records has; the others' values do not count."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, 0)
        return float(shared)


@contextmanager
def join(device: str) -> Iterator[Team]:
    """The team of this process, on "cpu" or "cuda": of torchrun or `launch`, or of this process alone.

    torchrun informs its processes through the environment: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    own = torch.device("cuda", local) if device == "cuda" else torch.device("cpu")
    if own.type == "cuda":
        torch.cuda.set_device(own)
    if size == 1:
        yield Team(device=own)
        return
    # They wait for the first one, which alone runs the stages that do not learn.
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo", timeout=timedelta(hours=3))
    try:
        yield Team(dist.get_rank(), size, own)
    finally:
        dist.destroy_process_group()
