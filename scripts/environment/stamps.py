"""Remembers by a hash of its inputs that a step is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(texts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Hash of some texts and of the names and contents of some files."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


class Stamp:
    """The file that holds the fingerprint of a step's last success."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def agrees(self, expected: str) -> bool:
        return self.file.is_file() and self.file.read_text(encoding="ascii") == expected

    def write(self, value: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(value, encoding="ascii")

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)
