"""Batches made ahead of time by other processes, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from rednet_ros.errors import RednetError

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Batches(Protocol[T_co]):
    """The batches of a stage."""

    def __getitem__(self, step: int) -> T_co:
        """Batch number `step`; asked twice, it gives the same."""
        ...


def load(batches: Batches[T], first_step: int, steps: int, workers: int) -> Iterator[T]:
    """The batches from `first_step` to before `steps`, made by `workers` processes (0: by this one, when asked).

    Raises the package's own errors as `batches` does.
    """
    if workers == 0:
        for step in range(first_step, steps):
            yield batches[step]
        return
    loader: DataLoader[T | RednetError] = DataLoader(
        _Steps(batches),
        batch_size=None,
        sampler=range(first_step, steps),
        num_workers=workers,
        prefetch_factor=3,
        collate_fn=_as_they_are,  # arrays go through a pipe: shared memory is scarce in containers
        worker_init_fn=_one_thread,
    )
    for batch in loader:
        if isinstance(batch, RednetError):
            raise batch
        yield batch


class _Steps(Dataset[T | RednetError]):
    """Errors that a user can do something about travel as values: the loader would wrap them into a traceback."""

    def __init__(self, batches: Batches[T]) -> None:
        self._batches = batches

    def __getitem__(self, step: int) -> T | RednetError:
        try:
            return self._batches[step]
        except RednetError as error:
            return error


def _as_they_are(batch: T) -> T:
    return batch


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
