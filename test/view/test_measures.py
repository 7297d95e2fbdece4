import math
from dataclasses import replace

import numpy as np
import pytest

from rednet_ros.view.measures import eye_opening, measures, mouth_opening


def test_an_eye_that_shuts_is_seen(make_face):
    points = make_face().landmarks_px
    shut = points.copy()
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        shut[[upper, lower]] = (points[upper] + points[lower]) / 2
    assert 0.15 < eye_opening(points) < 0.5
    assert eye_opening(shut) == pytest.approx(0, abs=1e-6)


def test_the_wider_eye_counts_more_for_the_other_is_turned_away(make_face):
    points = make_face(yaw_rad=0.9).landmarks_px
    widths = np.linalg.norm(points[[36, 42]] - points[[39, 45]], axis=1)
    narrow = ((37, 41), (38, 40)) if widths[0] < widths[1] else ((43, 47), (44, 46))
    shut = points.copy()
    for upper, lower in narrow:
        shut[[upper, lower]] = (points[upper] + points[lower]) / 2
    assert eye_opening(shut) > 0.5 * eye_opening(points)


def test_a_mouth_that_opens_is_seen_at_any_distance_and_turn(make_face):
    for changes in ({}, {"place_m": (0.1, 0.0, 1.5)}, {"yaw_rad": 0.6}):
        points = make_face(**changes).landmarks_px
        opened = points.copy()
        nose_px = np.linalg.norm(points[[36, 45]].mean(axis=0) - points[33])
        opened[[67, 66, 65], 1] += 0.5 * nose_px
        assert mouth_opening(opened) - mouth_opening(points) == pytest.approx(0.5, abs=0.1)


def test_angles_are_in_degrees_with_the_poses_signs_and_nan_without_one(make_face):
    turned = make_face(yaw_rad=0.5)
    assert measures(turned)[2:] == pytest.approx((math.degrees(0.5), 0, 0))
    assert all(map(math.isnan, measures(replace(turned, head_pose=None))[2:]))


def test_landmarks_in_one_place_are_no_division_by_zero(make_face):
    nowhere = replace(make_face(), landmarks_px=np.zeros((68, 2), np.float32))
    assert all(map(math.isnan, measures(nowhere)[:2]))
