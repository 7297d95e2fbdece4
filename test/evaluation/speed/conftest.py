"""A report as a run makes one, without the run."""

from collections.abc import Callable
from typing import Any

import pytest

from rednet_ros.evaluation.speed.floor import Floor
from rednet_ros.evaluation.speed.machine import Machine
from rednet_ros.evaluation.speed.results import (
    BackendRow,
    CamerasRow,
    ClipRow,
    FacesRow,
    FairCamera,
    Fairness,
    FramePath,
    MemoryCurve,
    MessageRow,
    PeerRow,
    Report,
    TopicsRow,
)
from rednet_ros.evaluation.speed.timing import Timing


def ms(median_ms: float) -> Timing:
    return Timing(median_ms, round(1.5 * median_ms, 3), 100)


def faces_row(faces: int, network_ms: float, frame_ms: float) -> FacesRow:
    return FacesRow(faces, faces, 1, ms(network_ms), 5.0 * faces, ms(frame_ms), ms(0.5), ms(0.5), ms(40.0))


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """`make_report(peers=())`: a full report in which all aims are met, with these fields changed."""

    def make(**changes: Any) -> Report:
        message = MessageRow(1, ms(0.1), ms(0.05), ms(0.1), ms(0.01), ms(0.01), ms(0.01))
        values: dict[str, Any] = {
            "machine": Machine("Some CPU", 2, 16.0, "", "Linux", "3.11", "2.13", "4.14", "2026-01-02"),
            "command": "rednet-benchmark --seconds 3",
            "weights": "rednet-lite",
            "backend": "eager float32",
            "size_px": (640, 480),
            "frames_from": "drawing",
            "floors": (Floor("cpu", "float32", 1, 100.0, 0.5), Floor("cpu", "float32", 2, 190.0, 0.5)),
            "others_share": 0.01,
            "faces": (faces_row(1, 9.0, 11.0), faces_row(8, 70.0, 50.0)),
            "backends": (
                BackendRow("eager float32", 1, 1, ms(9.0), 5.0),
                BackendRow("openvino float32", 1, 1, ms(6.0), 5.0),
            ),
            "cameras": (CamerasRow(1, 1, ms(11.0)), CamerasRow(3, 3, ms(30.0))),
            "clip": ClipRow("clip.mp4", 640, 480, ms(0.1), 60.0),
            "frame_path": FramePath(True, ms(0.01), ms(0.2), ms(0.1), (message,)),
            "topics": (TopicsRow(1, 1, 200, 199, "fastdds_large_images.xml", ms(14.0), 600.0),),
            "peers": (PeerRow("Other", "1.0", 99, 100, ms(8.0)),),
            "memory": MemoryCurve("tracker_node", (1000, 2000, 10000, 20000), (590.0, 600.0, 601.0, 602.0)),
            "fairness": Fairness(
                "tracker_node",
                15.0,
                300.0,
                (FairCamera("a", 100, 90, ms(20.0), ms(20.0)), FairCamera("b", 100, 98, ms(20.0), ms(21.0))),
            ),
            "left_out": {"dlib, 68 points": "dlib is not installed"},
        }
        return Report(**{**values, **changes})

    return make
