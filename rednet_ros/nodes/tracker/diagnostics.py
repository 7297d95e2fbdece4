"""Figures of a node on /diagnostics (diagnostic_msgs), where `rqt_robot_monitor` and the demo's recorder read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from socket import gethostname

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

TOPIC = "/diagnostics"

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@dataclass(frozen=True)
class Problem:
    """Something that is wrong: `level` is WARN or ERROR, `text` says what, where and what to do."""

    level: bytes
    text: str


def judged(problems: Sequence[Problem], otherwise: str) -> tuple[bytes, str]:
    """Level and message of a status: the worst level, all texts, each once; OK and `otherwise` where all is well."""
    level = max((problem.level for problem in problems), default=OK)
    return level, "; ".join(dict.fromkeys(problem.text for problem in problems)) or otherwise


def status_name(namespace: str, node_name: str, part: str) -> str:
    """Name of the status of one part of a node; the namespace keeps two nodes of one name apart."""
    return f"{namespace}/{node_name}".lstrip("/") + f": {part}"


def frames_status(namespace: str, node_name: str) -> str:
    """Name of the status in which a node reports its frames."""
    return status_name(namespace, node_name, "frames")


def status(
    name: str, level: bytes, summary: str, figures: Mapping[str, object], hardware: str = ""
) -> DiagnosticStatus:
    """A status with its figures as text. `hardware`: what it is about, by default this machine."""
    pairs = [KeyValue(key=key, value=_text(value)) for key, value in figures.items()]
    return DiagnosticStatus(
        name=name, level=level, message=summary, hardware_id=hardware or gethostname(), values=pairs
    )


def array(stamp: Time, statuses: Sequence[DiagnosticStatus]) -> DiagnosticArray:
    """The message that holds `statuses`."""
    message = DiagnosticArray(status=list(statuses))
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
