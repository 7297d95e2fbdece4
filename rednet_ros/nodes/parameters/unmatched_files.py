"""Parameters files that say nothing about the node they were given to, which ROS takes without a word."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml


def unmatched(arguments: Sequence[str], node: str) -> list[str]:
    """A line for the log for each parameters file on a command line that has no entry for `node`, whose name is fully
    qualified (/front/rednet_tracker). Files that ROS has refused, or would, are left out."""
    paths = [path for option, path in itertools.pairwise(arguments) if option == "--params-file"]
    return [text for path in paths if (text := _unmatched(path, node))]


def _unmatched(path: str, node: str) -> str:
    try:
        tree = yaml.safe_load(Path(path).read_bytes())
    except (OSError, yaml.YAMLError):
        return ""
    names = list(_entries(tree))
    if any(_matches(name, node) for name in names):
        return ""
    found = f"its entries are for {', '.join(names)}" if names else "it has no entries"
    return f"{path} sets no parameter of {node}: {found}; write {node}, or /** for nodes of any name"


def _entries(tree: Any, above: str = "") -> Iterator[str]:
    """The names of nodes, with wildcards, that have `ros__parameters`."""
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if key == "ros__parameters":
            yield above
        else:
            yield from _entries(value, above + "/" + str(key).strip("/"))


def _matches(entry: str, node: str) -> bool:
    """As ROS does: `*` is one level, `**` any number of them."""
    pattern = entry.replace("/**", r"(/\w+)#").replace("/*", r"(/\w+)").replace("#", "*")
    return re.fullmatch(pattern, node) is not None
