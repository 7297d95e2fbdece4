"""A tracker whose engine cuts the faces out of the images itself finds what one with crops finds."""

import numpy as np
import pytest

from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.network import weights
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.sighting import Look, look_at

INFO = weights.WeightsInfo("tiny", "for tests", "noise")


@pytest.fixture
def engines(small_network, one_thread_and_seed):
    network = small_network(backbone="resnet14", regression_maps="softmax")
    return LandmarkEngine(network, INFO), LandmarkEngine(network, INFO, takes_frames=True)


def test_faces_of_two_cameras_are_seen_alike(engines):
    rng = np.random.default_rng(2)
    cameras = [np.full((90, 120, 3), 40, np.uint8), rng.integers(0, 256, (200, 160, 3), dtype=np.uint8)]
    known_px = rng.uniform(60, 110, (68, 2)).astype(np.float32)
    sightings = []
    for engine in engines:
        looks = [
            Look(cameras[1], CropTransform((80.5, 90.5), 64.0, 0.0, 64), None, engine.initial_state(1)),
            Look(cameras[0], CropTransform((50.5, 40.5), 64.0, 0.0, 64), None, engine.initial_state(1)),
            Look(cameras[1], CropTransform((60.5, 70.5), 64.0, 0.0, 64), known_px, engine.initial_state(1)),
        ]
        sightings.append(look_at(engine, looks))
    for one, other in zip(*sightings, strict=True):
        np.testing.assert_allclose(other.landmarks_px, one.landmarks_px, atol=0.05)
        assert other.confidence == pytest.approx(one.confidence, abs=0.01)
        np.testing.assert_allclose(other.identity, one.identity, atol=0.01)
