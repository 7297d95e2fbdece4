"""rednet-render: renders training faces from a folder of assets."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from rednet_ros.cli import command
from rednet_ros.errors import InputError
from rednet_ros.media.contact_sheet import contact_sheet
from rednet_ros.media.images import read_image, write_image
from rednet_ros.tracking.types import ImageArray
from rednet_ros.training.rendering.assets import find_assets
from rednet_ros.training.rendering.shards import RenderSettings, is_complete, join_labels, plan, prepare_output
from rednet_ros.training.rendering.workers import render_all
from rednet_ros.wording import progress_interval_s

NAME = "rednet-render"

SHEET_COLUMNS, TILE_PX, JPEG_QUALITY = 8, 144, 86
SEEN_BGR, HIDDEN_BGR = (60, 235, 60), (70, 70, 255)
SUBPIXEL_BITS = 4


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Render faces with exact landmarks to train on; interrupt and call again to go on.")
    parser.add_argument("--assets", metavar="FOLDER", type=Path, required=True, help="see docs/rendering.md")
    parser.add_argument("--output", metavar="FOLDER", type=Path, required=True, help="gets labels.jsonl and pictures")
    parser.add_argument("--count", metavar="N", type=_whole_number, default=64, help="stills (default: %(default)s)")
    parser.add_argument("--clips", metavar="M", type=_whole_number, default=0, help="clips (default: none)")
    parser.add_argument("--frames", metavar="T", type=command.positive, default=10, help="of a clip (%(default)s)")
    parser.add_argument("--seed", metavar="S", type=_whole_number, default=0, help="other seeds, other faces")
    parser.add_argument("--size", metavar="PX", type=command.positive, default=224, help="of pictures (%(default)s)")
    parser.add_argument("--identities", metavar="K", type=command.positive, help="people at most (default: no limit)")
    parser.add_argument("--processes", metavar="P", type=command.positive, help="default: one a core")
    parser.add_argument("--sheet", metavar="FILE", type=Path, help="draw the first 64 pictures with their landmarks")
    return parser


def run(options: argparse.Namespace) -> None:
    """Render what is missing. Raises the package's errors."""
    settings = RenderSettings(
        count=options.count,
        clips=options.clips,
        frames=options.frames,
        seed=options.seed,
        size_px=options.size,
        identities=options.identities,
    )
    find_assets(options.assets)
    command.check_outputs([], [options.sheet])
    prepare_output(options.output, settings)
    shards = plan(settings)
    missing = [shard for shard in shards if not is_complete(options.output, shard)]
    total = settings.count + settings.clips * settings.frames
    kept = total - sum(shard.pictures for shard in missing)
    processes = options.processes or os.cpu_count() or 1
    began = time.monotonic()
    done = 0
    steps = render_all(options.assets, settings, missing, options.output, processes)
    try:
        with closing(steps), _progress_bar(total, kept) as bar:
            for step in steps:
                done += step
                bar.update(step)
    finally:
        rows = join_labels(options.output, shards)
    if options.sheet:
        write_sheet(options.output, options.sheet)
    _summarise(options.output, rows, done, time.monotonic() - began)


def write_sheet(output: Path, file: Path) -> None:
    """The first pictures of a folder's labels.jsonl as a sheet: visible landmarks green, hidden ones red.

    Raises InputError for a folder without rows, a picture that cannot be read and a file that cannot be written.
    """
    lines = (output / "labels.jsonl").read_text(encoding="utf-8").splitlines()[: SHEET_COLUMNS**2]
    if not lines:
        raise InputError(f"{output}: nothing is rendered, there is no sheet to draw")
    tiles = [_tile(output, json.loads(line)) for line in lines]
    write_image(file, contact_sheet(tiles, SHEET_COLUMNS), JPEG_QUALITY)


def _tile(output: Path, row: dict[str, Any]) -> ImageArray:
    image = read_image(output / row["image"])
    scale = TILE_PX / image.shape[0]
    tile = cv2.resize(image, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    for place, seen in zip((np.array(row["points"]) + 0.5) * scale - 0.5, row["visible"], strict=True):
        centre = np.rint(place * 2**SUBPIXEL_BITS).astype(int).tolist()
        cv2.circle(tile, centre, 2**SUBPIXEL_BITS, SEEN_BGR if seen else HIDDEN_BGR, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    return np.asarray(tile, np.uint8)


def _progress_bar(total: int, kept: int) -> tqdm:
    return tqdm(total=total, initial=kept, unit="image", mininterval=progress_interval_s())


def _summarise(output: Path, rows: int, done: int, seconds: float) -> None:
    print(f"{rows} pictures in {output / 'labels.jsonl'}")
    if done:
        print(f"{done} rendered in {seconds:.0f} s, {done / seconds:.1f} images/s")


def _whole_number(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, not {value}")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
