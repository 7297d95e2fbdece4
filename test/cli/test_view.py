"""rednet-view as its user starts and ends it."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from painted_people import Person

from rednet_ros.cli import view
from rednet_ros.media.images import write_image
from rednet_ros.media.video import VideoWriter
from rednet_ros.tracking.types import Place
from rednet_ros.view.live_frame import LiveFrame

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


@pytest.mark.parametrize("redact", [None, "landmarks"])
def test_with_redact_the_page_and_its_recordings_get_no_face(
    redact: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    write_image(tmp_path / "anne.png", noise)
    anne = Person(3, 160, 120)
    tracker = SimpleNamespace(update=lambda image, stamp_s: [], places=lambda: [Place("f1", anne.landmarks())])
    shown: list[LiveFrame] = []
    page = SimpleNamespace(show=shown.append, wait_while_paused=lambda: True, address="")
    monkeypatch.setattr(view, "open_view", lambda *_, **__: contextlib.nullcontext(page))

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(view, "threading", SimpleNamespace(Event=lambda: SimpleNamespace(wait=interrupted)))
    arguments = [str(tmp_path / "anne.png"), "--output", str(tmp_path), *(["--redact", redact] if redact else [])]
    view.run(view.argument_parser().parse_args(arguments), lambda *_: contextlib.nullcontext(tracker))
    (frame,) = shown
    middle = frame.image_bgr[105:135, 145:175]
    assert (float(middle.std()) > 30) == (redact is None)
    np.testing.assert_array_equal(frame.image_bgr[:20], noise[:20])


def test_without_viser_it_says_what_to_install(
    clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "viser", None)
    monkeypatch.delitem(sys.modules, "rednet_ros.view.server", raising=False)
    assert view.main([str(clip)]) == 2
    assert "pip install viser" in capsys.readouterr().err
