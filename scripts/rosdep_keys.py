"""Looks up the keys of this repository's package.xml files in rosdistro, and writes test/rosdep_keys.txt.

python3 scripts/rosdep_keys.py ~/rosdistro      # a clone of ros/rosdistro; needs PyYAML
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
KEYS_FILE = ROOT / "test" / "rosdep_keys.txt"
DISTRIBUTIONS = ("jazzy", "kilted", "lyrical")
PLATFORMS = ("ubuntu noble", "ubuntu resolute", "debian bookworm", "debian trixie")
"""The Ubuntu and Debian releases that the distributions are built for."""

HEADER = """\
# Where rosdistro resolves the keys of package.xml, here and in examples/: the distributions that have the package, or
# the platforms whose own package manager (not pip) has it. Written by scripts/rosdep_keys.py from {state}
"""


def main() -> int:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "rosdep" / "base.yaml").is_file():
        print("usage: rosdep_keys.py FOLDER, a clone of ros/rosdistro", file=sys.stderr)
        return 2
    rosdistro = Path(sys.argv[1])
    released = {name: packages_of(read(rosdistro / name / "distribution.yaml")) for name in DISTRIBUTIONS}
    rules = read(rosdistro / "rosdep" / "base.yaml") | read(rosdistro / "rosdep" / "python.yaml")
    lines = []
    for key in sorted(keys_of_this_repository(ROOT)):
        found = [name for name in DISTRIBUTIONS if key in released[name]]
        found += [name.replace(" ", "-") for name in PLATFORMS if has_package(rules.get(key), *name.split())]
        lines.append(f"{key}: {' '.join(found)}")
        print(lines[-1])
    command = ["git", "-C", str(rosdistro), "log", "-1", "--format=ros/rosdistro %h of %cs."]
    state = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    KEYS_FILE.write_text(HEADER.format(state=state) + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


def keys_of_this_repository(root: Path) -> set[str]:
    """What the package.xml files name in any *depend, this repository's packages left out."""
    trees = [ElementTree.parse(file) for file in (root / "package.xml", *root.glob("examples/*/package.xml"))]
    own = {tree.findtext("name") for tree in trees}
    return {element.text or "" for tree in trees for element in tree.iter() if element.tag.endswith("depend")} - own


def packages_of(distribution: dict[str, Any]) -> set[str]:
    """The names of all packages released into a distribution."""
    names: set[str] = set()
    for repository, entry in distribution["repositories"].items():
        if release := entry.get("release"):
            names |= set(release.get("packages", [repository]))
    return names


def has_package(rule: dict[str, Any] | None, system: str, codename: str) -> bool:
    """Whether a rosdep rule names packages of this system's own manager for this release of it."""
    found: Any = (rule or {}).get(system)
    if isinstance(found, dict) and not found.keys() & {"pip", "apt", "packages"}:
        found = found.get(codename, found.get("*"))
    return bool(found) and not (isinstance(found, dict) and "pip" in found)


def read(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


if __name__ == "__main__":
    sys.exit(main())
