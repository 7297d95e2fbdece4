"""Files of networks built for one machine, each with a JSON sidecar that says for which, and from what."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rednet_ros.errors import RednetError
from rednet_ros.files import user_path
from rednet_ros.inference.graph import GRAPH_VERSION

CACHE_VARIABLE = "REDNET_ROS_CACHE"
"""Environment variable that names a folder for engine files, in place of ~/.cache/rednet_ros."""


class EngineMismatchError(RednetError):
    """An engine file is missing, damaged or made for something else; the message names what."""


@dataclass(frozen=True)
class EngineFile:
    """The engine at `path`, which is to be of the weights with this `weights_sha256`; beside it a `.json`.

    An engine may be several files of one folder (OpenVINO's numbers lie in a `.bin`): the sidecar holds the checksum of
    each, and all of them are checked.
    """

    path: Path
    weights_sha256: str

    @property
    def sidecar(self) -> Path:
        """The file that says what the engine is of."""
        return self.path.with_suffix(".json")

    def check(self, here: Mapping[str, Any]) -> dict[str, Any]:
        """The sidecar, if the engine is whole, of these weights, and of the machine and versions `here`.

        Raises:
            EngineMismatchError: naming each thing that differs, as it is in the file and as it is here.
        """
        told = self._told()
        expected = {**here, "weights_sha256": self.weights_sha256, "graph_version": GRAPH_VERSION}
        differing = [
            f"{name} is {told.get(name)!r} in the file, {value!r} here"
            for name, value in expected.items()
            if told.get(name) != value
        ]
        if differing:
            raise EngineMismatchError(f"{self.path} is of something else: {'; '.join(differing)}")
        self._check_files(told.get("files_sha256"))
        return told

    def write(self, save: Callable[[Path], None], facts: Mapping[str, Any]) -> None:
        """Have `save` write the engine, then the sidecar with `facts`. Raises OSError where that is not possible.

        `save` gets a path in an empty folder; whatever it writes there is the engine, and is moved to where it belongs
        when it is whole: another process may be reading the files of before, or writing its own.
        """
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as unfinished:
            save(Path(unfinished) / self.path.name)
            files = sorted(Path(unfinished).iterdir())
            checksums = {file.name: file_sha256(file) for file in files}
            self.sidecar.unlink(missing_ok=True)  # an engine without one is not used: no half-written one ever is
            for file in files:
                file.replace(folder / file.name)
        self._tell(
            {
                **facts,
                "weights_sha256": self.weights_sha256,
                "graph_version": GRAPH_VERSION,
                "files_sha256": checksums,
            }
        )

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Add to what the sidecar says. Raises EngineMismatchError where there is none, OSError where it is locked."""
        self._tell({**self._told(), **facts})

    def _check_files(self, checksums: object) -> None:
        """Raises EngineMismatchError unless every file of the engine is as it was written."""
        if not isinstance(checksums, dict) or self.path.name not in checksums:
            raise EngineMismatchError(f"{self.sidecar} has no checksum of {self.path.name}: it is of an older version")
        for name, expected in checksums.items():
            file = self.path.parent / Path(name).name
            try:
                found = file_sha256(file)
            except OSError as error:
                raise EngineMismatchError(f"{file} cannot be read: {error}") from error
            if found != expected:
                raise EngineMismatchError(f"{file} is damaged: its checksum is not that in {self.sidecar.name}")

    def _tell(self, told: Mapping[str, Any]) -> None:
        partial = self.sidecar.with_suffix(".partial")
        partial.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.sidecar)

    def _told(self) -> dict[str, Any]:
        try:
            told = json.loads(self.sidecar.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise EngineMismatchError(f"there is no engine with a sidecar at {self.path}") from error
        except (OSError, ValueError) as error:
            raise EngineMismatchError(f"{self.sidecar} cannot be read: {error}") from error
        if not isinstance(told, dict):
            raise EngineMismatchError(f"{self.sidecar} is no sidecar of an engine: it holds no JSON object")
        return told


def usual_file(weights_file: Path, backend: str) -> EngineFile | None:
    """Where the engine of a weights file lies unless somebody says otherwise: in the user's cache, if there is one."""
    folder = cache_dir()
    if folder is None:
        return None
    sha256 = file_sha256(weights_file)
    suffix = {"openvino": "xml", "tensorrt": "ep"}[backend]
    return EngineFile(folder / f"{weights_file.stem}-{sha256[:12]}.{backend}.{suffix}", sha256)


def cache_dir() -> Path | None:
    """The folder of engine files that were not given another place; it need not exist yet.

    None for a user without a home folder, as in containers that run with an arbitrary user id, unless
    `REDNET_ROS_CACHE` or `XDG_CACHE_HOME` names one.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return user_path(named)
    cache = user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return cache / "rednet_ros" if cache.is_absolute() else None


def file_sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
