"""The page in a real browser, headless: it is there, it moves, and it asks nobody but this machine."""

import threading
import time

import browser
import cv2
import numpy as np
import pytest

from rednet_ros.view.view import open_view

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def watched(tmp_path, make_face, make_frame):
    """A view that is given two faces 25 times a second, and a browser that shows it."""
    stopped = threading.Event()
    with open_view("test", port=0, folder=tmp_path) as view:

        def feed():
            number = 0
            while not stopped.wait(0.04):
                left = make_face("f1", yaw_rad=0.4 * np.sin(number / 10), place_m=(-0.1, 0.0, 0.6))
                faces = [left, make_face("f2", place_m=(0.12, 0.0, 0.7))]
                view.show(make_frame(number, *(faces if number % 50 < 40 else faces[:1])))
                number += 1

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            with browser.opened(tmp_path / "profile") as page:
                page.open(view.address)
                yield view, page
        finally:
            stopped.set()
            thread.join()


def canvas_picture(page, tmp_path):
    """What is between the panels."""
    picture = cv2.imread(str(page.screenshot(tmp_path / "page.png")))
    return picture[:, int(0.37 * picture.shape[1]) : int(0.75 * picture.shape[1])]


def test_it_shows_turns_pauses_and_records_and_stays_on_this_machine(watched, tmp_path):
    view, page = watched
    page.wait_for("!!document.querySelector('canvas')")
    page.wait_for("[...document.images].some(i => i.naturalWidth == 560)")
    page.wait_for("document.querySelectorAll('.uplot').length == 7")
    page.wait_for("document.body.innerText.includes('f1') && document.body.innerText.includes('Roll')")
    assert view.is_watched

    page.press("Record")
    page.wait_for("document.body.innerText.includes('recording ')")
    time.sleep(2)
    page.press("Stop recording")
    page.wait_for("document.body.innerText.includes('recorded ')")
    assert {path.suffix for path in tmp_path.glob("rednet_view_*")} == {".mp4", ".jsonl"}

    page.press("Pause")
    page.wait_for("document.body.innerText.includes('Go on')")
    assert view.is_paused
    deadline_s = time.monotonic() + 60
    while canvas_picture(page, tmp_path).std() < 5:  # the scene fades in
        assert time.monotonic() < deadline_s, "the heads in space do not appear"
        time.sleep(0.5)
    time.sleep(2)
    before = canvas_picture(page, tmp_path).astype(int)
    page.drag((850, 500), (1000, 450))
    time.sleep(3)
    assert np.abs(canvas_picture(page, tmp_path) - before).max() > 50, "the mouse turns the heads"
    page.press("Go on")
    deadline_s = time.monotonic() + 30
    while view.is_paused:
        assert time.monotonic() < deadline_s
        time.sleep(0.1)

    own = (view.address, view.address.replace("http:", "ws:"), "data:", f"blob:{view.address}")
    assert [address for address in page.requested if not address.startswith(own)] == []
    assert page.errors == []
