"""rednet-evaluate: landmark errors on labelled faces, flicker on clips, verification of people."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from rednet_ros.cli import command
from rednet_ros.cli.evaluate_options import NAME, argument_parser, check
from rednet_ros.errors import InputError
from rednet_ros.evaluation import flicker_run as evaluation_flicker
from rednet_ros.evaluation import identity_run as evaluation_identity
from rednet_ros.evaluation.accuracy import FaceResult, worst
from rednet_ros.evaluation.data import DataSet, joined, open_data
from rednet_ros.evaluation.error_curves import error_over_time
from rednet_ros.evaluation.networks import Network, open_networks
from rednet_ros.evaluation.paper_table_run import print_table
from rednet_ros.evaluation.plots import (
    check_matplotlib,
    plot_cumulative_errors,
    plot_error_over_time,
    plot_roc,
)
from rednet_ros.evaluation.report import as_record, as_table, rounded, worst_sheet
from rednet_ros.evaluation.runs import Run, run_all
from rednet_ros.evaluation.verification import PairScores
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.training.datasets.annotation import UNITS

WORST_COUNT = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 2 for input that cannot be used."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def run(options: argparse.Namespace) -> None:
    """Evaluate and report. Raises the package's errors."""
    check(options)
    command.check_outputs(
        [*options.data, *options.flicker], [options.json, options.ced, options.over_time, options.roc]
    )
    if any((options.ced, options.over_time, options.roc)):
        check_matplotlib()
    if options.flicker:
        _flicker(options)
        return
    data = [open_data(argument, options.split, options.unit, options.stored_pixels) for argument in options.data]
    networks = _networks(options)
    if options.verification:
        _verification(options, networks, data)
    elif options.table is not None:
        print(print_table(options.table, networks, data, options))
    else:
        _landmarks(options, networks, joined(data, options.unit))


def _networks(options: argparse.Namespace) -> list[Network]:
    return open_networks(options.weights or [DEFAULT_WEIGHTS], options.device, options.landmarks == "7")


def _landmarks(options: argparse.Namespace, networks: Sequence[Network], data: DataSet) -> None:
    tracking = options.protocol == "tracking"
    runs = run_all(networks, data, tracking, options)
    records = [_record(options, run) for run in runs]
    print(as_table(*records))
    _write_json(options.json, records)
    if options.ced is not None:
        errors = {run.title: run.evaluation.face_errors() for run in runs}
        plot_cumulative_errors(options.ced, errors, UNITS[data.unit])
    if options.over_time is not None:
        curves = {run.title: error_over_time(run.evaluation.results) for run in runs}
        plot_error_over_time(options.over_time, curves, UNITS[data.unit])
    if options.worst is not None:
        for number, run in enumerate(runs, 1):
            name = "worst.png" if len(runs) == 1 else f"worst_{number}.png"
            path = _write_worst(options.worst / name, worst(run.evaluation.results, WORST_COUNT))
            print(f"worst faces{'' if len(runs) == 1 else f' of {run.title}'}: {path}")


def _record(options: argparse.Namespace, run: Run) -> dict[str, Any]:
    about = {
        "weights": run.network.title,
        "boxes": options.boxes,
        "split": options.split,
        "landmarks": options.landmarks,
        "protocol": "stills" if run.memory is None else "tracking",
        "memory": None if run.memory is None else run.memory.value,
        "weights_mb": run.network.weights_mb,
    }
    record = as_record(run.evaluation, about)
    if run.memory is not None:
        record["error_over_time"] = rounded((100 * error_over_time(run.evaluation.results)).tolist())
    return record


def _flicker(options: argparse.Namespace) -> None:
    paths = evaluation_flicker.clips(options.flicker)
    records: list[dict[str, Any]] = []
    for network in _networks(options):
        record = rounded(evaluation_flicker.as_record(network, evaluation_flicker.measure(network, paths)))
        print(("\n" if records else "") + evaluation_flicker.as_text(record))
        records.append(record)
    _write_json(options.json, records)


def _verification(options: argparse.Namespace, networks: Sequence[Network], data: Sequence[DataSet]) -> None:
    records: list[dict[str, Any]] = []
    curves: dict[str, PairScores] = {}
    for network in networks:
        faces = [face for part in data for face in part.faces]
        scores, missed = evaluation_identity.verify(network, faces, options.boxes == "truth")
        record = rounded(evaluation_identity.as_record(network, scores, missed))
        print(("\n" if records else "") + evaluation_identity.as_text(record))
        records.append(record)
        curves.update({f"{network.title}, {name}": pairs for name, pairs in scores.items()})
    _write_json(options.json, records)
    if options.roc is not None:
        plot_roc(options.roc, curves)


def _write_json(path: Path | None, records: Sequence[dict[str, Any]]) -> None:
    """One object as such, several as a list."""
    if path is None:
        return
    content = records[0] if len(records) == 1 else list(records)
    try:
        path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _write_worst(path: Path, results: Sequence[FaceResult]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        encoded = cv2.imencode(".png", worst_sheet(results))[1]
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    return path


if __name__ == "__main__":
    raise SystemExit(main())
