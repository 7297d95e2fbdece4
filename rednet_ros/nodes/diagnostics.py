"""Figures of a node on /diagnostics (diagnostic_msgs), where `rqt_robot_monitor` and the demo's recorder read them."""

from __future__ import annotations

from collections.abc import Mapping

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

TOPIC = "/diagnostics"

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


def frames_status(namespace: str, node_name: str) -> str:
    """Name of the status in which a node tells of its frames; the namespace keeps two nodes of one name apart."""
    return f"{namespace}/{node_name}".lstrip("/") + ": frames"


def array(stamp: Time, name: str, level: bytes, summary: str, figures: Mapping[str, object]) -> DiagnosticArray:
    """One status called `name` with its figures as text."""
    pairs = [KeyValue(key=key, value=_text(value)) for key, value in figures.items()]
    message = DiagnosticArray(status=[DiagnosticStatus(name=name, level=level, message=summary, values=pairs)])
    message.header.stamp = stamp
    return message


def find(message: DiagnosticArray, name: str) -> DiagnosticStatus | None:
    """The status called `name`, None if the message does not hold it."""
    return next((status for status in message.status if status.name == name), None)


def values(status: DiagnosticStatus) -> dict[str, str]:
    """The figures of a status."""
    return {pair.key: pair.value for pair in status.values}


def _text(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
