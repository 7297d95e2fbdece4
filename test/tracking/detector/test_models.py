import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from rednet_ros.errors import InputError
from rednet_ros.inference import openvino
from rednet_ros.tracking.detector.crop_calibration import crop_from_detection
from rednet_ros.tracking.detector.models import CenterFace, YuNet, load_detector, shrink
from rednet_ros.tracking.types import ImageArray

EYES_AND_MOUTH = np.array([[203, 101], [247, 104], [224, 123], [204, 141], [244, 142]])
"""Right eye, left eye, nose tip, mouth corners of the portrait, read off by hand (within 2 pixels)."""


@pytest.fixture(scope="module")
def portrait() -> ImageArray:
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


@pytest.fixture(scope="module", params=["opencv", "openvino"])
def center_face(repository: Path, request: pytest.FixtureRequest) -> CenterFace:
    if request.param == "openvino":
        pytest.importorskip("openvino")
    return CenterFace(repository / "models" / "centerface.onnx", backend=request.param)


def test_both_runtimes_see_the_same(portrait: ImageArray, repository: Path) -> None:
    pytest.importorskip("openvino")
    for image in (portrait, portrait[:200, :290]):
        by_opencv, by_openvino = (
            CenterFace(repository / "models" / "centerface.onnx", backend=backend).detect(image)
            for backend in ("opencv", "openvino")
        )
        assert len(by_opencv) == len(by_openvino) == 1
        assert by_openvino[0].score == pytest.approx(by_opencv[0].score, abs=1e-4)
        np.testing.assert_allclose(by_openvino[0].points, by_opencv[0].points, atol=0.01)


def test_without_openvino_opencv_serves(
    portrait: ImageArray, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr(openvino, "_only_core", openvino._only_core.__wrapped__)
    assert len(CenterFace(repository / "models" / "centerface.onnx").detect(portrait)) == 1


def test_the_portrait_has_one_face_with_its_points_in_place(portrait: ImageArray, center_face: CenterFace) -> None:
    (found,) = center_face.detect(portrait)
    assert found.score > 0.8
    assert found.points is not None
    assert found.points.shape == (5, 2)
    np.testing.assert_allclose(found.points, EYES_AND_MOUTH, atol=5)
    crop = crop_from_detection(found, 128)
    np.testing.assert_allclose(crop.center_px, (226, 134), atol=6)
    assert 100 < crop.side_px < 160


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_positions_are_pixels_of_the_image_whatever_its_size(
    portrait: ImageArray, center_face: CenterFace, scale: float
) -> None:
    (found,) = center_face.detect(cv2.resize(portrait, None, fx=scale, fy=scale))
    assert found.points is not None
    np.testing.assert_allclose(found.points / scale, EYES_AND_MOUTH, atol=6)


def test_a_change_of_the_image_size_leaves_no_trace(portrait: ImageArray, center_face: CenterFace) -> None:
    before = center_face.detect(portrait)[0].score
    for width in (300, 400, 200):
        center_face.detect(portrait[:, :width])
    assert center_face.detect(portrait)[0].score == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 26), (400, 7), (20, 11), (33, 40), (480, 640)])
def test_an_empty_image_of_any_size_has_no_face(center_face: CenterFace, size: tuple[int, int]) -> None:
    for value in (0, 90, 255):
        assert center_face.detect(np.full((*size, 3), value, np.uint8)) == []


def test_images_are_shrunk_never_enlarged_and_padded() -> None:
    canvas, scale = shrink(np.full((480, 640, 3), 7, np.uint8), 320)
    assert (canvas.shape, scale) == ((256, 320, 3), 0.5)
    assert canvas[239].all()
    assert not canvas[240:].any()
    canvas, scale = shrink(np.zeros((50, 60, 3), np.uint8), 320)
    assert (canvas.shape, scale) == ((64, 64, 3), 1.0)


def test_the_shipped_detector_is_found_by_name(portrait: ImageArray) -> None:
    assert len(load_detector().detect(portrait)) == 1


@pytest.mark.parametrize("kind", [CenterFace, YuNet])
def test_a_missing_or_damaged_file_is_named(kind: type[CenterFace] | type[YuNet], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.onnx does not exist"):
        kind(tmp_path / "nowhere.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no network")
    with pytest.raises(InputError, match=r"damaged\.onnx"):
        kind(damaged)


def test_a_path_chooses_the_kind_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"yunet_2023\.onnx does not exist"):
        load_detector(str(tmp_path / "yunet_2023.onnx"))


@pytest.mark.parametrize(("longest_side_px", "min_score"), [(16, 0.5), (320, 0.0), (320, 1.0)])
def test_parameters_out_of_range_are_refused(repository: Path, longest_side_px: int, min_score: float) -> None:
    with pytest.raises(InputError, match="must be"):
        CenterFace(repository / "models" / "centerface.onnx", longest_side_px, min_score)
