"""The example's logic on faces made here: who looks, whose eyes are open, whose mouth moves."""

import math

import numpy as np
import pytest

from rednet_attention.attention import AttentionSettings, AttentionTracker, SeenFace
from rednet_attention.measures import angle_from_target_rad, eye_opening, mouth_opening

LOOKING_BACK = (0.5, 0.5, -0.5, 0.5)
"""Quaternion of a face that looks straight back along the optical axis (docs of Face.head_pose)."""
FRAME_S = 1 / 30


def drawn_points(eyes=0.32, lips=0.0, size_px=100.0):
    """68 points of a frontal face: eyes open by `eyes` of their width, lips apart by `lips` of the eyes' distance."""
    points = np.zeros((68, 2))
    for first, x in ((36, -0.5), (42, 0.2)):
        width = 0.3
        corner_and_lids = [(0, 0), (0.3, -0.5), (0.7, -0.5), (1, 0), (0.7, 0.5), (0.3, 0.5)]
        points[first : first + 6] = [(x + width * along, width * eyes * up) for along, up in corner_and_lids]
    points[33] = (0, 0.5)
    points[60:68] = [(-0.2, 0.8), (-0.1, 0.8), (0, 0.8), (0.1, 0.8), (0.2, 0.8), (0.1, 0.8), (0, 0.8), (-0.1, 0.8)]
    points[65:68, 1] += lips * 0.5
    return points * size_px


def turned(yaw_rad):
    """Orientation of a face that looks along the optical axis, turned to its left by `yaw_rad`."""
    half = -yaw_rad / 2  # about the optical frame's y axis, which points down
    qx, qy, qz, qw = 0.0, math.sin(half), 0.0, math.cos(half)
    x, y, z, w = LOOKING_BACK
    return (
        qw * x + qx * w + qy * z - qz * y,
        qw * y - qx * z + qy * w + qz * x,
        qw * z + qx * y - qy * x + qz * w,
        qw * w - qx * x - qy * y - qz * z,
    )


def face(name="f1", *, yaw_deg=0.0, position_m=(0.0, 0.0, 1.0), confidence=0.9, has_pose=True, **shape):
    return SeenFace(
        id=name,
        points_px=drawn_points(**shape),
        point_confidence=np.full(68, confidence),
        position_m=position_m if has_pose else None,
        orientation=turned(math.radians(yaw_deg)) if has_pose else None,
    )


def watch(tracker, faces, start_s=0.0):
    """What is said of the first of each image's faces, at 30 images a second."""
    return [tracker.update([one], start_s + i * FRAME_S)[0] for i, one in enumerate(faces)]


@pytest.fixture
def tracker():
    return AttentionTracker()


def test_the_angle_is_that_of_the_turn():
    assert angle_from_target_rad((0, 0, 1), LOOKING_BACK) == pytest.approx(0, abs=1e-6)
    for degrees in (10, 45, 90, 170):
        assert math.degrees(angle_from_target_rad((0, 0, 2), turned(math.radians(degrees)))) == pytest.approx(degrees)


def test_who_stands_aside_and_looks_straight_ahead_does_not_look_at_the_robot():
    assert math.degrees(angle_from_target_rad((1, 0, 1), LOOKING_BACK)) == pytest.approx(45)
    assert math.degrees(angle_from_target_rad((1, 0, 1), LOOKING_BACK, (1, 0, 0))) == pytest.approx(0, abs=1e-5)


def test_the_camera_may_be_elsewhere_than_what_is_looked_at():
    beside = AttentionTracker(AttentionSettings(target_m=(1.0, 0.0, 0.0)))
    assert beside.update([face(position_m=(0.0, 0.0, 1.0))], 0.0)[0].is_looking is False
    assert beside.update([face(position_m=(1.0, 0.0, 1.0))], 0.1)[0].is_looking is True


def test_looking_ends_later_than_it_begins(tracker):
    angles_deg = [40, 23, 19, 23, 26, 23]
    said = [person.is_looking for person in watch(tracker, [face(yaw_deg=angle) for angle in angles_deg])]
    assert said == [False, False, True, True, False, False]


def test_without_a_head_pose_nothing_is_said_about_looking(tracker):
    (person,) = tracker.update([face(has_pose=False)], 0.0)
    assert person.is_looking is None
    assert person.angle_rad is None
    assert person.eyes_open is True


def test_openings_do_not_depend_on_the_distance():
    for size_px in (20, 300):
        assert eye_opening(drawn_points(eyes=0.3, size_px=size_px)) == pytest.approx(0.3)
        assert mouth_opening(drawn_points(lips=0.4, size_px=size_px)) == pytest.approx(0.4)


def test_the_eye_that_is_turned_away_counts_less():
    points = drawn_points(eyes=0.3)
    points[42:48, 0] = points[42, 0] + (points[42:48, 0] - points[42, 0]) * 0.2  # as seen from the side
    assert eye_opening(points) < 0.4  # 1.5 for that eye alone


def test_a_blink_is_seen_and_ends(tracker):
    openings = [0.32] * 30 + [0.15] * 4 + [0.32] * 10
    said = [person.eyes_open for person in watch(tracker, [face(eyes=opening) for opening in openings])]
    assert said == [True] * 30 + [False] * 4 + [True] * 10


def test_narrow_eyes_are_open_eyes_where_they_are_usual(tracker):
    said = watch(tracker, [face(eyes=0.2)] * 30 + [face(eyes=0.1)])
    assert [person.eyes_open for person in said] == [True] * 30 + [False]


def test_who_arrives_with_shut_eyes_is_not_taken_for_one_with_narrow_ones(tracker):
    assert not any(person.eyes_open for person in watch(tracker, [face(eyes=0.12)] * 60))


def test_a_moving_mouth_is_told_from_one_that_stays_open(tracker):
    speaking = [face(lips=0.15 + 0.1 * math.sin(i * 1.3)) for i in range(60)]
    said = [person.mouth_moving for person in watch(tracker, speaking)]
    assert said[0] is None  # too early to tell
    assert all(said[20:])
    still = [person.mouth_moving for person in watch(tracker, [face(lips=0.3)] * 90, start_s=2.0)]
    assert still[-1] is False


def test_landmarks_that_tremble_are_no_speech(tracker):
    rng = np.random.default_rng(0)
    said = watch(tracker, [face(lips=0.02 + 0.02 * rng.random()) for _ in range(90)])
    assert not any(person.mouth_moving for person in said)


def test_of_hidden_landmarks_nothing_is_said(tracker):
    person = watch(tracker, [face(confidence=0.1)] * 30)[-1]
    assert person.eyes_open is None
    assert person.mouth_moving is None
    assert person.is_looking is True


def test_people_do_not_mix(tracker):
    for i in range(60):
        people = tracker.update([face("f1", lips=0.2 * (i % 2)), face("f2", yaw_deg=60)], i * FRAME_S)
    first, second = people
    assert (first.id, first.mouth_moving, first.is_looking) == ("f1", True, True)
    assert (second.id, second.mouth_moving, second.is_looking) == ("f2", False, False)


def test_who_was_away_for_long_starts_anew(tracker):
    watch(tracker, [face(lips=0.2 * (i % 2)) for i in range(60)])
    assert tracker.update([face()], 10.0)[0].mouth_moving is None


def test_a_replayed_recording_starts_anew(tracker):
    before = watch(tracker, [face(lips=0.2 * (i % 2)) for i in range(60)], start_s=100.0)
    again = watch(tracker, [face(lips=0.2 * (i % 2)) for i in range(60)], start_s=50.0)
    assert again == before


def test_no_faces_are_no_people(tracker):
    assert tracker.update([], 0.0) == []


def test_another_number_of_points_is_refused(tracker):
    with pytest.raises(ValueError, match=r"face f9: points of shape \(5, 2\), not \(68, 2\)"):
        tracker.update([SeenFace("f9", np.zeros((5, 2)), np.zeros(5))], 0.0)
