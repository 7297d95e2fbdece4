"""Jobs on a cluster, by Dask distributed: the extra [cluster]."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from rednet_ros.cli.archive.job import Job, Outcome, track_clip
from rednet_ros.errors import InputError

_CONNECT_TIMEOUT_S = 15


def run_on_cluster(jobs: Sequence[Job], address: str) -> Generator[tuple[int, Outcome], None, None]:
    """Each job's index and outcome, as they end. The job of a worker that dies is done by another one.

    Raises InputError where Dask is missing, or no scheduler answers at `address`.
    """
    try:
        from distributed import Client, Future, as_completed
    except ImportError as error:
        raise InputError("--dask needs Dask distributed: pip install 'rednet_ros[cluster]'") from error
    try:
        client = Client(address, timeout=_CONNECT_TIMEOUT_S)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"--dask {address}: no Dask scheduler answers there ({reason})") from error
    with client:
        futures: dict[Future, int] = {}
        try:
            for index, job in enumerate(jobs):
                futures[client.submit(track_clip, job, pure=False)] = index
            for future in as_completed(list(futures)):
                problem = future.exception()
                failed = Outcome(f"{type(problem).__name__}: {problem}")
                yield futures[future], future.result() if problem is None else failed
        finally:
            client.cancel(list(futures))
