"""Ids of faces that are unique among all nodes: TF frames and the topics of ROS4HRI have one name space for a robot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rednet_ros.tracking.types import Face

FROM_NAMESPACE = "auto"
"""Value of the parameter `id_prefix` for a prefix made of the node's namespace."""

PATTERN = "([A-Za-z][A-Za-z0-9_]*)?"
"""Of a prefix: ids start with a letter, and are parts of topics and frames."""


def id_prefix(wanted: str, namespace: str) -> str:
    """The prefix for the parameter's value in a node's namespace: `front_` in /front, nothing in /."""
    if wanted != FROM_NAMESPACE:
        return wanted
    name = re.sub(r"[^A-Za-z0-9]+", "_", namespace).strip("_").lstrip("0123456789_")
    return f"{name}_" if name else ""


def with_prefix(faces: Sequence[Face], prefix: str) -> Sequence[Face]:
    """The same faces, `prefix` before each one's id."""
    return [replace(face, id=prefix + face.id) for face in faces] if prefix else faces
