"""The parameters of the player and the recorder, read once at their start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rednet_ros.tracking import settings

parameter = partial(settings.parameter, read_only=True)

CAMERA_TIMEOUT_S = 10.0
"""Of a tracker whose images come from a file: so long that their end is not reported as a lost camera."""


@dataclass(frozen=True)
class PlayerParameters:
    """Of the player."""

    source: str = parameter(
        "default", "Whatever rednet-track takes as INPUT; or the built-in clip, portrait, or default."
    )
    rate_hz: float = parameter(0.0, "Images a second; 0: the source's own rate.", unit="Hz", limits=(0, 1000))
    duration_s: float = parameter(0.0, "End after this time; 0: at the source's end.", unit="s", limits=(0, 86400))
    loop: bool = parameter(False, "Start over when the source ends.")
    frame_id: str = parameter("camera", "frame_id of the images.")
    reliability: str = parameter("best_effort", "Reliability offered.", choices=("best_effort", "reliable"))
    subscriber_timeout_s: float = parameter(
        180.0, "Wait this long for a subscriber, then give up; 0: do not wait.", unit="s", limits=(0, 3600)
    )


@dataclass(frozen=True)
class RecorderParameters:
    """Of the recorder."""

    output_dir: str = parameter("demo_output", "Folder of the files; made where it is missing.")
    rate_hz: float = parameter(30.0, "Frames a second of the video.", unit="Hz", limits=(1, 240))
    tracker: str = parameter("rednet_tracker", "Name of the tracker node whose figures are recorded.")
    player: str = parameter("rednet_player", "Name of the player node whose figures are recorded.")
