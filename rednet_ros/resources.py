"""Where the files that ship with the package lie: beside a source checkout, or in an install's share folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from rednet_ros.errors import RednetError, WeightsError
from rednet_ros.files import user_path

MODELS_VARIABLE = "REDNET_ROS_MODELS"
"""Environment variable naming a folder to use in place of the shipped models."""

DEFAULT_WEIGHTS = "rednet-lite-clean"
"""What is used where nobody asks for other weights: the best ones that may be used for anything."""


def models_dir() -> Path:
    """The folder of network weights and detectors, as an absolute path.

    The first that exists of: the folder named by `REDNET_ROS_MODELS`; `models/` of the source checkout that this
    module is in (symbolic links followed); `share/rednet_ros/models` of the prefix that it is installed in; the same
    below the prefixes of `AMENT_PREFIX_PATH`.

    Raises `RednetError` when there is none, or when the variable names something that is not a folder.
    """
    named = os.environ.get(MODELS_VARIABLE)
    if named:
        folder = user_path(named).absolute()
        if not folder.is_dir():
            raise RednetError(
                f"{MODELS_VARIABLE}={named} is no folder: correct it, or unset it to use the shipped models"
            )
        return folder
    found = _find("models")
    if found is None:
        raise RednetError(
            f"the models folder was not found beside {__file__}, nor below its prefix or those of AMENT_PREFIX_PATH: "
            f"install the package again, or set {MODELS_VARIABLE} to a folder of weights"
        )
    return found


def resolve_weights(name_or_path: str | Path) -> Path:
    """The weights of a shipped network (by name, such as "rednet-lite") or of the user's own (by path).

    The path ends in .safetensors. An installation for CPUs may have only the .onnx and the .json that lie beside it.

    Raises:
        WeightsError: no such file; the message lists the shipped names. Of weights whose card alone is installed (a
            wheel leaves out what is large) it says where they are.
    """
    path = user_path(name_or_path)
    is_path = path.suffix == ".safetensors" or path.parent != Path()
    weights = path if is_path else models_dir() / f"{path}.safetensors"
    if is_file(weights) or is_file(weights.with_suffix(".onnx")):
        return weights
    names = _shipped_names()
    if is_path:
        raise WeightsError(f"no weights file at {path}: check the path, or give one of {names}")
    if is_file(weights.with_suffix(".md")):
        raise WeightsError(
            f"{weights.name} does not come with this installation, which is kept small: copy it from the folder models "
            f"of the source repository to {weights.parent}, or give its path; here are {names}"
        )
    raise WeightsError(f"no shipped weights named {str(name_or_path)!r}: choose one of {names}, or give a path")


def _shipped_names() -> str:
    try:
        folder = models_dir()
    except RednetError:
        return "(there is no folder of shipped weights)"
    names = {file.stem for kind in ("safetensors", "onnx") for file in folder.glob(f"rednet*.{kind}")}
    return ", ".join(sorted(names)) or f"(none in {folder})"


def is_file(path: str | Path) -> bool:
    """Whether `path` is a file that can be reached; False, too, for a name that no file system takes.

    Before Python 3.14 `Path.is_file` raises for names that are too long, and for folders that may not be entered.
    """
    return os.path.isfile(path)  # noqa: PTH113


def config_dir() -> Path | None:
    """The folder of configuration files, searched like the models; None in an install without it (pip's)."""
    return _find("config")


def _find(name: str) -> Path | None:
    return next((folder for folder in _candidates(Path(__file__), name) if folder.is_dir()), None)


def _candidates(module: Path, name: str) -> Iterator[Path]:
    checkout = module.resolve().parents[1]
    if (checkout / "package.xml").is_file():
        yield checkout / name
    ament_prefixes = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    for prefix in [*module.absolute().parents, *ament_prefixes]:
        yield prefix / "share" / "rednet_ros" / name
