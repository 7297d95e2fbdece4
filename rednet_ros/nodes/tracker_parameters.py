"""The parameters of the tracker node."""

from __future__ import annotations

from dataclasses import dataclass

from rednet_ros.nodes.parameter_table import parameter


@dataclass(frozen=True)
class TrackerParameters:
    """See `parameter_table`; config/tracker.yaml holds the same names and defaults."""

    weights: str = parameter("rednet-lite", "Network weights: a name in models/, or the path of a .safetensors file.")
    device: str = parameter("auto", "Where the network runs.", choices=("auto", "cpu", "cuda"))
    max_faces: int = parameter(8, "Faces tracked at most.", minimum=1, maximum=64)
    image_reliability: str = parameter(
        "best_effort",
        "Reliability asked of the image's publisher. best_effort works with every publisher.",
        choices=("best_effort", "reliable"),
    )
    autostart: bool = parameter(
        False, "Configure and activate the node as soon as it runs, instead of waiting for a lifecycle manager."
    )
