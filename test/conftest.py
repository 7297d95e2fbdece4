"""What every test relies on: skips with a reason, log capture, one thread, a ROS domain and a cache of its own."""

import gc
import importlib
import importlib.util
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

_WORKER = "PYTEST_XDIST_WORKER"
PROJECT_LOGGERS = ("rednet_ros", "rednet_attention")

NO_TORCH = "PyTorch not installed: pip install -r requirements/gpu.txt"

_domain_locks: list[socket.socket] = []
_cache = tempfile.TemporaryDirectory(prefix="rednet_ros-cache-")
"""Of this test run and the processes that it starts: a network is converted for OpenVINO once, and none is left."""


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if _WORKER not in os.environ:  # workers of pytest-xdist share that of the process that started them
        os.environ["REDNET_ROS_CACHE"] = _cache.name
    os.environ["ROS_DOMAIN_ID"] = str(_claim_ros_domain())


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """A conftest.py cannot be skipped: without PyTorch the folder whose own one imports it is left out."""
    return True if collection_path == Path(__file__).parent / "inference" and not _is_installed("torch") else None


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Where PyTorch is missing, as on a robot with a CPU, files that import it are skipped."""
    report = (yield).get_result()  # type: ignore[func-returns-value]
    if report.failed and "No module named 'torch'" in str(report.longrepr) and not _is_installed("torch"):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, f"Skipped: {NO_TORCH}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Iterator[None]:
    """So are tests that import it, or call what does."""
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, ModuleNotFoundError) and error.name == "torch" and not _is_installed("torch"):
        call.excinfo = pytest.ExceptionInfo.from_exception(pytest.skip.Exception(NO_TORCH))
    yield


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument: their text fills screens, and a packed file's may carry the time of day.

    Workers of pytest-xdist refuse to start when their tests have different names.
    """
    return argname if isinstance(val, bytes) and not val.isalnum() else None


@pytest.hookimpl(tryfirst=True)  # pytest-xdist's own reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    obstacles = {"ros": _why_not_ros, "ros_launch": _why_not_launch, "gpu": _why_not_gpu, "browser": _why_not_browser}
    for marker, obstacle in obstacles.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        reason = obstacle() if marked else None
        if reason:
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))
    if _WORKER in os.environ:
        for item in items:
            # A file's tests share its fixtures; nodes, whose tests wait for messages, run one beside another nowhere.
            uses_ros = any(item.get_closest_marker(marker) for marker in ("ros", "ros_launch"))
            item.add_marker(pytest.mark.xdist_group("ros" if uses_ros else str(item.path)))


@pytest.fixture(autouse=True)
def propagating_loggers() -> None:
    """The project's log lines reach pytest and `logging.basicConfig`, whatever other plugins do to loggers.

    Importing `launch`, as the plugin launch_pytest does, makes a class of loggers that do not propagate the default.
    """
    logging.setLoggerClass(logging.Logger)  # of loggers that are made in this test
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if name.partition(".")[0] in PROJECT_LOGGERS and isinstance(logger, logging.Logger):
            logger.propagate = True


@pytest.fixture(autouse=True)
def no_participant_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test's DDS participants end with it: its nodes are in reference cycles, and rclpy frees them with the garbage.

    In a process that holds PyTorch a full collection is rare, and where some 35 participants are left over, Fast DDS
    does not find a new node's services.
    """
    yield
    if request.node.get_closest_marker("ros"):
        gc.collect()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def one_thread_and_seed() -> Iterator[None]:
    """One thread and known random numbers of PyTorch, for tests that compute with it."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small_network() -> Callable[..., Any]:
    """`small_network(**settings)`: a narrow REDNet in eval mode for 64 px crops, its signals those of a trained one."""
    return _build_small_network


def _build_small_network(**settings: Any) -> Any:
    import torch

    from rednet_ros.network.config import REDNetConfig
    from rednet_ros.network.rednet import REDNet

    torch.manual_seed(0)
    network = REDNet(REDNetConfig(**{"width": 0.0625, "crop_px": 64, **settings}))
    # As after training: both forms start as if there were no state, where no test could see it.
    if network.config.temporal == "spatial":
        torch.nn.init.normal_(network.temporal.gate.weight, std=0.3)
        torch.nn.init.zeros_(network.temporal.gate.bias)
    elif network.temporal is not None:
        torch.nn.init.normal_(network.temporal.expand.weight, std=0.2)
    # Batch norm that has seen data. Without, every layer shrinks the signal and all outputs are the heads' biases.
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 0.5
    with torch.no_grad():
        for _ in range(8):
            network(torch.randn(2, 3, 64, 64), torch.rand(2, 7, network.config.map_px, network.config.map_px))
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def _claim_ros_domain() -> int:
    """A domain that no other test run on this machine uses: one that a listening port is the token of."""
    for domain in range(1, 101):
        token = socket.socket()
        try:
            token.bind(("127.0.0.1", 34500 + domain))
        except OSError:
            token.close()
            continue
        _domain_locks.append(token)
        return domain
    return 101


def _why_not_ros() -> str | None:
    try:
        importlib.import_module("rclpy")
        importlib.import_module("rednet_ros.msg")
    except ImportError as error:
        return f"no ROS 2 with this package's messages ({error}): run `make test`"
    return None


def _why_not_launch() -> str | None:
    missing = [name for name in ("launch", "launch_ros", "launch_testing") if not _is_installed(name)]
    return (
        f"{', '.join(missing)} not installed: they come with a ROS 2 installation, not from PyPI"
        if missing
        else _why_not_ros()
    )


def _why_not_browser() -> str | None:
    if not _is_installed("viser"):
        return "viser is not installed: pip install viser"
    from browser import chromium

    return None if chromium() else "no Chromium to open the page in: apt-get install chromium"


def _is_installed(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None  # without a file, `launch` is the checkout's folder


def _why_not_gpu() -> str | None:
    if not _is_installed("torch"):
        return NO_TORCH
    import torch

    return None if torch.cuda.is_available() else "no CUDA device"
