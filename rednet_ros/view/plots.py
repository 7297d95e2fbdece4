"""The running plots: latency and frames a second, and of each face how far eyes and mouth are open and its angles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import viser
from numpy.typing import NDArray

from rednet_ros.tracking.draw import id_color
from rednet_ros.view.history import SPAN_S, History
from rednet_ros.view.measures import FaceMeasures

MAX_FACES = 8
"""So many have a line; of more the last ones."""

_HEIGHT_PX = 100
_AXIS = {"stroke": "#a0a0a0", "grid": {"stroke": "#3a3a3a", "width": 1}, "ticks": {"stroke": "#3a3a3a", "width": 1}}
_AXES = ({**_AXIS, "size": 26}, {**_AXIS, "size": 44, "space": 18})
_PADDING_PX = (10, 14, 0, 0)  # top and right: half a number sticks out there
_STREAM_COLOR = "#7cc4ff"


@dataclass(frozen=True)
class _Kind:
    """A plot: its title, and the values at its lower and upper border."""

    title: str
    limits: tuple[float, float]


_FACE_KINDS = {
    "eye_opening": _Kind("Eye opening", (0.0, 0.5)),
    "mouth_opening": _Kind("Mouth opening", (0.0, 1.0)),
    "yaw_deg": _Kind("Yaw (degrees)", (-60.0, 60.0)),
    "pitch_deg": _Kind("Pitch (degrees)", (-40.0, 40.0)),
    "roll_deg": _Kind("Roll (degrees)", (-40.0, 40.0)),
}


class StreamPlots:
    """Latency and frames a second, in the container of the page that is open when it is made."""

    def __init__(self, gui: viser.GuiApi) -> None:
        self._latency = _plot(gui, _Kind("Latency (ms)", (0.0, 100.0)))
        self._rate = _plot(gui, _Kind("Frames per second", (0.0, 60.0)))

    def show(self, history: History) -> None:
        """Replace what is shown."""
        times_s = history.times_s()
        for plot, values in ((self._latency, history.latency_ms()), (self._rate, history.rate_hz())):
            plot.scales = _scales((0.0, _round_limit(values)))
            plot.data = (times_s, values)


class FacePlots:
    """Five measures of each face, in the container of the page that is open when it is made."""

    def __init__(self, gui: viser.GuiApi) -> None:
        self._plots = [_plot(gui, _FACE_KINDS[name]) for name in FaceMeasures._fields]
        self._ids: tuple[str, ...] = ()

    def show(self, history: History) -> None:
        """Replace what is shown."""
        ids = history.ids(MAX_FACES)
        times_s = history.times_s()
        if ids:
            columns = np.stack([history.of_face(face_id) for face_id in ids])  # faces x samples x measures
        else:
            columns = np.full((1, len(times_s), len(self._plots)), np.nan)
        for place, plot in enumerate(self._plots):
            if ids != self._ids:
                plot.series = _series(ids)
            plot.data = (times_s, *columns[:, :, place])
        self._ids = ids


def id_css_color(face_id: str) -> str:
    """The colour of a face's lines in the image, as style sheets write it."""
    blue, green, red = id_color(face_id)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _plot(gui: viser.GuiApi, kind: _Kind) -> viser.GuiUplotHandle:
    empty = np.array([-SPAN_S, 0.0])
    return gui.add_uplot(
        (empty, np.full(2, np.nan)),
        ({"label": "s"}, {"label": "", "stroke": _STREAM_COLOR, "width": 1.5}),
        title=kind.title,
        height=_HEIGHT_PX,
        padding=_PADDING_PX,
        scales=_scales(kind.limits),
        axes=_AXES,  # type: ignore[arg-type]  # TypedDicts
        legend={"show": False},
        cursor={"show": False},
    )


def _scales(limits: tuple[float, float]) -> dict[str, Any]:
    return {"x": {"time": False, "range": (-SPAN_S, 0.0)}, "y": {"range": limits}}


def _series(ids: Sequence[str]) -> Any:
    faces = [{"label": face_id, "stroke": id_css_color(face_id), "width": 1.5} for face_id in ids]
    return ({"label": "s"}, *(faces or [{"label": "", "stroke": _STREAM_COLOR}]))


def _round_limit(values: NDArray[np.float64]) -> float:
    """The next of 1, 2, 5, 10, 20 ... above them all, at least 10: the axis rests while they move."""
    finite = values[np.isfinite(values)]
    most = max(float(finite.max()) if len(finite) else 0.0, 5.1)
    power = 10.0 ** np.floor(np.log10(most))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= most))
