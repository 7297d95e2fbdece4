import cv2
import numpy as np
import pytest
import torch

from rednet_ros.inference.batches import FrameBatch
from rednet_ros.inference.sampling import reduction_for, sample_crops, shrink, to_crop, to_frame
from rednet_ros.tracking.crops import CropTransform

SIZE_PX = 64
RNG = np.random.default_rng(3)


def picture(width: int, height: int, grain_px: int = 8) -> np.ndarray:
    """Noise as smooth as a camera's images are."""
    small = RNG.integers(0, 256, (height // grain_px + 1, width // grain_px + 1, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def row(crop: CropTransform) -> list[float]:
    return [*crop.center_px, crop.side_px, crop.roll_rad]


def cut(images: list[np.ndarray], which: list[int], crops: list[CropTransform]) -> np.ndarray:
    """The crops, N x S x S x 3 BGR, as the graph sees them."""
    transforms = torch.tensor([row(crop) for crop in crops])
    batch = FrameBatch(images, which, transforms, torch.full((len(crops), 68, 2), torch.nan), SIZE_PX)
    pixels, sources, transforms, _ = batch.inputs(range(len(crops)), "cpu")
    return sample_crops(pixels, sources, transforms, SIZE_PX).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize(
    "crop",
    [
        CropTransform((80.0, 60.0), 64.0, 0.0, SIZE_PX),
        CropTransform((71.3, 55.8), 40.7, 0.4, SIZE_PX),
        CropTransform((90.2, 48.1), 120.5, -1.2, SIZE_PX),
        CropTransform((3.0, 100.0), 90.0, 2.9, SIZE_PX),
        CropTransform((-200.0, 500.0), 90.0, 0.1, SIZE_PX),
    ],
    ids=["as it is", "enlarged", "shrunk, rolled", "over the border", "outside"],
)
def test_crops_are_those_of_opencv(crop):
    image = picture(160, 120)
    difference = np.abs(cut([image], [0], [crop])[0] - crop.extract(image).astype(float))
    assert difference.max() <= 3
    assert difference.mean() < 0.5


@pytest.mark.parametrize("side_px", [150.0, 300.0, 500.0])
def test_close_faces_are_averaged_as_opencv_does(side_px):
    image = picture(800, 600, grain_px=32)
    crop = CropTransform((400.0, 310.0), side_px, 0.3, SIZE_PX)
    difference = np.abs(cut([image], [0], [crop])[0] - crop.extract(image).astype(float))
    assert difference.mean() < 2


def test_a_fine_pattern_does_not_alias():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = CropTransform((256.0, 256.0), 256.0, 0.0, SIZE_PX)
    assert np.abs(cut([stripes], [0], [crop]) - 127.5).max() < 2


def test_faces_of_cameras_of_different_sizes_share_a_batch():
    images = [picture(160, 120), picture(90, 200), picture(640, 480)]
    crops = [
        CropTransform((50.0, 90.0), 60.0, 0.2, SIZE_PX),
        CropTransform((400.0, 200.0), 300.0, -0.2, SIZE_PX),
        CropTransform((90.0, 60.0), 70.0, 0.0, SIZE_PX),
        CropTransform((100.0, 200.0), 80.0, 0.0, SIZE_PX),
    ]
    which = [1, 2, 0, 2]
    together = cut(images, which, crops)
    for at, crop in enumerate(crops):
        np.testing.assert_allclose(together[at], cut([images[which[at]]], [0], [crop])[0], atol=1e-3)


def test_whole_crops_come_through_untouched():
    crops = RNG.integers(0, 256, (3, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    batch = FrameBatch.of_crops(crops, torch.full((3, 68, 2), torch.nan))
    pixels, sources, transforms, _ = batch.inputs([2, 0], "cpu")
    got = sample_crops(pixels, sources, transforms, SIZE_PX).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(got, crops[[2, 0]], atol=1e-2)


def test_points_go_both_ways_as_the_crop_says():
    crop = CropTransform((71.3, 55.8), 40.7, 0.4, SIZE_PX)
    points = RNG.uniform(-20, 90, (68, 2)).astype(np.float32)
    transform, many = torch.tensor([row(crop)]), torch.from_numpy(points)[None]
    np.testing.assert_allclose(to_frame(many, transform, SIZE_PX)[0], crop.to_image(points), atol=1e-3)
    np.testing.assert_allclose(to_crop(many, transform, SIZE_PX)[0], crop.to_crop(points), atol=1e-3)


def test_the_image_is_shrunk_as_far_as_the_face_is_close():
    assert [reduction_for(side_px, 100) for side_px in (50, 200, 201, 400, 401, 1601, 10_000)] == [1, 1, 2, 2, 4, 8, 8]


def test_shrinking_averages_fours():
    image = torch.tensor([[0, 10, 7], [20, 31, 7], [7, 7, 7]], dtype=torch.uint8)[..., None].repeat(1, 1, 3)
    assert shrink(image).tolist() == [[[15, 15, 15]]]
