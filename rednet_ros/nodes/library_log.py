"""What the library logs (Python's `logging`, logger rednet_ros), in the format and with the levels of ROS."""

from __future__ import annotations

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import get_logger
from rclpy.node import Node

_LIBRARY = "rednet_ros"


def through_ros() -> None:
    """From now on the library logs by ROS, and by nothing else: to the console until `through_node` names a node."""
    library = logging.getLogger(_LIBRARY)
    library.addHandler(_RosLogHandler(get_logger(_LIBRARY)))
    library.setLevel(logging.DEBUG)
    library.propagate = False


def through_node(node: Node) -> None:
    """Where the library logs by ROS, let it be as a child of this node's logger: with its level, and to /rosout, which
    takes lines of nodes only."""
    for handler in logging.getLogger(_LIBRARY).handlers:
        if isinstance(handler, _RosLogHandler):
            handler.ros_logger = node.get_logger().get_child(_LIBRARY)


class _RosLogHandler(logging.Handler):
    def __init__(self, ros_logger: RcutilsLogger) -> None:
        super().__init__()
        self.ros_logger = ros_logger

    def emit(self, record: logging.LogRecord) -> None:
        """One call a level: rclpy remembers the level of each line that logs."""
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self.ros_logger.error(text)
        elif record.levelno >= logging.WARNING:
            self.ros_logger.warning(text)
        elif record.levelno >= logging.INFO:
            self.ros_logger.info(text)
        else:
            self.ros_logger.debug(text)
