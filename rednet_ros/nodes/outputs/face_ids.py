"""Ids of faces that are unique among all nodes: TF frames and the topics of ROS4HRI have one name space for a robot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from rednet_ros.tracking.types import Face

FROM_NODE = "auto"
"""Value of the parameter `id_prefix` for a prefix made of the node's namespace and name."""

PATTERN = "([A-Za-z][A-Za-z0-9_]*)?"
"""Of a prefix: ids start with a letter, and are parts of topics and frames."""


def id_prefix(wanted: str, namespace: str, own_name: str = "") -> str:
    """The prefix for the parameter's value in a node: `front_` in /front, nothing in /.

    `own_name`: the node's name, empty where that is the usual one. Where this name or several levels of namespaces take
    part, a checksum of all of them follows: /a/b is not /a_b, and the node b in /a is neither.
    """
    if wanted != FROM_NODE:
        return wanted
    levels = [level for level in (*namespace.split("/"), own_name) if level]
    readable = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(levels)).strip("_").lstrip("0123456789_")
    if not levels:
        return ""
    if not own_name and levels == [readable]:
        return f"{readable}_"
    checksum = hashlib.sha256(f"{namespace} {own_name}".encode()).hexdigest()[:4]
    return f"{readable or 'n'}_{checksum}_"


def with_prefix(faces: Sequence[Face], prefix: str) -> Sequence[Face]:
    """The same faces, `prefix` before each one's id."""
    return [replace(face, id=prefix + face.id) for face in faces] if prefix else faces
