"""How many faces redaction leaves visible, in clips whose faces are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from rednet_ros.evaluation.tables import markdown
from rednet_ros.evaluation.tracking_bench.canvas import Frame, Shown
from rednet_ros.evaluation.tracking_bench.scenes import FPS, Clip
from rednet_ros.evaluation.tracking_bench.score import MIN_CLEAR, MIN_SHOWN
from rednet_ros.landmarks import REGIONS
from rednet_ros.media.images import read_image
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.redaction.areas import Area, areas, of_place
from rednet_ros.tracking.redaction.hiding import cover
from rednet_ros.tracking.redaction.redactor import HOLD_FRAMES, LOOK_AHEAD_FRAMES, Moment, hidden_areas
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import ImageArray, Place
from rednet_ros.training.datasets.labels import LabelledFace, read_labels
from rednet_ros.wording import progress_interval_s

MIN_COVERED = 0.95
"""A face is a leak if less than this share of the hull around its eyes, nose and mouth (inner 51 landmarks) that lies
in the frame is hidden."""

LABELLED = "labelled"
"""Kind of the clips that are a labels file's own sequences."""

RULES = ("shown faces only", "live", "with look-ahead")
"""What is hidden: the faces that the tracker returns and nothing else; what `Redactor` hides without, and with frames
that come later."""


@dataclass
class Leaks:
    """Of one or several clips. `frames`; `faces`: a face in a frame each, in clear view, and `leaked` of them; the same
    of the `hidden_faces`, which something else or the frame's border partly hides. `image_share`: mean share of the
    image that is hidden, summed over the frames."""

    frames: int = 0
    faces: int = 0
    leaked: int = 0
    hidden_faces: int = 0
    hidden_leaked: int = 0
    image_share: float = 0.0

    def __iadd__(self, other: Leaks) -> Leaks:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self


Totals = dict[str, dict[str, Leaks]]
"""By rule and kind of clip."""


def labelled_clips(path: Path) -> list[Clip]:
    """The sequences of a labels file as clips of the kind `LABELLED`, at `FPS`; none where it has no sequences."""
    faces = [face for face in read_labels(path) if face.sequence is not None and face.video_frame is None]
    faces.sort(key=lambda face: (face.sequence or "", face.frame or 0))
    return [
        Clip(LABELLED, str(name), _frames_of(list(rows))) for name, rows in groupby(faces, lambda face: face.sequence)
    ]


def _frames_of(faces: Sequence[LabelledFace]) -> Callable[[], Iterator[Frame]]:
    def frames() -> Iterator[Frame]:
        for path, rows in groupby(faces, lambda face: face.image_path):
            yield Frame(read_image(path), tuple(Shown(n, face.points_px, 1.0) for n, face in enumerate(rows)))

    return frames


def run_leaks(
    clips: Sequence[Clip],
    engine: Engine,
    detector: Detector,
    every: Detector,
    on_event: Callable[[str], None] = lambda text: None,
) -> Totals:
    """Redact every clip by each of the `RULES`. `every`: the redaction's own detector, `detector` the tracker's."""
    settings = TrackerSettings(detect_in_background=False, max_faces=16)
    totals: Totals = {rule: defaultdict(Leaks) for rule in RULES}
    for clip in tqdm(clips, unit="clip", mininterval=progress_interval_s()):
        with FaceTracker(engine=engine, detector=detector, settings=settings) as tracker:
            seen = [_seen(frame, number / FPS, tracker, every) for number, frame in enumerate(clip.frames())]
        for rule in RULES:
            for number, (shown, size_px, _, _) in enumerate(seen):
                leaks, people = _count(shown, size_px, _hidden(seen, number, rule))
                totals[rule][clip.kind] += leaks
                for person in people:
                    on_event(f"{clip.name}, {rule}: frame {number}: person {person} is visible")
    return totals


def table(totals: Totals) -> str:
    """Rows of clips by rule and kind, and their sum, in Markdown."""
    rows = []
    for rule, kinds in totals.items():
        total = Leaks()
        for leaks in kinds.values():
            total += leaks
        rows += [[rule, kind, *_figures(leaks)] for kind, leaks in [*kinds.items(), ("all", total)]]
    titles = ["hidden", "clips", "frames", "faces", "leaked", "leaked %", "partly hidden", "leaked", "leaked %"]
    return markdown([*titles, "image %"], rows)


def _figures(leaks: Leaks) -> list[str | int]:
    return [
        leaks.frames,
        leaks.faces,
        leaks.leaked,
        f"{100 * leaks.leaked / max(1, leaks.faces):.3f}",
        leaks.hidden_faces,
        leaks.hidden_leaked,
        f"{100 * leaks.hidden_leaked / max(1, leaks.hidden_faces):.2f}",
        f"{100 * leaks.image_share / max(1, leaks.frames):.1f}",
    ]


_Seen = tuple[Sequence[Shown], tuple[int, int], Moment, list[Area]]
"""Who is in a frame; its width and height; what redaction knows of it; the areas of the faces that are returned."""


def _seen(frame: Frame, time_s: float, tracker: FaceTracker, every: Detector) -> _Seen:
    returned = [of_place(Place(face.id, face.landmarks_px)) for face in tracker.update(frame.image, time_s)]
    moment = Moment(time_s, areas(frame.image, tracker.places(), every))
    return frame.faces, (frame.image.shape[1], frame.image.shape[0]), moment, returned


def _hidden(seen: Sequence[_Seen], number: int, rule: str) -> list[Area]:
    if rule == RULES[0]:
        return seen[number][3]
    first = max(0, number - HOLD_FRAMES)
    last = number if rule == RULES[1] else number + LOOK_AHEAD_FRAMES
    return hidden_areas([moment for _, _, moment, _ in seen[first : last + 1]], number - first)


def _count(shown: Sequence[Shown], size_px: tuple[int, int], hidden: Sequence[Area]) -> tuple[Leaks, list[int]]:
    """And who in clear view is visible."""
    mask = cover(hidden, *size_px)
    leaks = Leaks(frames=1, image_share=float(np.mean(mask > 0)))
    people = []
    for face in shown:
        if face.visible < MIN_SHOWN:
            continue
        is_visible = _is_visible(face, mask)
        if face.visible >= MIN_CLEAR:
            leaks.faces += 1
            leaks.leaked += is_visible
            people += [face.person] if is_visible else []
        else:
            leaks.hidden_faces += 1
            leaks.hidden_leaked += is_visible
    return leaks, people


def _is_visible(face: Shown, mask: ImageArray) -> bool:
    inner = face.points_px[REGIONS["jaw"].stop :]
    inner = inner[np.isfinite(inner).all(axis=1)]
    if len(inner) < 3:
        return False
    hull = np.zeros_like(mask)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(inner).astype(np.int32)), 1)
    total = int(hull.sum())
    return total > 0 and int(hull[mask > 0].sum()) < MIN_COVERED * total
