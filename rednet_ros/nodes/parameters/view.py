"""The parameters of the live view's node, read once at its start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rednet_ros.tracking import settings
from rednet_ros.tracking.redaction.hiding import STYLES
from rednet_ros.view.view import DEFAULT_HOST, DEFAULT_PORT

parameter = partial(settings.parameter, read_only=True)


@dataclass(frozen=True)
class ViewParameters:
    """Of the live view."""

    host: str = parameter(DEFAULT_HOST, "Address to listen on; with 0.0.0.0 whoever reaches this machine sees it.")
    port: int = parameter(DEFAULT_PORT, "Port of the page; 0: any free one.", limits=(0, 65535))
    output_dir: str = parameter(".", "Folder of what the record button writes; made where it is missing.")
    rate_hz: float = parameter(30.0, "Frames a second of the recorded video.", unit="Hz", limits=(1, 240))
    image_transport: str = parameter("raw", "Kind of images on the topic image.", choices=("raw", "compressed"))
    assumed_fov_deg: float = parameter(
        53.0,
        "Horizontal field of view of a camera without camera_info; as the tracker's, or heads stand beside the image.",
        unit="deg",
        limits=(0.0, 170.0),
    )
    redact: str = parameter(
        "none",
        "Make faces unrecognisable on the page and in recordings, which then lag by some frames (docs/privacy.md).",
        choices=("none", *STYLES),
    )
