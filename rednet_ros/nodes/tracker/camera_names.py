"""Where the topics of a camera are: `faces` of the only camera, `front/faces` of the camera called front."""

from __future__ import annotations


def in_camera(camera: str, topic: str) -> str:
    """The relative `topic` of `camera`; absolute topics and those of the camera without a name stay."""
    return topic if not camera or topic.startswith(("/", "~")) else f"{camera}/{topic}"


def of_camera(camera: str) -> str:
    """` of camera 'front'` for messages to people, nothing for the camera without a name."""
    return f" of camera '{camera}'" if camera else ""
