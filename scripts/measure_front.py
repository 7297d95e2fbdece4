"""The front of error against time: the error of networks on labelled faces, and what one tracked face costs each.

    python scripts/run_in_environment.py python scripts/measure_front.py runs/front/*/weights.safetensors \\
        --labels LABELS.jsonl [--json docs/front.json] [--plot docs/images/front.png]

The error is that of `rednet-evaluate --split validation --boxes truth`. A tracked face's previous landmarks are known,
so a direct network takes one step. Times are medians of one thread; the runtimes of all networks take turns.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from rednet_ros.evaluation.data import open_data
from rednet_ros.evaluation.networks import Network
from rednet_ros.evaluation.plots import axes
from rednet_ros.evaluation.run import Settings, run_all
from rednet_ros.evaluation.tables import write_json
from rednet_ros.inference import step_file
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.export import to_onnx
from rednet_ros.inference.threads import same_threads
from rednet_ros.inference.torch_runtime import describe
from rednet_ros.network import weights
from rednet_ros.network.weights import WeightsInfo
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import read_picture

BACKENDS = ("opencv", "openvino")
ROUNDS = 60


@dataclass(frozen=True)
class Point:
    """A network on the front. `ms`: by the name of the runtime."""

    name: str
    parameters: int
    nme_mean: float
    nme_inner51: float
    ms: dict[str, float]


def main() -> None:
    """Measure, print, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", help="weights files, or names of shipped weights")
    parser.add_argument("--labels", required=True, help="a labels file")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--plot", type=Path, help="draw the front into this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        networks = {_name(path): _export(path, Path(folder) / _name(path)) for path in options.weights}
        points = measure(networks, options.labels)
    for point in sorted(points, key=lambda each: min(each.ms.values())):
        times = ", ".join(f"{backend} {ms:.2f} ms" for backend, ms in point.ms.items())
        print(f"{point.name:28s} {point.nme_mean:5.2f} %  inner 51 {point.nme_inner51:5.2f} %  {times}")
    if options.json:
        write_json(options.json, [asdict(point) for point in points])
    if options.plot:
        draw(options.plot, points)


def measure(networks: dict[str, tuple[Path, int]], labels: str) -> list[Point]:
    """All networks, by name their exported files and numbers of parameters."""
    engines = {
        name: [LandmarkEngine.load(path, "cpu", same_threads(1), backend) for backend in BACKENDS]
        for name, (path, _) in networks.items()
    }
    data = open_data(labels, "validation", None, False)
    times = _times([engine for pair in engines.values() for engine in pair], data.faces[:ROUNDS])
    points = []
    for name, pair in engines.items():
        (run,) = run_all([Network(name, pair[0], NoDetector())], data, Settings(from_truth=True))
        summary = run.evaluation.summary
        ms = {engine.backend: round(times[id(engine)], 3) for engine in pair}
        points.append(Point(name, networks[name][1], summary.nme_mean, summary.nme_inner51, ms))
    return points


def _times(engines: list[LandmarkEngine], faces: Sequence[LabelledFace]) -> dict[int, float]:
    """Milliseconds of a tracked face, by the engine's `id`."""
    taken: dict[int, list[float]] = {id(engine): [] for engine in engines}
    for face in faces:
        image = read_picture(face)
        for engine in engines:
            crop = CropTransform.from_landmarks(face.points_px, engine.crop_size_px)
            pixels, known, state = (
                crop.extract(image)[None],
                crop.to_crop(face.points_px)[None],
                engine.initial_state(1),
            )
            engine.run(pixels, known, state)
            began = time.perf_counter()
            engine.run(pixels, known, state)
            taken[id(engine)].append(1000 * (time.perf_counter() - began))
    return {key: float(np.median(values)) for key, values in taken.items()}


def _export(path: str, target: Path) -> tuple[Path, int]:
    network, _ = weights.load(path)
    info = WeightsInfo(target.name, "", "")
    file = target.with_suffix(".safetensors")
    weights.save(file, network, info)
    step_file.write(file, to_onnx(network), describe(network, info))
    return file, sum(parameter.numel() for parameter in network.parameters())


def _name(path: str) -> str:
    """The run's folder for the files of runs, else the name itself."""
    return Path(path).parent.name if path.endswith("weights.safetensors") else Path(path).stem


def draw(path: Path, points: list[Point]) -> None:
    """Error against time: markers for each runtime, named at the slower one, above and below in turn."""
    slowest = max(points[0].ms, key=lambda backend: points[0].ms[backend])
    with axes(path) as drawn:
        for backend in points[0].ms:
            times_ms = [point.ms[backend] for point in points]
            drawn.plot(times_ms, [point.nme_mean for point in points], "o", label=backend)
        for number, point in enumerate(sorted(points, key=lambda each: each.ms[slowest])):
            place, below = (point.ms[slowest], point.nme_mean), number % 2 == 1
            offset = {"xytext": (4, -4 if below else 4), "textcoords": "offset points"}
            drawn.annotate(point.name, place, fontsize=7, va="top" if below else "bottom", **offset)
        drawn.set(
            xlabel="one tracked face, ms of one thread",
            ylabel="mean error, % of the distance\nof the outer eye corners",
            xscale="log",
            xticks=(times := (3, 5, 10, 20, 50)),
            xticklabels=times,
        )
        drawn.minorticks_off()
        drawn.margins(x=0.15)


if __name__ == "__main__":
    main()
