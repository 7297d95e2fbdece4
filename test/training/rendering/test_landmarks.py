"""The jaw line, the points on the skin and what can be seen of them."""

import numpy as np
import pytest

from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.training.rendering.contour import JawLine, even_steps, without_folds, without_temple
from rednet_ros.training.rendering.framing import frame_head, landmarks_through
from rednet_ros.training.rendering.geometry import look_at, orthographic, perspective, project, rotation
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.landmarks import LIDS, SeenLandmarks, visible_landmarks
from rednet_ros.training.rendering.scene import Camera

SIZE_PX = 200
EYE = np.array([0.0, 7.0, 12.5])
MIDDLE = np.array([0.0, 7.0, 0.5])
VIEW = orthographic(1.2, 0.1, 30) @ look_at(EYE, MIDDLE)


def turned(model: HeadModel, yaw_deg: float) -> np.ndarray:
    about = model.rig.mean - MIDDLE
    return (about @ rotation(np.deg2rad(yaw_deg), 0, 0).T + MIDDLE).astype(np.float32)


def inner(model: HeadModel, yaw_deg: float) -> np.ndarray:
    """Landmarks 17 to 67 in the picture."""
    head = turned(model, yaw_deg)
    brow = model.rig.accessory_index["brow"]["brow1"].fit(head)
    return project(model.landmarks.in_space(head, "brow1", brow), VIEW, SIZE_PX)[:, :2]


def trace(model: HeadModel, yaw_deg: float) -> np.ndarray:
    return JawLine(model.rig).trace(turned(model, yaw_deg), inner(model, yaw_deg), VIEW, SIZE_PX, 0.0)[:, :2]


def test_even_steps_keep_the_ends_and_have_one_length() -> None:
    line = np.array([[0, 0, 5], [3, 0, 5], [3, 1, 7]], float)
    steps = even_steps(line, 8)
    np.testing.assert_allclose(steps[[0, -1]], line[[0, -1]])
    np.testing.assert_allclose(np.abs(np.diff(steps[:, :2], axis=0)).sum(axis=1), 0.5)
    assert steps[-1, 2] == 7


def test_a_line_that_folds_back_is_straightened() -> None:
    line = np.array([[0, 0, 1], [0, 4, 1], [0, 2, 1], [0, 3, 1], [0, 6, 1], [0, 9, 1], [0, 8, 2]], float)
    np.testing.assert_array_equal(without_folds(line)[:, 1], [0, 4, 6, 8])


def test_a_silhouette_begins_where_the_cheek_does() -> None:
    line = np.array([[0, 0, 1], [0, 4, 2], [0, 8, 3], [0, 12, 4]], float)
    below = np.array([-6.0, -2.0, 2.0, 6.0])
    whole = np.ones(4, bool)
    np.testing.assert_array_equal(without_temple(line, below, whole), [[0, 6, 2.5], [0, 8, 3], [0, 12, 4]])
    ear_seen = np.array([False, True, True, True])
    np.testing.assert_array_equal(without_temple(line, below, ear_seen), line)
    np.testing.assert_array_equal(without_temple(line, below + 10, whole), line)


@pytest.mark.parametrize("yaw_deg", [30, 40, -30, -40])
def test_the_far_side_begins_below_the_eye_and_not_at_the_temple(model: HeadModel, yaw_deg: float) -> None:
    """300-W's annotators have it 6 to 9 % of the eyes' distance below the corner, whatever the pose."""
    end, corner = (16, 1) if yaw_deg > 0 else (0, 0)
    eyes = inner(model, yaw_deg)[[36 - 17, 45 - 17]]
    lower = trace(model, yaw_deg)[end, 1] - eyes[corner, 1]
    assert 0.03 < lower / np.linalg.norm(eyes[0] - eyes[1]) < 0.12


def test_the_far_side_does_not_jump_as_the_head_turns(model: HeadModel) -> None:
    ends = [trace(model, yaw_deg)[16, 1] for yaw_deg in range(0, 40, 4)]
    assert np.abs(np.diff(ends)).max() < 0.04 * SIZE_PX


@pytest.mark.parametrize("yaw_deg", [0, 30, 60])
def test_jaw_points_are_even_on_either_side_of_the_chin(model: HeadModel, yaw_deg: float) -> None:
    jaw = trace(model, yaw_deg)
    for side in (jaw[:9], jaw[8:]):
        steps = np.linalg.norm(np.diff(side, axis=0), axis=1)
        assert steps.max() < 1.15 * steps.min()


def test_the_jaw_of_an_upright_head_is_symmetric(model: HeadModel) -> None:
    jaw = trace(model, 0)
    mirrored = jaw[list(FLIP_ORDER[:17])] * [-1, 1] + [SIZE_PX - 1, 0]
    np.testing.assert_allclose(jaw, mirrored, atol=1.5)
    assert jaw[0, 1] < jaw[4, 1] < jaw[8, 1]


@pytest.mark.parametrize("yaw_deg", [25, 50, -50])
def test_the_far_side_slides_along_the_silhouette(model: HeadModel, yaw_deg: float) -> None:
    """Turned to its own left (picture right), the head's left cheek is far away, and the points lie on its outline."""
    jaw = trace(model, yaw_deg)
    far = jaw[12:16] if yaw_deg > 0 else jaw[1:5]
    skin = project(turned(model, yaw_deg), VIEW, SIZE_PX)
    for x, y in far:
        level = skin[np.abs(skin[:, 1] - y) < 6, 0]
        outline = level.max() if yaw_deg > 0 else level.min()
        assert abs(x - outline) < 4


def test_the_near_side_stays_on_the_head(model: HeadModel) -> None:
    """In front of the ear, not on the back of the head."""
    jaw = trace(model, 50)
    skin = project(turned(model, 50), VIEW, SIZE_PX)
    level = skin[np.abs(skin[:, 1] - jaw[0, 1]) < 6, 0]
    assert jaw[0, 0] > level.min() + 15


def test_a_face_is_framed_as_asked(model: HeadModel) -> None:
    head = _PosedHead(model)
    lens = frame_head(model, head, Camera(10.0, 2.0, (0.05, -0.1)), 0.0)
    points = landmarks_through(model, head, lens, 0.0, SIZE_PX).points_px
    low, high = points.min(axis=0), points.max(axis=0)
    assert (high - low).max() == pytest.approx(SIZE_PX / 2, rel=1e-3)
    np.testing.assert_allclose((low + high) / 2 + 0.5, [0.55 * SIZE_PX, 0.4 * SIZE_PX], atol=0.1)
    moved = landmarks_through(model, head, lens.moved(0.1, 0.0, 1.0), 0.0, SIZE_PX).points_px
    np.testing.assert_allclose(moved - points, np.tile([0.1 * SIZE_PX, 0], (68, 1)), atol=1e-2)


class _PosedHead:
    """As much of a PosedHead as the camera needs."""

    def __init__(self, model: HeadModel) -> None:
        brow = model.rig.accessory_index["brow"]["brow1"].fit(model.rig.mean)
        self.body = type("Surface", (), {"vertices": model.rig.mean})
        self.landmarks = model.landmarks.in_space(model.rig.mean, "brow1", brow)


def test_lids_that_overlap_meet_on_the_upper_lid(model: HeadModel) -> None:
    head = _PosedHead(model)
    upper, lower = (index - 17 for index in LIDS[0])
    rig = model.rig
    shut = rig.mean.copy()
    shut[rig.landmark_vertices[41]] += [0, 0.5, 0]  # as if the lower lid had gone up behind the upper one
    brow = rig.accessory_index["brow"]["brow1"].fit(rig.mean)
    points = model.landmarks.in_space(shut, "brow1", brow)
    np.testing.assert_allclose(points[lower], points[upper])
    assert not np.allclose(head.landmarks[lower], head.landmarks[upper])


def test_brow_points_run_from_right_to_left_on_the_hair(model: HeadModel) -> None:
    brow = model.rig.accessory_index["brow"]["brow1"].fit(model.rig.mean)
    points = model.landmarks.brows["brow1"].on(brow)
    assert (np.diff(points[:, 0]) > 0).all()
    assert points[:, 0].min() == pytest.approx(-0.5, abs=0.03)
    assert (points[1:4, 1] > 7.4 + 0.06).all(), "the middle three lie on the upper edge"


def test_what_is_hidden_is_not_visible() -> None:
    planes = (1.0, 20.0)
    lens = perspective(3.0, 0.0, 0.0, *planes)
    seen = project(np.tile([0.0, 0.0, -10.0], (68, 1)), lens, SIZE_PX)
    points = seen[:, :2].astype(np.float32) + np.linspace(-50, 50, 68)[:, None].astype(np.float32) * [1, 0]
    landmarks = SeenLandmarks(points.astype(np.float32), seen[:, 2].astype(np.float32))
    surface = np.full((SIZE_PX, SIZE_PX), seen[0, 2], np.float32)
    assert visible_landmarks(landmarks, surface, planes).all()
    before = surface.copy()
    before[:, : SIZE_PX // 2] = project(np.array([[0.0, 0.0, -9.5]]), lens, SIZE_PX)[0, 2]
    visible = visible_landmarks(landmarks, before, planes)
    np.testing.assert_array_equal(visible, points[:, 0] > SIZE_PX // 2 - 2.5)
    outside = SeenLandmarks(points - 1000, landmarks.depth)
    assert not visible_landmarks(outside, surface, planes).any()


def test_lip_points_lie_below_the_peaks_of_the_upper_lip(model: HeadModel) -> None:
    """As 300-W has them: 61, 67 and 58 about below 50; the inner corner a little inside the outer one."""
    points = dict(enumerate(_PosedHead(model).landmarks, start=17))
    width = points[54][0] - points[48][0]
    for peak, below in ((50, (58, 61, 67)), (52, (56, 63, 65))):
        assert all(abs(points[index][0] - points[peak][0]) < 0.12 * width for index in below)
    assert 0.02 < (points[60][0] - points[48][0]) / width < 0.15
    assert 0.02 < (points[54][0] - points[64][0]) / width < 0.15


def test_the_upper_lip_dips_between_its_peaks(model: HeadModel) -> None:
    points = dict(enumerate(_PosedHead(model).landmarks, start=17))
    eyes = points[45][0] - points[36][0]
    assert 0.01 < ((points[50] + points[52]) / 2 - points[51])[1] / eyes < 0.04
