"""What the figures ought to be on a CPU, as ratios wherever that is possible, and whether they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rednet_ros.evaluation.speed.results import FacesRow, Report

FLOORS = 2.0
CLIP_RATE_HZ = 30.0
EIGHT_FACES = 5.0
REST_SHARE = 0.15
MESSAGE_SHARE = 0.02
TOPICS_MS = 5.0
MEMORY_GROWTH_MB = 20.0
MEMORY_FRAMES = 20_000
NODE_MEMORY_MB = 1200.0
FAIR_SHARE = 0.8
LATENCY_GROWTH = 1.1


@dataclass(frozen=True)
class Aim:
    """`value` was measured; it should be at most `limit`, or with `is_least` at least."""

    name: str
    value: float
    limit: float
    unit: str = ""
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is as it should be."""
        return self.value >= self.limit if self.is_least else self.value <= self.limit


def aims(report: Report) -> list[Aim]:
    """Those that the report says something of."""
    return [*_network(report), *_frame(report), *_node(report), *_long(report)]


def rest_share(report: Report) -> float | None:
    """Share of a one-face frame that is neither network nor detector: reading, crop, landmarks, message.

    None where one face, the clip or the messages were not measured.
    """
    one = row_of(report, 1)
    if one is None or report.clip is None or report.frame_path is None:
        return None
    message = report.frame_path.messages[0]
    own_ms = [one.crop, one.landmarks, report.clip.decode, message.fill, message.serialise]
    rest_ms = sum(each.median_ms for each in own_ms)
    return rest_ms / (rest_ms + one.network.median_ms)


def message_share(report: Report) -> float | None:
    """What `FaceLandmarks` costs the node more than a flat array would, as a share of a frame with as many faces.

    The largest of the numbers of faces that both were measured with; None where there is none.
    """
    shares = []
    for message in report.frame_path.messages if report.frame_path is not None else ():
        row = row_of(report, message.faces)
        if row is not None:
            own_ms = message.fill.median_ms + message.serialise.median_ms
            flat_ms = message.flat_fill.median_ms + message.flat_serialise.median_ms
            shares.append((own_ms - flat_ms) / row.frame.median_ms)
    return max(shares, default=None)


def row_of(report: Report, faces: int) -> FacesRow | None:
    """The row of this number of faces."""
    return next((row for row in report.faces if row.faces == faces), None)


def _network(report: Report) -> Iterator[Aim]:
    for faces in (1, 8):
        row = row_of(report, faces)
        if row is not None:
            name = "one face" if faces == 1 else f"{faces} faces"
            yield Aim(f"network, {name}, in floors", row.network_floors, FLOORS)
    one, eight = row_of(report, 1), row_of(report, 8)
    if one is not None and eight is not None:
        yield Aim("frame of eight faces over one of one face", eight.frame.median_ms / one.frame.median_ms, EIGHT_FACES)


def _frame(report: Report) -> Iterator[Aim]:
    if report.clip is not None:
        yield Aim("rednet-track on the clip", report.clip.track_rate_hz, CLIP_RATE_HZ, "frames/s", is_least=True)
    share = rest_share(report)
    if share is not None:
        yield Aim("all but network and detector, of a frame", 100 * share, 100 * REST_SHARE, "%")
    more = message_share(report)
    if more is not None:
        yield Aim("FaceLandmarks beyond a flat array, of a frame", 100 * more, 100 * MESSAGE_SHARE, "%")


def _node(report: Report) -> Iterator[Aim]:
    one = row_of(report, 1)
    for row in report.topics:
        if row.faces == 1 and one is not None:
            added_ms = row.answer.median_ms - one.frame.median_ms
            yield Aim("added by topics and the node", added_ms, TOPICS_MS, "ms")
        if row.faces == 1:
            yield Aim("resident memory of the node", row.memory_mb, NODE_MEMORY_MB, "MB")


def _long(report: Report) -> Iterator[Aim]:
    if report.memory is not None:
        frames = report.memory.frames[-1]
        yield Aim(f"growth of memory over {frames} frames", report.memory.growth_mb, MEMORY_GROWTH_MB, "MB")
    if report.fairness is None:
        return
    count = len(report.fairness.cameras)
    yield Aim(f"worst of {count} cameras, of its share", report.fairness.least_share, FAIR_SHARE, is_least=True)
    growths = [
        camera.latency_last.median_ms / camera.latency_first.median_ms
        for camera in report.fairness.cameras
        if camera.latency_first is not None and camera.latency_last is not None
    ]
    if growths:
        yield Aim("latency in the last fifth over the first, worst camera", max(growths), LATENCY_GROWTH)
