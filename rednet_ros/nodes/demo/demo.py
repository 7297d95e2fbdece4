"""`rednet-demo`: a clip tracked through real ROS topics by three processes, player, tracker and recorder.

Needs no ros2 launch. Exit code 0 if a face was tracked and every process ended well, 1 otherwise.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.files import library_path
from rednet_ros.media.video_input import INPUT_HELP
from rednet_ros.nodes.demo.processes import NodeProcess, wait_for_any, yaml_text
from rednet_ros.nodes.demo.session_report import SUMMARY_NAME, SessionReport
from rednet_ros.nodes.fastdds import image_environment
from rednet_ros.nodes.parameters.demo import CAMERA_TIMEOUT_S
from rednet_ros.nodes.tracker.statistics import PUBLISHING_PERIOD_S
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.view.view import DEFAULT_PORT

logger = logging.getLogger(__name__)

NAMESPACE = "/rednet_demo"
"""Keeps the demo's topics apart from those of a robot on the same network."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `rednet-demo`."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    options = _parser().parse_args(arguments)
    missing = [name for name in ("rclpy", "rednet_ros.msg") if find_spec(name) is None]
    if missing:
        logger.error("%s not found: source a ROS 2 workspace with this package, or run `make demo`", missing[0])
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup does
            signal.signal(number, signal.default_int_handler)
    with _for_ros(options.input) as options.input, _for_ros(options.weights) as options.weights:
        codes = _run_nodes(options)
    failed = [f"{name} ended with code {code}" for name, code in codes.items() if code != 0]
    try:
        report = SessionReport.load(options.output / SUMMARY_NAME)
    except InputError as error:
        failed.append(str(error))
    else:
        if report.messages:
            logger.info("\n%s", "\n".join(report.lines()))
        if report.frames_with_face == 0:
            failed.append("no face was tracked")
    for reason in failed:
        logger.error("demo failed: %s", reason)
    return 1 if failed else 0


@contextmanager
def _for_ros(name: str) -> Iterator[str]:
    """`name` as a parameter's value, which must be UTF-8: files of other names are reached through a link."""
    try:
        name.encode()
    except UnicodeEncodeError:
        with library_path(name) as plain:
            yield plain
    else:
        yield name


def _run_nodes(options: argparse.Namespace) -> dict[str, int]:
    """Run the nodes until the player ends, one of the others fails, or the user interrupts; their exit codes."""
    environment, reliability = _middleware()
    folder = yaml_text(str(options.output))
    parameters = {
        "recorder_node": {"output_dir": folder},
        "tracker_node": {
            "autostart": "true",
            "weights": yaml_text(options.weights),
            "device": options.device,
            "image_reliability": reliability,
            "camera_timeout_s": str(CAMERA_TIMEOUT_S),
            "id_prefix": "demo_",
        },
        **({} if options.view is None else {"view_node": {"port": str(options.view), "output_dir": folder}}),
        "player_node": {
            "source": yaml_text(options.input),
            "loop": "false" if options.view is None else "true",
            "duration_s": str(float(options.seconds)),
            "reliability": reliability,
        },
    }
    logger.info("starting recorder, tracker and player; loading the weights takes a few seconds")
    processes: list[NodeProcess] = []
    try:
        for module, values in parameters.items():
            log_level = "warn" if module == "recorder_node" else "info"  # its summary is repeated here, at the very end
            processes.append(NodeProcess(module, NAMESPACE, values, environment, log_level))
        wait_for_any(processes)
    except KeyboardInterrupt:
        logger.info("interrupted, finishing the files")
    return _stop(processes)


def _stop(processes: list[NodeProcess]) -> dict[str, int]:
    """Player and view first; the recorder before the tracker, whose last figures it waits for. Name -> exit code."""
    by_name = {process.name: process for process in processes}
    codes: dict[str, int] = {}
    for name in ("player_node", "view_node", "recorder_node", "tracker_node"):
        if name not in by_name:
            continue
        if name == "recorder_node" and by_name[name].ended() is None:
            time.sleep(1.5 * PUBLISHING_PERIOD_S)
        codes[name] = by_name[name].stop()
    return codes


def _middleware() -> tuple[dict[str, str], str]:
    """Environment of the nodes, and the reliability with which images reach the tracker in it."""
    environment, reliability = image_environment(4)
    environment.setdefault("RCUTILS_CONSOLE_OUTPUT_FORMAT", "{name}: {message}")
    environment.setdefault("RCUTILS_LOGGING_USE_STDOUT", "1")  # in one order with the lines of this process
    return environment, reliability


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rednet-demo", description="Track a clip through ROS topics and record it.")
    parser.add_argument(
        "--input",
        default="default",
        help=f"{INPUT_HELP}; or clip or portrait for a built-in one (default: one of these)",
    )
    parser.add_argument("--output", type=Path, default=Path("demo_output"), help="folder of the results (%(default)s)")
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS, help="name or path of the weights (%(default)s)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="(%(default)s)")
    parser.add_argument(
        "--view",
        metavar="PORT",
        nargs="?",
        type=int,
        const=DEFAULT_PORT,
        help="show it live in the browser, too, and play a file again and again, until Ctrl-C (port: %(const)s)",
    )
    parser.add_argument("--seconds", type=float, default=0.0, help="end after this time; 0: at the input's end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
