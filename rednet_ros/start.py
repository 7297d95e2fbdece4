"""Entry points of the commands: a signal while OpenCV and ROS are imported ends them in one line, without a traceback.

A new command gets a line here, in setup.py and in CMakeLists.txt.
"""

import os
import signal
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

SOURCES = {
    "rclpy": "it comes with ROS 2, whose setup.bash the shell must have sourced",
    "torch": "pip install 'rednet_ros[gpu]', or [train] to train",
    "safetensors": "pip install 'rednet_ros[gpu]', or [train] to train",
}
"""Where modules that no installation needs for tracking come from."""


def _command(module: str) -> int:
    return _start(module, 130, (signal.SIGINT,))


def _node(module: str) -> int:
    return _start(module, 0, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))  # to be stopped is a node's ordinary end


def _start(module: str, exit_code: int, signals: tuple[signal.Signals, ...]) -> int:
    """Runs a module's `main`. While it is imported, `signals` that nobody handles or ignores end the process."""

    def end(*_: object) -> None:
        if exit_code:
            os.write(2, f"{Path(sys.argv[0]).name}: interrupted\n".encode())
        os._exit(exit_code)

    handlers = {number: signal.getsignal(number) for number in signals}
    default = {number for number in signals if handlers[number] in (signal.SIG_DFL, signal.default_int_handler)}
    for number in default:
        signal.signal(number, end)
    try:
        main = import_module(module).main
    except ModuleNotFoundError as error:
        if error.name not in SOURCES:
            raise
        sys.exit(f"{Path(sys.argv[0]).name}: {error.name} is not installed: {SOURCES[error.name]}")
    if exit_code:  # a node keeps them until it has its own
        for number in default:
            signal.signal(number, handlers[number])
    return int(main())


rednet_track = partial(_command, "rednet_ros.cli.track")
rednet_view = partial(_command, "rednet_ros.cli.view")
rednet_evaluate = partial(_command, "rednet_ros.cli.evaluate")
rednet_train = partial(_command, "rednet_ros.cli.train")
rednet_convert = partial(_command, "rednet_ros.cli.convert")
rednet_render = partial(_command, "rednet_ros.cli.render")
rednet_benchmark = partial(_command, "rednet_ros.cli.benchmark")
rednet_tracking_bench = partial(_command, "rednet_ros.cli.tracking_bench")
rednet_enroll = partial(_command, "rednet_ros.cli.enroll")
rednet_export = partial(_command, "rednet_ros.cli.export")
rednet_demo = partial(_command, "rednet_ros.nodes.demo.demo")
rednet_redact = partial(_command, "rednet_ros.nodes.redact")
tracker_node = partial(_node, "rednet_ros.nodes.tracker.tracker_node")
player_node = partial(_node, "rednet_ros.nodes.demo.player_node")
recorder_node = partial(_node, "rednet_ros.nodes.demo.recorder_node")
view_node = partial(_node, "rednet_ros.nodes.view.view_node")
