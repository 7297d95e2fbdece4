"""rednet-view as its user starts and ends it."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.cli import view
from rednet_ros.media.video import VideoWriter

SCRIPT = """
import contextlib, sys
from types import SimpleNamespace
from rednet_ros.cli import view
tracker = SimpleNamespace(update=lambda image, stamp_s: [], figures=lambda: {"weights": "made"})
run = view.run
view.run = lambda options: run(options, lambda options, settings: contextlib.nullcontext(tracker))
sys.exit(view.main(sys.argv[1:]))
"""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    with VideoWriter(tmp_path / "clip.mp4", 20) as writer:
        for _ in range(10):
            writer.write(np.full((64, 96, 3), 90, np.uint8))
    return writer.path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_an_address_serves_a_page_there_and_ends_well(
    tmp_path: Path, clip: Path, number: signal.Signals
) -> None:
    pytest.importorskip("viser", reason="viser is not installed: pip install viser")
    command = [sys.executable, "-c", SCRIPT, str(clip), "--port", "0", "--output", str(tmp_path)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ignored in what a shell runs in the background, and inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.fullmatch(rf"Live view of {re.escape(str(clip))}: (http://127.0.0.1:\d+) \(Ctrl-C ends\)\n", line)
        assert address, line
        with urllib.request.urlopen(address[1], timeout=30) as answer:
            assert b"<title>Viser</title>" in answer.read()
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, output.strip(), errors) == (0, "", "")


def test_a_port_that_is_taken_costs_one_line(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("viser", reason="viser is not installed: pip install viser")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert view.main([str(clip), "--port", str(port)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"rednet-view: port {port} of 127.0.0.1 cannot be used: Address already in use")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["/absent.mp4"], "/absent.mp4: No such file"),
        (["--output", "/absent"], "/absent: there is no such folder for recordings"),
        (["--host", "192.0.2.1"], "port 8068 of 192.0.2.1 cannot be used"),
        (["--port", "99999"], "port 99999"),
    ],
)
def test_what_cannot_be_used_costs_one_line(
    clip: Path, arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("viser", reason="viser is not installed: pip install viser")
    given = arguments if arguments[0].startswith("/") else [str(clip), *arguments]
    assert view.main(given) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line


def test_without_viser_it_says_what_to_install(
    clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "viser", None)
    monkeypatch.delitem(sys.modules, "rednet_ros.view.server", raising=False)
    assert view.main([str(clip)]) == 2
    assert "pip install viser" in capsys.readouterr().err
