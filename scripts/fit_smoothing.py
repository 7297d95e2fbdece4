"""Fits the smoothing of a weights file (docs/training.md) to clips of the training faces; all else stays.

To be done after the last stage of a configuration with `smoothing: true`. Takes the faces, the camera and the light of
the configuration's stage of clips. Prints error and flicker on clips of the faces that are kept apart.

    python scripts/run_in_environment.py python scripts/fit_smoothing.py config/train/rednet-lite.yaml \\
        --weights models/mine.safetensors --data faces68/labels.jsonl --data renders/labels.jsonl
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from rednet_ros.cli.command import positive
from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet
from rednet_ros.network.smoothing import LandmarkSmoothing
from rednet_ros.training.clips import ClipBatch, ClipBatches
from rednet_ros.training.config import StageConfig, read_config
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.datasets.splits import split
from rednet_ros.training.smoothing_fit import FitSettings, fit, gather
from rednet_ros.training.validation import validate_clips
from rednet_ros.wording import progress_interval_s

FRAMES = 24
"""Of a clip: longer than those of the stage, since nothing but the landmarks is kept of them."""


def main() -> None:
    """Follow the faces, fit, and write the file anew."""
    options = _arguments()
    torch.set_num_threads(options.threads)
    path = weights.resolve(options.weights)
    trained, info = weights.load(path)
    stage = _stage_of_clips(options.config)
    training, apart = split([face for spec in options.data for face in open_dataset(spec)])
    network = with_fresh_smoothing(trained, options.seed)
    paths = gather(network, _clips(FacePool(training), stage, options))
    assert network.smoothing is not None
    fit(network.smoothing, paths, FitSettings(jitter=options.jitter, seed=options.seed))
    weights.save(path, network, info)
    print(f"{path}: fitted to {len(paths)} clips of {FRAMES} frames")
    for source in dict.fromkeys(face.source for face in apart):
        errors = validate_clips(network, FacePool([face for face in apart if face.source == source]), stage)
        print(
            f"{source}: error {errors.nme:.2f} % ({errors.nme_stateless:.2f} without state), "
            f"flicker of the error {errors.flicker:.2f} % ({errors.flicker_stateless:.2f})"
        )


def with_fresh_smoothing(trained: REDNet, seed: int) -> REDNet:
    """The same network with a smoothing that has learned nothing yet."""
    torch.manual_seed(seed)
    network = REDNet(replace(trained.config, smoothing=True))
    kept = {name: value for name, value in trained.state_dict().items() if not name.startswith("smoothing.")}
    network.load_state_dict({**network.state_dict(), **kept})
    network.smoothing = LandmarkSmoothing()  # drawn after all else: so the shipped weights' smoothing began
    return network.eval()


def _stage_of_clips(config: Path) -> StageConfig:
    stages = [stage for stage in read_config(config).stages if stage.kind == "clips"]
    if not stages:
        raise SystemExit(f"{config} has no stage of clips")
    return replace(stages[-1], clips=replace(stages[-1].clips, frames=FRAMES, vanish=0.0))


def _clips(pool: FacePool, stage: StageConfig, options: argparse.Namespace) -> Iterator[ClipBatch]:
    batches = ClipBatches(pool, stage, (options.seed,), stage.batch)
    for step in tqdm(range(-(-options.clips // stage.batch)), unit="batch", mininterval=progress_interval_s()):
        yield batches[step]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fit the smoothing of weights to how their landmarks tremble.")
    parser.add_argument("config", metavar="CONFIG", type=Path, help="configuration with a stage of clips")
    parser.add_argument("--weights", required=True, help="name or file of weights with a temporal module; is changed")
    parser.add_argument("--data", metavar="[FORMAT:]PATH", action="append", required=True, help="as of rednet-train")
    parser.add_argument("--clips", type=positive, default=360, help="clips that are seen (default: %(default)s)")
    parser.add_argument("--jitter", type=float, default=1.0, help="weight of the flicker (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of clips and fit (default: %(default)s)")
    parser.add_argument("--threads", type=positive, default=1, help="CPU threads (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
