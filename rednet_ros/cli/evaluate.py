"""rednet-evaluate: landmark errors on labelled faces, flicker on clips, verification of people."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rednet_ros.cli import command
from rednet_ros.errors import InputError
from rednet_ros.evaluation import flicker_run
from rednet_ros.evaluation.accuracy import error_over_time
from rednet_ros.evaluation.data import DataSet, joined, open_data
from rednet_ros.evaluation.degraded import report as degraded_report
from rednet_ros.evaluation.degraded import run as degraded_run
from rednet_ros.evaluation.degraded.bursts import CHOICES
from rednet_ros.evaluation.degraded.clips import labelled, real
from rednet_ros.evaluation.degraded.summary import curve
from rednet_ros.evaluation.networks import Network, open_networks
from rednet_ros.evaluation.paper_tables import TABLES, paper_table
from rednet_ros.evaluation.plots import (
    check_matplotlib,
    plot_bursts,
    plot_cumulative_errors,
    plot_error_over_time,
    plot_roc,
)
from rednet_ros.evaluation.report import as_record, as_table, write_worst
from rednet_ros.evaluation.run import Settings, run_all
from rednet_ros.evaluation.tables import rounded, write_json
from rednet_ros.evaluation.verification import PairScores, verification_record, verification_text, verify
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.recognition.recognizer import FROM_WEIGHTS, load_recognizer
from rednet_ros.training.datasets.annotation import UNITS

NAME = "rednet-evaluate"

_OF_LANDMARKS = ("ced", "over_time", "worst")
_NOT_DEGRADED = ("ced", "worst", "stateless", "reinit")


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(
        NAME, "Measure landmark errors on labelled faces, flicker on clips, and how well people are told apart."
    )
    data_help = (
        "labels file, its images beside it; or FORMAT:FOLDER (300w, 300vw, aflw ...); with --table also NAME=DATA"
    )
    parser.add_argument("data", metavar="LABELS.jsonl", nargs="*", default=[], help=data_help)
    _add_protocol(parser.add_argument_group("what is measured"))
    _add_reports(parser.add_argument_group("reports"))
    command.add_network_arguments(parser, several=True)
    return parser


def _add_protocol(group: argparse._ArgumentGroup) -> None:
    add, tracking = group.add_argument, "with --protocol tracking: "
    add(
        "--boxes",
        choices=("detector", "truth"),
        default="detector",
        help="the found box that best covers the labelled face (default), or the tight box around its landmarks",
    )
    add(
        "--split",
        choices=("all", "validation", "train", "apart"),
        default="all",
        help="validation: 300-W images whose number is divisible by ten; train: the others; apart: the former and "
        "every tenth person, all that rednet-train never trains on (default: all)",
    )
    command.add_stored_pixels_argument(group)
    add(
        "--protocol",
        choices=("stills", "tracking"),
        help="stills: every image by itself (default); tracking: through each sequence, the box of a frame from the "
        "landmarks of the frame before. For --table the default is what the data are",
    )
    add("--stateless", action="store_true", help=f"{tracking}also with the state zero in every frame, and without z0")
    add(
        "--reinit",
        metavar="PERCENT",
        type=float,
        nargs="?",
        const=10.0,
        help=f"{tracking}begin anew after a frame with a larger error (default: never; 10 if no number is given)",
    )
    add(
        "--unit",
        choices=tuple(UNITS),
        help="what errors are divided by (default: the distance of the outer eye corners if every face has them "
        "annotated, else the size of the data set's face box, else of the box around the landmarks)",
    )
    add(
        "--landmarks",
        choices=("all", "7"),
        default="all",
        help="7: count those of the detection step only, also of networks that find no others (default: all)",
    )
    steps_help = "recurrent steps of every face by a direct network, on a CPU (default: as many as each face needs)"
    add("--steps", metavar="K", type=int, choices=(1, 2), help=steps_help)
    degrade_help = (
        f"{tracking}bursts of degraded frames, and how four rules get through them; with --flicker: on the faces of "
        "these clips, against the tracker's landmarks without bursts"
    )
    add("--degrade", metavar="KIND", choices=tuple(CHOICES), help=f"{degrade_help}. KIND: {', '.join(CHOICES)}")
    seed_help = "with --degrade: where bursts lie, and what they look like (default: 0)"
    add("--degrade-seed", metavar="N", type=int, default=0, help=seed_help)
    add("--verification", action="store_true", help="tell people apart instead, by the recognizers")
    recognizer_help = f"with --verification: {command.RECOGNIZER_HELP}; may be given several times (default: weights)"
    add("--recognizer", metavar="NAME", action="append", help=recognizer_help)
    portraits_help = "with --verification: compare the tracker's portraits, means of N good views of a sequence"
    add("--portraits", metavar="N", type=command.positive, default=0, help=portraits_help)
    flicker_help = "flicker on clips without annotation instead: videos, folders of frames, or folders of videos"
    add("--flicker", metavar="VIDEO", nargs="+", default=[], help=flicker_help)


def _add_reports(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--json", metavar="F", type=Path, help="write the numbers to this file")
    add("--worst", metavar="FOLDER", type=Path, help="write a picture of the 20 worst faces into this folder")
    add("--ced", metavar="F.png", type=Path, help="draw the cumulative error distribution")
    over_time_help = "with --protocol tracking: draw the error along the sequences; with --degrade: about a burst"
    add("--over-time", metavar="F.png", type=Path, help=over_time_help)
    add("--sheet", metavar="F.png", type=Path, help="with --degrade: a picture of degraded frames")
    add("--roc", metavar="F.png", type=Path, help="with --verification: draw the ROC")
    add("--table", metavar="N", type=int, choices=tuple(TABLES), help="print the paper's table 5 to 9 with our rows")


def check(options: argparse.Namespace) -> None:
    """Raises InputError for arguments that do not go together."""
    kinds = [name for name in ("flicker", "verification", "table") if getattr(options, name) not in (None, False, [])]
    if len(kinds) > 1:
        raise InputError(f"--{kinds[0]} and --{kinds[1]} are two evaluations: give one of them")
    kind = kinds[0] if kinds else None
    if kind == "flicker" and options.data:
        raise InputError(f"{options.data[0]}: --flicker takes clips only, give labelled faces without it")
    if kind != "flicker" and not options.data:
        raise InputError("give a labels file or FORMAT:FOLDER, or clips after --flicker")
    if options.degrade is not None:
        _check_degrade(options, kind)
    for name in _OF_LANDMARKS:
        if kind is not None and options.degrade is None and getattr(options, name) is not None:
            raise InputError(f"--{name.replace('_', '-')} is not for --{kind}")
    for name in ("roc", "portraits", "recognizer"):
        if getattr(options, name) and kind != "verification":
            raise InputError(f"--{name} needs --verification")
    if kind == "table" and options.json is not None:
        raise InputError("--json is not for --table: the table is text")
    if options.sheet is not None and options.degrade is None:
        raise InputError("--sheet needs --degrade")
    if options.protocol != "tracking" and kind != "table" and options.degrade is None:
        for name in ("stateless", "reinit", "over_time"):
            if getattr(options, name) not in (None, False):
                raise InputError(f"--{name.replace('_', '-')} needs --protocol tracking")


def _check_degrade(options: argparse.Namespace, kind: str | None) -> None:
    if kind not in (None, "flicker") or (kind is None and options.protocol != "tracking"):
        raise InputError("--degrade needs --protocol tracking, or clips after --flicker")
    for name in _NOT_DEGRADED:
        if getattr(options, name) not in (None, False):
            raise InputError(f"--{name} is not for --degrade")
    if options.landmarks != "all":
        raise InputError("--degrade is for all landmarks")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 2 for input that cannot be used."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def run(options: argparse.Namespace) -> None:
    """Evaluate and report. Raises the package's errors."""
    check(options)
    command.check_outputs(
        [*options.data, *options.flicker],
        [options.json, options.ced, options.over_time, options.roc, options.sheet],
    )
    if any((options.ced, options.over_time, options.roc)):
        check_matplotlib()
    paths = flicker_run.clips(options.flicker)
    data = [open_data(argument, options.split, options.unit, options.stored_pixels) for argument in options.data]
    names, only_major = options.weights or [DEFAULT_WEIGHTS], options.landmarks == "7"
    networks = open_networks(names, options.device, only_major, options.steps)
    if options.degrade is not None:
        _degraded(options, networks, joined(data, options.unit) if data else paths)
    elif options.flicker:
        _flicker(options, networks, paths)
    elif options.verification:
        _verification(options, networks, data)
    elif options.table is not None:
        print(paper_table(options.table, networks, data, _settings(options)))
    else:
        _landmarks(options, networks, joined(data, options.unit))


def _settings(options: argparse.Namespace) -> Settings:
    as_the_data_are = options.protocol is None and options.table is not None
    return Settings(
        from_truth=options.boxes == "truth",
        tracking=None if as_the_data_are else options.protocol == "tracking",
        stateless=options.stateless,
        reinit_above=None if options.reinit is None else options.reinit / 100,
        only_major=options.landmarks == "7",
    )


def _landmarks(options: argparse.Namespace, networks: Sequence[Network], data: DataSet) -> None:
    runs = run_all(networks, data, _settings(options))
    labels = {"boxes": options.boxes, "split": options.split, "landmarks": options.landmarks}
    records = [as_record(run, labels) for run in runs]
    print(as_table(*records))
    _write_json(options.json, records)
    if options.ced is not None:
        errors = {run.title: run.evaluation.face_errors() for run in runs}
        plot_cumulative_errors(options.ced, errors, UNITS[data.unit])
    if options.over_time is not None:
        curves = {run.title: error_over_time(run.evaluation.results) for run in runs}
        plot_error_over_time(options.over_time, curves, UNITS[data.unit])
    if options.worst is not None:
        print("\n".join(write_worst(options.worst, runs)))


def _degraded(options: argparse.Namespace, networks: Sequence[Network], source: DataSet | Sequence[Path]) -> None:
    unit = source.unit if isinstance(source, DataSet) else "interocular"
    labels = {
        "degrade": options.degrade,
        "seed": options.degrade_seed,
        "boxes": options.boxes,
        "unit": unit,
        "judged_by": "labels" if isinstance(source, DataSet) else "tracker",
    }
    records: list[object] = []
    curves, sheet = {}, degraded_report.Sheet()
    for network in networks:
        if isinstance(source, DataSet):
            clips = labelled(source, options.degrade_seed)
        else:
            clips = [clip for path in source for clip in real(network, path)]
        look = (lambda seen: None) if records or options.sheet is None else sheet.add
        results = degraded_run.run(
            network, clips, options.degrade, options.degrade_seed, options.boxes == "truth", look
        )
        record = degraded_report.as_record(network, results, labels)
        print(("\n" if records else "") + degraded_report.as_text(record))
        records.append(record)
        for rule in degraded_run.rules_of(network):
            name = rule.title if len(networks) == 1 else f"{network.title}, {rule.title}"
            curves[name] = curve(results, rule.title)
    _write_json(options.json, records)
    if options.over_time is not None:
        plot_bursts(options.over_time, curves, UNITS[unit])
    if options.sheet is not None:
        sheet.write(options.sheet)


def _flicker(options: argparse.Namespace, networks: Sequence[Network], paths: Sequence[Path]) -> None:
    records: list[object] = []
    for network in networks:
        record = rounded(flicker_run.as_record(network, flicker_run.measure(network, paths)))
        print(("\n" if records else "") + flicker_run.as_text(record))
        records.append(record)
    _write_json(options.json, records)


def _verification(options: argparse.Namespace, networks: Sequence[Network], data: Sequence[DataSet]) -> None:
    faces = [face for part in data for face in part.faces]
    records: list[object] = []
    curves: dict[str, PairScores] = {}
    names = options.recognizer or [FROM_WEIGHTS]
    pairs = [(network, load_recognizer(name, network.engine)) for network in networks for name in names]
    for network, recognizer in pairs:
        scores, missed = verify(network, recognizer, faces, options.boxes == "truth", options.portraits)
        record = rounded(verification_record(network, recognizer, scores, missed))
        print(("\n" if records else "") + verification_text(record))
        records.append(record)
        title = f"{network.title}, {recognizer.name}" if recognizer.looks else network.title
        curves.update({f"{title}, {name}": of_pairs for name, of_pairs in scores.items()})
    _write_json(options.json, records)
    if options.roc is not None:
        plot_roc(options.roc, curves)


def _write_json(path: Path | None, records: Sequence[object]) -> None:
    """One object as such, several as a list."""
    if path is not None:
        write_json(path, records[0] if len(records) == 1 else list(records))


if __name__ == "__main__":
    raise SystemExit(main())
