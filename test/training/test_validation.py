"""Validation measures what the network says, in the unit of the protocol, on what is annotated."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.training import validation
from rednet_ros.training.config import ClipSettings, StageConfig
from rednet_ros.training.datasets.labels import LabelledFace, read_labels
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.validation import validate_clips, validate_stills

STAGE = StageConfig("c", 64, 100, {"made": 1.0}, kind="clips", batch=2, clips=ClipSettings(frames=4))


@pytest.fixture(scope="module")
def faces(make_faces: Callable[..., Path]) -> list[LabelledFace]:
    return read_labels(make_faces(10))


def tell(monkeypatch: pytest.MonkeyPatch, pool: FacePool, error_px: float, indices: list[int]) -> None:
    """Makes the network say the truth, moved to the right by `error_px` image pixels."""

    def predict(network, images, crops):
        by_image = {pool.picture(index).image.tobytes(): pool.picture(index).points_px for index in range(len(pool))}
        return [np.nan_to_num(by_image[image.tobytes()])[indices] + (error_px, 0) for image in images]

    monkeypatch.setattr(validation, "_predict", predict)


def test_errors_are_in_percent_of_the_interocular_distance(
    tiny: REDNetConfig, faces: list[LabelledFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = FacePool(faces)
    tell(monkeypatch, pool, 2.0, list(range(68)))
    unit = np.array([np.linalg.norm(face.points_px[45] - face.points_px[36]) for face in faces])
    errors = validate_stills(REDNet(tiny), pool)
    assert errors.nme_mean == pytest.approx(np.mean(200 / unit), rel=1e-4)
    assert errors.nme_median == pytest.approx(np.median(200 / unit), rel=1e-4)
    assert errors.nme_detection7 == pytest.approx(errors.nme_mean, rel=1e-4)
    assert errors.failure_rate_10 == 0
    tell(monkeypatch, pool, 9.0, list(range(68)))
    assert validate_stills(REDNet(tiny), pool).failure_rate_10 == 100


def test_landmarks_that_are_not_annotated_are_not_counted(
    tiny: REDNetConfig, faces: list[LabelledFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = []
    for face in faces:
        points = face.points_px.copy()
        points[:30] = np.nan
        part.append(replace(face, points_px=points))
    pool = FacePool(part)
    tell(monkeypatch, pool, 2.0, list(range(68)))
    whole = FacePool(faces)
    errors = validate_stills(REDNet(tiny), pool)
    tell(monkeypatch, whole, 2.0, list(range(68)))
    assert errors.nme_mean == pytest.approx(validate_stills(REDNet(tiny), whole).nme_mean)


def test_a_network_of_seven_landmarks_is_measured_on_these(
    tiny: REDNetConfig, faces: list[LabelledFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, network = FacePool(faces), REDNet(replace(tiny, steps=("detection",)))
    tell(monkeypatch, pool, 2.0, list(DETECTION_INDICES))
    errors = validate_stills(network, pool)
    assert errors.nme_detection7 == pytest.approx(errors.nme_mean)
    assert errors.nme_detection7 == pytest.approx(6, abs=1.5)


def test_a_network_is_left_in_the_mode_it_was_in_and_unchanged(
    tiny: REDNetConfig, faces: list[LabelledFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "CLIPS", 1)
    monkeypatch.setattr(validation, "CLIP_FRAMES", 3)
    network = REDNet(tiny).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    validate_stills(network, FacePool(faces[:2]))
    validate_clips(network, FacePool(faces[:2]), STAGE)
    assert network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_clips_are_measured_with_and_without_the_state(
    tiny: REDNetConfig, faces: list[LabelledFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "CLIPS", 2)
    monkeypatch.setattr(validation, "CLIP_FRAMES", 4)
    monkeypatch.setattr("rednet_ros.training.clip_losses.LOST", 1e6)
    network, pool = REDNet(replace(tiny, temporal="replace")), FacePool(faces)
    first, again = validate_clips(network, pool, STAGE), validate_clips(network, pool, STAGE)
    assert first == again
    assert first.nme != first.nme_stateless
    alone = validate_clips(REDNet(replace(tiny, temporal="none")), pool, STAGE)
    assert alone.nme == alone.nme_stateless
    assert alone.flicker == alone.flicker_stateless > 0
