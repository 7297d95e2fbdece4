"""A headless Chromium, driven through its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests in containers run as root
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",  # WebGL without a GPU
    "--enable-unsafe-swiftshader",
    "--remote-debugging-port=0",
)
_START_S = 60.0


def chromium() -> str | None:
    """The path of a Chromium; None where there is none."""
    return next((path for name in _PROGRAMS if (path := shutil.which(name))), None)


class Page:
    """One tab. `requested`: every address that it asked for; `errors`: what its scripts threw."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._count = 0
        self.requested: list[str] = []
        self.errors: list[str] = []
        for domain in ("Network", "Page", "Runtime"):
            self.call(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Go there, without waiting for anything to appear."""
        self.call("Page.navigate", url=address)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = 60.0) -> Any:
        """Wait until a JavaScript expression is true, and return its value."""
        deadline_s = time.monotonic() + timeout_s
        while not (value := self.evaluate(expression)):
            if time.monotonic() > deadline_s:
                raise AssertionError(f"not within {timeout_s:.0f} s: {expression}; errors of the page: {self.errors}")
            time.sleep(0.2)
        return value

    def press(self, text: str) -> None:
        """Press the button that bears this text."""
        buttons = "[...document.querySelectorAll('button')]"
        self.wait_for(f"{buttons}.some(b => b.innerText.includes({json.dumps(text)}))")
        self.evaluate(f"{buttons}.find(b => b.innerText.includes({json.dumps(text)})).click()")

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        """Move the mouse from `start` to `end` (pixels of the page) with its left button down."""
        positions = [
            tuple(a + (b - a) * step / steps for a, b in zip(start, end, strict=True)) for step in range(steps + 1)
        ]
        for kind, (x, y) in [
            ("mousePressed", positions[0]),
            *(("mouseMoved", place) for place in positions),
            ("mouseReleased", positions[-1]),
        ]:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def screenshot(self, path: Path) -> Path:
        """Write what the tab shows as a PNG file."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its answer; events that come before are noted."""
        self._count += 1
        self._connection.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=60.0))
            if message.get("id") == self._count:
                assert "error" not in message, f"{method}: {message['error']}"
                return dict(message["result"])
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"][:200])
        elif event.get("method") == "Network.webSocketCreated":
            self.requested.append(parameters["url"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(parameters["exceptionDetails"])[:500])


@contextmanager
def opened(folder: Path, size_px: tuple[int, int] = (1600, 900)) -> Iterator[Page]:
    """A new browser with its files below `folder`, and its one tab."""
    from websockets.sync.client import connect

    program = chromium()
    assert program is not None
    command = [program, *_FLAGS, f"--user-data-dir={folder}", f"--window-size={size_px[0]},{size_px[1]}", "about:blank"]
    with (folder.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        port, _ = _wait_for(lambda: (folder / "DevToolsActivePort").read_text().split())
        address = _wait_for(lambda: _tab_address(int(port)))
        with connect(address, max_size=None, ping_interval=None) as connection:
            yield Page(connection)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tab_address(port: int) -> str:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
        return str(next(tab for tab in json.load(answer) if tab["type"] == "page")["webSocketDebuggerUrl"])


def _wait_for(read: Callable[[], Any]) -> Any:
    deadline_s = time.monotonic() + _START_S
    while True:
        try:
            return read()
        except (OSError, ValueError, StopIteration):
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.1)
