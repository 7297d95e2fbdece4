"""Batches depend on seed and step alone, hold what the mix says, and several images of a person where that matters."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.batches import StillBatches, load
from rednet_ros.training.config import AugmentationSettings, StageConfig
from rednet_ros.training.datasets.labels import LabelledFace, read_labels
from rednet_ros.training.datasets.pool import UNKNOWN_PERSON, FacePool

STAGE = StageConfig("s", crop_px=64, images=1000, batch=16, mix={"made": 0.5, "nameless": 0.3, "background": 0.2})
CALM = AugmentationSettings(shift=0, log_scale=0, roll_deg=0, flip=0, occlude=0, blur=0, grey=0, noise=0, light=0)


@pytest.fixture(scope="module")
def pool(make_faces: Callable[..., Path]) -> FacePool:
    return FacePool([*read_labels(make_faces(24, people=6)), *read_labels(make_faces(8, source="nameless"))])


def test_a_batch_is_the_same_whenever_it_is_asked_for(pool: FacePool) -> None:
    first, again = StillBatches(pool, STAGE, (1, 0, 0), 16), StillBatches(pool, STAGE, (1, 0, 0), 16)
    again[3]
    for name, value in vars(first[7]).items():
        np.testing.assert_array_equal(getattr(again[7], name), value, err_msg=name)
    assert (StillBatches(pool, STAGE, (1, 0, 1), 16)[7].crops != first[7].crops).any()


def test_other_processes_make_the_same_batches_in_order(pool: FacePool) -> None:
    batches = StillBatches(pool, STAGE, (1, 0, 0), 4)
    here, there = list(load(batches, 2, 7, workers=0)), list(load(batches, 2, 7, workers=2))
    assert len(here) == len(there) == 5
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.crops, other.crops)


def test_an_unreadable_picture_is_named_by_whichever_process_finds_it(make_faces: Callable[..., Path]) -> None:
    labels = make_faces(2)
    broken = FacePool(read_labels(labels))
    broken.faces[0].image_path.write_bytes(b"no picture")
    batches = StillBatches(broken, replace(STAGE, mix={"made": 1.0}), (1,), 8)
    for workers in (0, 1):
        with pytest.raises(InputError, match="not an image") as error:
            list(load(batches, 0, 4, workers))
        assert "Traceback" not in str(error.value)


def test_the_mix_says_what_a_batch_holds(pool: FacePool) -> None:
    batches = StillBatches(pool, STAGE, (1,), 32)
    shown = np.concatenate([batches[step].shown for step in range(12)])
    named = np.concatenate([batches[step].person for step in range(12)]) != UNKNOWN_PERSON
    assert 1 - shown.mean() == pytest.approx(0.2, abs=0.06)
    assert named.mean() == pytest.approx(0.5, abs=0.08)
    batch = batches[0]
    assert np.isnan(batch.points_px[~batch.shown]).all()
    assert np.isfinite(batch.points_px[batch.shown]).all()


def test_an_identity_stage_has_several_images_of_each_person(pool: FacePool) -> None:
    stage = replace(STAGE, kind="identity", mix={"made": 1.0}, images_a_person=4)
    persons = [Counter(StillBatches(pool, stage, (1,), 16)[step].person.tolist()) for step in range(5)]
    assert all(count >= 4 for batch in persons for count in batch.values())
    assert len(set().union(*persons)) == 6


def test_landmarks_lie_on_their_dots(pool: FacePool) -> None:
    batch = StillBatches(pool, replace(STAGE, augmentation=CALM, crop_px=256, mix={"made": 1.0}), (1,), 8)[0]
    for crop, points in zip(batch.crops, batch.points_px, strict=True):
        for x, y in points[17:]:
            assert crop[round(float(y)), round(float(x))].astype(int).sum() < 330


def test_missing_landmarks_stay_missing_and_the_face_is_shown(make_faces: Callable[..., Path]) -> None:
    (face,) = read_labels(make_faces(1))
    points = face.points_px.copy()
    points[:17] = np.nan
    pool = FacePool([LabelledFace(face.image_path, points, "made")])
    stage = replace(STAGE, mix={"made": 1.0}, augmentation=replace(CALM, flip=0.5))
    batch = StillBatches(pool, stage, (1,), 8)[0]
    assert batch.shown.all()
    assert np.isnan(batch.points_px[:, :17]).all()
    assert ((batch.points_px[:, 17:] > 0) & (batch.points_px[:, 17:] < 64)).all()


def test_the_papers_augmentation_stays_within_its_limits(pool: FacePool) -> None:
    paper = replace(CALM, shift=7 / 256, log_scale=0.1, roll_deg=15, spread="uniform")
    stage = replace(STAGE, augmentation=paper, mix={"made": 1.0})
    moved = StillBatches(pool, stage, (1,), 64)[0].points_px
    still = StillBatches(pool, replace(stage, augmentation=CALM), (1,), 64)[0].points_px
    eyes = moved[:, 45] - moved[:, 36]
    angles = np.rad2deg(np.arctan2(eyes[:, 1], eyes[:, 0]))
    assert np.abs(angles).max() < 15 + 3  # the drawn faces are upright but for the crop's rounding
    assert np.abs(angles).max() > 10
    size = np.linalg.norm(eyes, axis=1) / np.linalg.norm(still[:, 45] - still[:, 36], axis=1).mean()
    assert size.min() > 0.88
    assert size.max() < 1.13


def test_a_source_that_the_labels_lack_is_named(pool: FacePool) -> None:
    with pytest.raises(InputError, match="no faces of.*300w_helen.*made"):
        StillBatches(pool, replace(STAGE, mix={"300w_helen": 1.0}), (1,), 4)
