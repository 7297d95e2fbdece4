"""The engine on whole images: the graph that a GPU runs, here on the CPU."""

import numpy as np
import pytest
import torch

from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.network import weights
from rednet_ros.tracking.crops import CropTransform

INFO = weights.WeightsInfo("tiny", "for tests", "noise")
RNG = np.random.default_rng(5)
CROPS = [CropTransform((60.0, 50.0), 64.0, 0.0, 64), CropTransform((80.0, 60.0), 64.0, 0.0, 64)]
TRANSFORMS = np.array([[*crop.center_px, crop.side_px, crop.roll_rad] for crop in CROPS], np.float32)


@pytest.fixture
def network(small_network):
    return small_network(backbone="resnet14", regression_maps="softmax", smoothing=True)


def images() -> list[np.ndarray]:
    return [RNG.integers(0, 256, (height, width, 3), dtype=np.uint8) for height, width in ((120, 160), (200, 110))]


def test_images_give_what_their_crops_give(network):
    """Of crops that fall on whole pixels, where OpenCV's grid does not matter; over two frames, with states."""
    frames, crops = LandmarkEngine(network, INFO, takes_frames=True), LandmarkEngine(network, INFO)
    state = other_state = previous_px = crop_previous_px = None
    for _ in range(2):
        cameras = images()
        whole = TRANSFORMS + np.array([0.5, 0.5, 0, 0], np.float32)
        cut = np.stack([cameras[at][y - 31 : y + 33, x - 31 : x + 33] for at, x, y in ((1, 60, 50), (0, 80, 60))])
        got = frames.run_frames(cameras, [1, 0], whole, previous_px, state)
        expected = crops.run(cut, crop_previous_px, other_state)
        corners = np.array([[60 - 31, 50 - 31], [80 - 31, 60 - 31]], np.float32)[:, None]
        torch.testing.assert_close(
            got.landmarks_px, expected.landmarks_px + torch.from_numpy(corners), rtol=0, atol=2e-2
        )
        torch.testing.assert_close(got.presence, expected.presence, rtol=0, atol=1e-2)
        torch.testing.assert_close(got.state.cell, expected.state.cell, rtol=0, atol=1e-2)
        state, other_state = got.state, expected.state
        previous_px, crop_previous_px = got.landmarks_px.numpy(), expected.landmarks_px.numpy()


def test_an_engine_for_images_takes_crops_too(network):
    crops = RNG.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    expected = LandmarkEngine(network, INFO).run(crops)
    got = LandmarkEngine(network, INFO, takes_frames=True).run(crops)
    torch.testing.assert_close(got.landmarks_px, expected.landmarks_px, rtol=0, atol=2e-2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((images(), [0, 1], TRANSFORMS[:1]), "2 faces need 2 x 4"),
        (([images()[0].astype(np.float32)], [0, 0], TRANSFORMS), "H x W x 3 uint8"),
        ((images(), [0, 1], TRANSFORMS, np.zeros((1, 68, 2), np.float32)), "2 x 68 x 2"),
    ],
    ids=["transforms", "float image", "landmarks"],
)
def test_what_does_not_fit_is_refused(network, arguments, told):
    with pytest.raises(ValueError, match=told):
        LandmarkEngine(network, INFO, takes_frames=True).run_frames(*arguments)


def test_an_engine_for_crops_says_so(network):
    with pytest.raises(ValueError, match="takes crops"):
        LandmarkEngine(network, INFO).run_frames(images(), [0, 1], TRANSFORMS)
