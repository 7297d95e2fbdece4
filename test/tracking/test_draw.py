import numpy as np
import pytest

from rednet_ros.tracking.draw import confidence_color, draw_faces, draw_landmarks
from rednet_ros.tracking.types import Box, Face, FaceStatus, FloatArray, ImageArray

GREY = 120


def grey(height: int = 240, width: int = 320) -> ImageArray:
    return np.full((height, width, 3), GREY, np.uint8)


def points(center: tuple[float, float] = (160, 120), size: float = 100) -> FloatArray:
    """68 points on a grid of `size` pixels, far enough apart to be told apart."""
    grid = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 9), np.linspace(-0.5, 0.5, 8)), -1).reshape(-1, 2)[:68]
    return (grid * size + center).astype(np.float32)


def face(landmarks: FloatArray, confidence: float = 1.0, face_id: str = "f1") -> Face:
    return Face(
        face_id, FaceStatus.TRACKED, confidence, Box.around(landmarks), landmarks, np.full(68, confidence, np.float32)
    )


def touched(image: ImageArray) -> np.ndarray:
    """Rows and columns (N x 2) of the pixels that are no longer the background's grey."""
    return np.argwhere((image != GREY).any(axis=2))


def test_the_input_stays_untouched_and_points_lie_where_the_landmarks_are() -> None:
    image = grey()
    landmarks = points()
    drawn = draw_faces(image, [face(landmarks)])
    assert (image == GREY).all()
    for x, y in landmarks.astype(int):
        assert (drawn[y - 1 : y + 2, x - 1 : x + 2] != GREY).any()


def test_without_faces_the_copy_is_the_image() -> None:
    image = grey()
    drawn = draw_faces(image, [])
    assert drawn is not image
    np.testing.assert_array_equal(drawn, image)


def test_points_run_from_red_over_amber_to_green() -> None:
    low, middle, high = confidence_color(0.0), confidence_color(0.5), confidence_color(1.0)
    assert low[2] > 200 > 100 > low[1]
    assert min(middle[1:]) > 150 > middle[0]
    assert high[1] > 200 > 150 > high[2]
    assert (confidence_color(-3.0), confidence_color(7.0)) == (low, high)

    x, y = points()[30].astype(int)
    for confidence, channel in ((0.0, 2), (1.0, 1)):
        drawn = draw_faces(grey(), [face(points(), confidence)], labels=False)
        assert int(np.argmax(drawn[y, x])) == channel


def test_drawing_is_centred_on_sub_pixel_positions() -> None:
    """The mass of a drawn line follows its position by fractions of a pixel."""
    for offset in (0.0, 0.25, 0.5, 0.75):
        landmarks = np.full((68, 2), 40.0 + offset, np.float32)
        landmarks[0] = (40.0 + offset + 100, 40.0 + offset)  # a size for the face; its contour stays on row 40
        canvas = np.zeros((80, 200, 3), np.uint8)
        draw_landmarks(canvas, landmarks, (255, 255, 255))
        weight = canvas[:, 60:120].sum(axis=(1, 2)).astype(float)
        assert float(np.average(np.arange(80), weights=weight)) == pytest.approx(40.0 + offset, abs=0.21)


def test_larger_faces_get_thicker_lines() -> None:
    def ink(scale: int) -> float:
        canvas = np.zeros((200 * scale, 200 * scale, 3), np.uint8)
        draw_landmarks(canvas, points((100 * scale, 100 * scale), 90 * scale), (255, 255, 255))
        return float((canvas.max(axis=2) > 60).mean())

    # The same picture at six times the size: a constant width would cover a sixth.
    assert ink(6) > ink(1) / 3


def test_box_and_label_only_where_asked() -> None:
    plain = touched(draw_faces(grey(), [face(points())], labels=False))
    top_of_points = points()[:, 1].min()
    assert plain[:, 0].min() > top_of_points - 4
    labelled = touched(draw_faces(grey(), [face(points())]))
    assert labelled[:, 0].min() < top_of_points - 8
    boxed = draw_faces(grey(), [face(points())], boxes=True, labels=False)
    assert len(touched(boxed)) > len(plain)


@pytest.mark.parametrize("center", [(0, 0), (319, 239), (-60, 120), (160, 500), (1e7, -1e7)])
def test_faces_at_and_beyond_the_border_do_no_harm(center: tuple[float, float]) -> None:
    drawn = draw_faces(grey(), [face(points(center))], boxes=True)
    assert drawn.shape == (240, 320, 3)


def test_a_label_wider_than_the_image_and_a_degenerate_face_do_no_harm() -> None:
    tiny = grey(6, 8)
    assert draw_faces(tiny, [face(points((4, 3), 4), face_id="f1234567")]).shape == (6, 8, 3)
    assert draw_faces(grey(), [face(np.full((68, 2), 100, np.float32))]).shape == (240, 320, 3)
