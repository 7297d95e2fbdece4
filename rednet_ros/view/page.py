"""The page: the image to the left, the heads in the middle, controls and plots to the right."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import viser

from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.types import Box, Face, ImageArray
from rednet_ros.view.history import History
from rednet_ros.view.live_frame import LiveFrame
from rednet_ros.view.plots import FacePlots, StreamPlots, id_css_color
from rednet_ros.view.scene import Scene

IMAGE_PX, FRUSTUM_PX = 560, 320
"""Longer sides of what is sent."""

_IMAGE_PANEL_PX, _CONTROL_PANEL_PX = 584, 340
_JPEG_QUALITY = 75
_PAUSE, _GO_ON, _RECORD, _STOP = "Pause", "Go on", "Record", "Stop recording"


class Page:
    """Shows frames, and reports the buttons: `pause(is_paused)`; `record(is_recording)`, whose answer is shown.

    `show` and `say` belong to one thread; buttons are reported from viser's.
    """

    def __init__(
        self, server: viser.ViserServer, pause: Callable[[bool], None], record: Callable[[bool], bool]
    ) -> None:
        self._server = server
        gui = server.gui
        gui.configure_theme(dark_mode=True, show_logo=False, show_share_button=False)
        panel = gui.add_panel()
        empty = np.full((IMAGE_PX * 3 // 4, IMAGE_PX, 3), 32, np.uint8)
        with panel.add_tab("Image"):
            self._image = gui.add_image(empty, format="jpeg", jpeg_quality=_JPEG_QUALITY)
            self._legend = gui.add_html("")
            self._stream_plots = StreamPlots(gui)
        panel.dock_left()
        panel.set_width(_IMAGE_PANEL_PX)
        gui.main_panel.dock_right()
        gui.main_panel.set_width(_CONTROL_PANEL_PX)
        self._pause = gui.add_button(_PAUSE, icon=viser.Icon.PLAYER_PAUSE)
        self._record = gui.add_button(_RECORD, icon=viser.Icon.PLAYER_RECORD, color="red")
        self._status = gui.add_html("")
        self._face_plots = FacePlots(gui)
        self._scene = Scene(server)
        self._said = ""
        self._ids: tuple[str, ...] = ()
        self._pause.on_click(lambda _: self._pressed_pause(pause))
        self._record.on_click(lambda _: self._pressed_record(record))

    def show(self, frame: LiveFrame) -> None:
        """Show the image and the heads in space."""
        small, faces = shrunk(frame.image_bgr, frame.faces, IMAGE_PX)
        drawn = cv2.cvtColor(draw_faces(small, faces), cv2.COLOR_BGR2RGB)
        tiny = _resized(drawn, FRUSTUM_PX)
        with self._server.atomic():
            self._image.image = drawn
            self._scene.show(frame.faces, frame.camera, tiny)
            self._show_legend(frame.faces)

    def plot(self, history: History) -> None:
        """Bring the plots up to date."""
        with self._server.atomic():
            self._stream_plots.show(history)
            self._face_plots.show(history)

    def say(self, text: str) -> None:
        """A line for the user, below the buttons."""
        if text != self._said:
            self._said = text
            self._status.content = f'<div style="{_TEXT_STYLE}">{html.escape(text)}</div>' if text else ""

    def show_recording(self, is_recording: bool) -> None:
        """What the record button does next."""
        self._record.label = _STOP if is_recording else _RECORD

    def _show_legend(self, faces: Sequence[Face]) -> None:
        ids = tuple(face.id for face in faces)
        if ids != self._ids:
            self._ids = ids
            entries = (f'<span style="color:{id_css_color(name)}">&#9632; {html.escape(name)}</span>' for name in ids)
            self._legend.content = f'<div style="{_TEXT_STYLE}">{" &nbsp; ".join(entries)}</div>'

    def _pressed_pause(self, pause: Callable[[bool], None]) -> None:
        is_paused = self._pause.label == _PAUSE
        pause(is_paused)
        self._pause.label = _GO_ON if is_paused else _PAUSE
        self._pause.icon = viser.Icon.PLAYER_PLAY if is_paused else viser.Icon.PLAYER_PAUSE

    def _pressed_record(self, record: Callable[[bool], bool]) -> None:
        self.show_recording(record(self._record.label == _RECORD))


_TEXT_STYLE = "padding:0 1em; font-size:0.85em; overflow-wrap:anywhere"


def shrunk(image: ImageArray, faces: Sequence[Face], longest_px: int) -> tuple[ImageArray, list[Face]]:
    """The image made so small, and the faces in its pixels; smaller images stay as they are."""
    scale = longest_px / max(image.shape[:2])
    if scale >= 1:
        return image, list(faces)
    return _resized(image, longest_px), [_scaled(face, scale) for face in faces]


def _scaled(face: Face, scale: float) -> Face:
    landmarks_px = ((face.landmarks_px + 0.5) * scale - 0.5).astype(np.float32)
    box = face.box
    own_box = Box(box.x * scale, box.y * scale, box.width * scale, box.height * scale)
    return replace(face, landmarks_px=landmarks_px, box=own_box)


def _resized(image: ImageArray, longest_px: int) -> ImageArray:
    height, width = image.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    size_px = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size_px, interpolation=cv2.INTER_AREA), np.uint8)
