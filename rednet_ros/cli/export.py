"""rednet-export: the network as an engine for this machine, with what it is of beside it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rednet_ros.cli import command
from rednet_ros.cli.export_parity import Parity, measure_parity, sample_crops
from rednet_ros.errors import InputError
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.types import ImageArray

NAME = "rednet-export"
BACKENDS = ("openvino", "tensorrt")
PRECISIONS = ("float16", "bfloat16", "float32")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for what cannot be used or built here, 130 when interrupted."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Build an engine of a network for this machine, ahead of time.")
    parser.add_argument("backend", choices=BACKENDS, help="openvino (CPU), or tensorrt (NVIDIA GPU, built on itself)")
    parser.add_argument(
        "--weights",
        metavar="N",
        default=DEFAULT_WEIGHTS,
        help="name of shipped weights, or a .safetensors file (default: %(default)s)",
    )
    parser.add_argument(
        "--output", metavar="F", type=Path, help="the engine file (default: where the tracker looks for it by itself)"
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float16", help="of a TensorRT engine (default: %(default)s)"
    )
    parser.add_argument(
        "--faces",
        metavar="INPUT",
        help="a video, image or folder with faces: how far the engine's landmarks are from float32 PyTorch's on them",
    )
    return parser


def run(options: argparse.Namespace) -> None:
    """Build, check and describe the engine. Raises the package's errors."""
    import torch  # takes seconds to load; `--help` need not wait

    from rednet_ros.inference.engine_file import CACHE_VARIABLE, EngineFile, file_sha256, usual_file
    from rednet_ros.network import weights

    network, _ = weights.load(options.weights)
    source = weights.resolve(options.weights)
    if options.output is not None:
        command.check_outputs([source], [options.output])
        engine = EngineFile(options.output, file_sha256(source))
    elif (usual := usual_file(source, options.backend)) is not None:
        command.check_writable(usual.path, f"; give --output, or set {CACHE_VARIABLE}")
        engine = usual
    else:
        raise InputError(f"this user has no home folder for engines: give --output, or set {CACHE_VARIABLE}")
    crops = None if options.faces is None else sample_crops(options.faces, network.config.crop_px)
    if options.backend == "openvino":
        from rednet_ros.inference.backends import openvino

        openvino.build(network, engine)
    else:
        from rednet_ros.inference.backends import tensorrt

        tensorrt.build(network, getattr(torch, options.precision), engine)
    parity = _check(options.weights, options.backend, engine.path, crops)
    facts = {} if parity is None else {"parity": parity.to_dict()}
    engine.describe(facts)
    print(f"{engine.path}: engine for {options.backend}, described in {engine.sidecar.name}")
    print("not compared with float32: give --faces" if parity is None else parity.text())


def _check(weights_name: str, backend: str, path: Path, crops: ImageArray | None) -> Parity | None:
    """Load the engine as the tracker will, and compare it. Raises InputError if it does not serve."""
    from rednet_ros.inference.engine import LandmarkEngine

    device = "cpu" if backend == "openvino" else "cuda"
    engine = LandmarkEngine.load(weights_name, device, backend=backend, engine_file=path)
    if not engine.backend.startswith(backend):
        raise InputError(f"the engine was built and cannot be used: {'; '.join(engine.notices)}")
    size_px = engine.crop_size_px
    reference = LandmarkEngine.load(weights_name, device, backend="eager")
    if crops is None:
        engine.run(np.zeros((1, size_px, size_px, 3), np.uint8))
        return None
    return measure_parity(reference, engine, crops)
