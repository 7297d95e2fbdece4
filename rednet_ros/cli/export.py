"""rednet-export: a network's step for machines without PyTorch, or an engine for this machine's GPU."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from rednet_ros.cli import command
from rednet_ros.errors import InputError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.media.video import open_source
from rednet_ros.resources import DEFAULT_WEIGHTS, resolve_weights
from rednet_ros.tracking.detector.crop_calibration import crop_from_detection
from rednet_ros.tracking.detector.models import load_detector
from rednet_ros.tracking.types import ImageArray

NAME = "rednet-export"
KINDS = ("step", "int8", "tensorrt")
PRECISIONS = ("float16", "bfloat16", "float32")
MAX_CROPS, EVERY_FRAMES = 150, 5


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for what cannot be used or built here, 130 when interrupted."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Write what runs a network without PyTorch, or build an engine for this GPU.")
    parser.add_argument(
        "kind",
        nargs="?",
        choices=KINDS,
        default="step",
        help="step (default): NAME.onnx and NAME.json beside the weights, for CPUs; int8: to these, NAME.int8.xml and "
        "NAME.int8.bin, calibrated on --faces; tensorrt: an engine for this GPU",
    )
    parser.add_argument(
        "--weights",
        metavar="N",
        default=DEFAULT_WEIGHTS,
        help="name of shipped weights, or a .safetensors file (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        metavar="F",
        type=Path,
        help="the TensorRT engine (default: where the tracker looks for it)",
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float16", help="of a TensorRT engine (default: %(default)s)"
    )
    parser.add_argument(
        "--faces",
        metavar="INPUT",
        help="a video, image or folder with faces: how far the landmarks are from float32 PyTorch's on them",
    )
    return parser


def run(options: argparse.Namespace) -> None:
    """Build and check. Raises the package's errors."""
    if options.kind == "int8":
        _quantize(options)
        return
    from rednet_ros.network import weights  # needs torch, as the rest of the command does

    source = resolve_weights(options.weights)
    if options.output is not None:
        command.check_outputs([source], [options.output])
    network, info = weights.load(source)
    crops = None if options.faces is None else sample_crops(options.faces, network.config.crop_px)
    if options.kind == "step":
        from rednet_ros.inference import step_file
        from rednet_ros.inference.export import to_onnx
        from rednet_ros.inference.torch_runtime import describe

        command.check_writable(source.with_suffix(".onnx"))
        step_file.write(source, to_onnx(network), describe(network, info))
        print(f"{source.with_suffix('.onnx')}: one step, described in {source.with_suffix('.json').name}")
        engines = [_load(source, backend) for backend in ("opencv", "openvino")]
    else:
        import torch

        from rednet_ros.inference import tensorrt

        path = tensorrt.engine_file(source, options.output)
        if path is None:
            raise InputError(f"this user has no home folder: give --output, or set {tensorrt.CACHE_VARIABLE}")
        command.check_writable(path, f"; give --output, or set {tensorrt.CACHE_VARIABLE}")
        tensorrt.build(network, getattr(torch, options.precision), path, source)
        print(f"{path}: engine for TensorRT, described in {path.with_suffix('.json').name}")
        engines = [LandmarkEngine.load(source, backend="tensorrt", engine_file=path)]
    reference = LandmarkEngine.of_network(network, info)
    for engine in filter(None, engines):
        if crops is None:
            print(f"{engine.backend}: not compared with float32 PyTorch: give --faces")
        else:
            print(f"{engine.backend} {measure_parity(reference, engine, crops).text()}")


def _quantize(options: argparse.Namespace) -> None:
    from rednet_ros.inference import quantize, step_file

    if options.faces is None:
        raise InputError("int8 is calibrated on faces: give --faces, a video or a folder of pictures")
    source = resolve_weights(options.weights)
    file = step_file.read(source)
    command.check_writable(source.with_suffix(".int8.xml"))
    crops = sample_crops(options.faces, file.description.config.crop_px)
    step_file.write_int8(source, *quantize.quantize(file, crops))
    print(f"{source.with_suffix('.int8.xml')}: one step in 8 bits, calibrated on {len(crops)} faces")
    engine = _load(source, "openvino")
    if engine is not None:
        reference = LandmarkEngine.load(source, "cpu", backend="opencv")
        print(f"{engine.backend} {measure_parity(reference, engine, crops).text('float32 OpenCV')}")


def _load(source: Path, backend: str) -> LandmarkEngine | None:
    """The engine by this backend, None where it is not installed."""
    engine = LandmarkEngine.load(source, "cpu", backend=backend)
    return engine if engine.backend.startswith(backend) else None


@dataclass(frozen=True)
class Parity:
    """Distances of landmarks between two backends, in crop pixels, over 68 landmarks of each of `crops` crops."""

    crops: int
    mean_px: float
    p99_px: float
    max_px: float

    def to_dict(self) -> dict[str, float]:
        """Plain values, for JSON."""
        return {name: round(value, 6) for name, value in asdict(self).items()}

    def text(self, reference: str = "float32 PyTorch") -> str:
        """For people."""
        return (
            f"against {reference} on {self.crops} crops: mean {self.mean_px:.4f} px, "
            f"99 % below {self.p99_px:.4f} px, at most {self.max_px:.4f} px"
        )


def measure_parity(reference: LandmarkEngine, engine: LandmarkEngine, crops: ImageArray) -> Parity:
    """`crops`: N x S x S x 3 uint8 BGR, N at least 1; each is a first frame."""
    expected, got = (each.run(crops).landmarks_px for each in (reference, engine))
    distances_px = np.linalg.norm(got - expected, axis=2)
    p99_px = float(np.quantile(distances_px, 0.99))
    return Parity(len(crops), float(distances_px.mean()), p99_px, float(distances_px.max()))


def sample_crops(source: str, size_px: int) -> ImageArray:
    """Crops of the faces in every fifth frame of a video, image or folder, N x S x S x 3; at most 150.

    Raises InputError where the source cannot be read or shows no face.
    """
    detector = load_detector()
    crops: list[ImageArray] = []
    with open_source(source) as frames:
        for number, frame in enumerate(frames):
            if number % EVERY_FRAMES == 0:
                found = detector.detect(frame.image_bgr)
                crops += [crop_from_detection(face, size_px).extract(frame.image_bgr) for face in found]
            if len(crops) >= MAX_CROPS:
                break
    if not crops:
        raise InputError(f"{source}: no face was found in it, give another video or image")
    return np.stack(crops[:MAX_CROPS])
