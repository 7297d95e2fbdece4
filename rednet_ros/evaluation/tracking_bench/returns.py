"""People who leave and return in another order, each by a picture of another video: who gets whose id?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from tqdm import tqdm

from rednet_ros.errors import InputError
from rednet_ros.evaluation.tables import markdown
from rednet_ros.evaluation.tracking_bench.canvas import Frame, Place, Put, compose
from rednet_ros.evaluation.tracking_bench.people import MAX_SHAPE_DISTANCE, Cutout, cut_out
from rednet_ros.evaluation.tracking_bench.scenes import FPS, HEIGHT_PX, WIDTH_PX
from rednet_ros.evaluation.tracking_bench.score import nearest_person
from rednet_ros.media.images import read_image
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.face_shape import shape_distance
from rednet_ros.tracking.recognition.portrait import MAX_TURN
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Box, Face
from rednet_ros.tracking.yaw import turn
from rednet_ros.training.datasets.labels import LabelledFace, read_labels
from rednet_ros.training.datasets.splits import is_kept_apart
from rednet_ros.training.rendering.background import load_pictures, sample_background
from rednet_ros.training.rendering.seeds import generator
from rednet_ros.wording import progress_interval_s

PEOPLE = 12

MIN_LABELLED_PX = 60.0
"""Labelled faces that are smaller are not used."""

VISIT_FRAMES, WALK_FRAMES, EMPTY_FRAMES = 70, 12, 25
"""How long two people are there, of which they take so long to come in and to go out; then nobody is, for longer than
`grace_s`."""

TwoViews = tuple[Cutout, Cutout]
"""One person's head in two videos."""


@dataclass
class Returns:
    """How many. `returns`: people who came back, of whom `own` got the id that they had, `others` that of somebody
    else, and `new` a new one; `missed` were not found. `strangers`: who came for the first time while others had left,
    of whom `mistaken` got the id of one of these."""

    returns: int = 0
    own: int = 0
    others: int = 0
    new: int = 0
    missed: int = 0
    strangers: int = 0
    mistaken: int = 0


def people_in_two_videos(path: Path, count: int = PEOPLE) -> list[TwoViews]:
    """Of a labels file, those first on whom nothing was trained: the largest frontal face of each of two videos.

    Raises InputError where there are not so many with two videos.
    """
    known: dict[str, dict[str, LabelledFace]] = {}
    faces = sorted(read_labels(path), key=lambda face: (not is_kept_apart(face), -_side_px(face)))
    for face in faces:
        if face.identity is not None and (video := face.video) is not None and _is_fitting(face):
            known.setdefault(face.identity, {}).setdefault(video, face)
    several = [list(videos.values())[:2] for videos in known.values() if len(videos) >= 2][:count]
    if len(several) < count:
        raise InputError(
            f"{path}: holds {len(several)} people with a frontal face of {MIN_LABELLED_PX:g} px in two videos "
            f'("identity", "sequence"), {count} needed'
        )
    heads = [[cut_out(read_image(face.image_path), face.points_px) for face in views] for views in several]
    return [(first, second) for first, second in heads]


def run_returns(
    people: Sequence[TwoViews], engine: Engine, detector: Detector, recognizer: str, seed: int = 0
) -> Returns:
    """All of them come by twos, and come back in another order, by another video; once more with the videos exchanged.

    Raises InputError where the recogniser cannot be used.
    """
    settings = TrackerSettings(detect_in_background=False, recognizer=recognizer)
    total = Returns()
    for last in (1, 0):
        with FaceTracker(engine=engine, detector=detector, settings=settings) as tracker:
            if tracker.recognition_problem:
                raise InputError(tracker.recognition_problem)
            counts = _session(people, tracker, last, seed)
        for field in fields(Returns):
            setattr(total, field.name, getattr(total, field.name) + getattr(counts, field.name))
    return total


def table(rows: dict[str, Returns]) -> str:
    """One row a recogniser, in Markdown."""
    names = [field.name for field in fields(Returns)]
    return markdown(
        ["recognizer", *names], [[name, *(getattr(row, one) for one in names)] for name, row in rows.items()]
    )


def _session(people: Sequence[TwoViews], tracker: FaceTracker, last: int, seed: int) -> Returns:
    """`last`: the video of the return, 0 or 1."""
    rng = generator(seed, "returns", last)
    counts, ids = Returns(), dict[int, str]()
    first_round, second_round = rng.permutation(len(people)).tolist(), rng.permutation(len(people)).tolist()
    order = [(person, 1 - last) for person in first_round] + [(person, last) for person in second_round]
    pictures = load_pictures(())
    room = sample_background(rng, WIDTH_PX, pictures)[:HEIGHT_PX]
    noise = generator(seed, "noise").normal(0, 2.0, (HEIGHT_PX, WIDTH_PX)).astype("float32")
    frame = 0
    visits = [order[start : start + 2] for start in range(0, len(order), 2)]
    for number, visit in enumerate(tqdm(visits, unit="visit", mininterval=progress_interval_s())):
        shown: dict[int, str] = {}
        for puts in _visit(people, visit):
            canvas = compose(room, puts, noise)
            faces = tracker.update(canvas.image, frame / FPS)
            shown |= _owners(canvas, faces)
            frame += 1
        for person, _ in visit:
            _count(counts, person, shown.get(person), ids, is_return=2 * number >= len(people), is_first=number == 0)
    return counts


def _owners(canvas: Frame, faces: Sequence[Face]) -> dict[int, str]:
    found = {face.id: nearest_person(face, canvas.faces) for face in faces}
    return {person: face_id for face_id, person in found.items() if person is not None}


def _count(
    counts: Returns, person: int, face_id: str | None, ids: dict[int, str], *, is_return: bool, is_first: bool
) -> None:
    is_others = face_id in {known for other, known in ids.items() if other != person}
    if is_return:
        counts.returns += 1
        own = face_id is not None and face_id == ids.get(person)
        kind = "missed" if face_id is None else "own" if own else "others" if is_others else "new"
        setattr(counts, kind, getattr(counts, kind) + 1)
    elif not is_first:
        counts.strangers += 1
        counts.mistaken += is_others
    if face_id is not None and not is_others:
        ids[person] = face_id


def _visit(people: Sequence[TwoViews], visit: Sequence[tuple[int, int]]) -> Iterator[list[Put]]:
    """What is in each frame: the two walk in from both sides, stay, walk out again; then nobody."""
    side_px = 0.25 * WIDTH_PX
    for n in range(VISIT_FRAMES):
        away = max(0, WALK_FRAMES - n, n - (VISIT_FRAMES - WALK_FRAMES)) / WALK_FRAMES
        puts = []
        for place, (person, video) in enumerate(visit):
            direction = -1 if place == 0 else 1
            x = WIDTH_PX * (0.5 + direction * (0.22 + 0.5 * away)) + 4 * ((n // 4) % 2)
            puts.append(Put(people[person][video], Place(x, 0.55 * HEIGHT_PX, side_px), person))
        yield puts
    for _ in range(EMPTY_FRAMES):
        yield []


def _is_fitting(face: LabelledFace) -> bool:
    points = face.points_px
    frontal = shape_distance(points) <= MAX_SHAPE_DISTANCE and turn(points) < 0.5 * MAX_TURN
    return frontal and _side_px(face) >= MIN_LABELLED_PX


def _side_px(face: LabelledFace) -> float:
    box = Box.around(face.points_px)
    return max(box.width, box.height)
