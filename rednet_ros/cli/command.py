"""What every command of the package does alike: arguments, messages on stderr, exit codes."""

from __future__ import annotations

import argparse
import errno
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rednet_ros import __version__
from rednet_ros.errors import InputError, RednetError
from rednet_ros.media.video import silence_codecs
from rednet_ros.resources import DEFAULT_WEIGHTS

DEVICES = ("auto", "cpu", "cuda")

RECOGNIZER_HELP = (
    "what tells people apart: dlib, weights (their own code), auto (dlib where it is installed, else weights), a name "
    "in models/, or the path of an ArcFace or SFace .onnx file"
)

OK, BAD_INPUT, INTERRUPTED = 0, 2, 130

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of writing, which name no file."""


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """An argument parser with what all commands share."""
    result = argparse.ArgumentParser(prog=name, description=description, allow_abbrev=False)
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return result


def add_network_arguments(to: argparse.ArgumentParser, several: bool = False) -> None:
    """The choice of weights and device. `several`: --weights may be given again; a list, None if not given at all."""
    again = "; may be given several times" if several else ""
    to.add_argument(
        "--weights",
        metavar="N",
        action="append" if several else "store",
        default=None if several else DEFAULT_WEIGHTS,
        help=f"name of shipped weights, or a .safetensors file (default: {DEFAULT_WEIGHTS}){again}",
    )
    to.add_argument("--device", choices=DEVICES, default="auto", help="auto takes a GPU if there is one (default)")


def add_stored_pixels_argument(to: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """For commands that read labelled pictures."""
    to.add_argument(
        "--stored-pixels",
        action="store_true",
        help="the labels are in pixels as the files store them, not as shown after the turn that EXIF names",
    )


def execute(name: str, body: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """Run a command's body; returns its exit code.

    The package's own errors, files that cannot be read or written and a full disk become one line on stderr and exit
    code 2. Everything else is a bug and keeps its traceback. A reader that closes our stdout (`| head`) ends the
    command without a word.
    """
    silence_codecs()
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files that have no form in its encoding are escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=f"{name}: %(levelname)s: %(message)s")
    try:
        with _ended_like_interrupted():
            body(options)
        sys.stdout.flush()
    except RednetError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains while it exits
        return OK
    except OSError as error:
        if error.filename is None and error.errno not in _DISK_FULL:
            raise
        print(f"{name}: {_of_file(error)}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return OK


def _of_file(error: OSError) -> str:
    file = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    return f"{file}{error.strerror}"


@contextmanager
def _ended_like_interrupted() -> Iterator[None]:
    """SIGTERM (`timeout`, service managers) and SIGHUP (a closed terminal or ssh connection) end the command as Ctrl-C
    does: its files are completed. A signal that is ignored, as SIGHUP under `nohup`, stays ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    caught = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in caught:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, before[number])


def check_outputs(inputs: Sequence[str | Path], outputs: Sequence[Path | None]) -> None:
    """Raises InputError if an output lies in no folder, is an input, is named twice, or cannot be written: before the
    work whose result it shall hold."""
    taken = [Path(path).resolve() for path in inputs]
    for output in outputs:
        if output is None:
            continue
        if output.resolve() in taken:
            raise InputError(f"{output}: this file is already an input or another output, choose another name")
        if output.is_dir():
            raise InputError(f"{output}: this is a folder, give the name of a file")
        if not output.resolve().parent.is_dir():
            raise InputError(f"{output}: the folder {output.parent} does not exist")
        check_writable(output)
        taken.append(output.resolve())


def check_writable(path: Path, hint: str = "") -> None:
    """Raises InputError, `hint` at its end, if the file may not be changed, or its folder, which may still have
    to be made, takes no files from this user."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not os.access(place, os.W_OK):
        raise InputError(f"{path}: cannot be written: {place} is read-only for this user{hint}")


def positive(text: str) -> int:
    """An argparse type: a whole number above 0."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value
