"""What is drawn from seeds: the same seed the same thing, and everything within its limits."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from rednet_ros.training.rendering.appearance import sample_outfit, sample_person
from rednet_ros.training.rendering.background import PACKAGED_PICTURES, load_pictures, sample_background
from rednet_ros.training.rendering.degradation import Degradation, degrade, sample_degradation
from rednet_ros.training.rendering.expression import KINDS, Expression, sample_expression
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.identity import sample_identity
from rednet_ros.training.rendering.motion import FaceMotion, sample_face_motion, sample_head_motion, sample_light_motion
from rednet_ros.training.rendering.occluders import occlude, sample_occluder
from rednet_ros.training.rendering.scene import Pose, sample_lighting, sample_scene
from rednet_ros.training.rendering.seeds import generator

PERFECT = Degradation(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, False, 0.0, None)
POINTS = np.random.default_rng(0).uniform(60, 140, (68, 2)).astype(np.float32)


def test_an_identity_is_its_seed_and_number(model: HeadModel) -> None:
    first, again = (sample_identity(model.rig, 1, 7) for _ in range(2))
    np.testing.assert_array_equal(first.shape, again.shape)
    assert sample_person(model.wardrobe, first) == sample_person(model.wardrobe, again)
    for other in (sample_identity(model.rig, 1, 8), sample_identity(model.rig, 2, 7)):
        assert not np.allclose(first.shape, other.shape)
        assert other.name != first.name


def test_people_are_of_both_genders_and_many_skins(model: HeadModel) -> None:
    people = [sample_identity(model.rig, 0, number) for number in range(60)]
    male = np.mean([person.male > 0.5 for person in people])
    assert 0.3 < male < 0.7
    brightness = [sum(sample_person(model.wardrobe, person).tone) / 3 for person in people]
    assert min(brightness) < 0.1
    assert max(brightness) > 0.4


def test_women_have_no_beards(model: HeadModel) -> None:
    woman = next(person for person in (sample_identity(model.rig, 0, n) for n in range(50)) if person.male < 0.3)
    outfits = [sample_outfit(model.wardrobe, woman, generator(0, "outfit", number)) for number in range(30)]
    assert all(outfit.stubble == 0 and outfit.beard_length == 0 for outfit in outfits)
    assert len({asdict(outfit)["cloth"] for outfit in outfits}) == 30


def test_scenes_keep_their_limits_and_reach_profiles() -> None:
    poses = [sample_scene(generator(0, "scene", number)).pose for number in range(600)]
    yaw = np.abs(np.rad2deg([pose.yaw_rad for pose in poses]))
    assert yaw.max() <= 90.001
    assert yaw.max() > 80
    assert 0.65 < np.mean(yaw < 45) < 0.95
    assert np.rad2deg([abs(pose.pitch_rad) for pose in poses]).max() <= 35.001


@pytest.mark.parametrize("kind", KINDS)
def test_expressions_are_strengths(kind: str) -> None:
    face = sample_expression(generator(0, kind), kind)
    assert all(0 <= strength <= 1 for strength in face.actions.values())


def test_blending_expressions() -> None:
    half = Expression({"jawOpen": 1.0}).blended(Expression({"mouthPucker": 0.4}), 0.5)
    assert half.actions == {"jawOpen": 0.5, "mouthPucker": 0.2}
    assert half.mouth_open
    assert not Expression({"eyeBlinkLeft": 1.0}).mouth_open


def test_blinks_shut_the_eyes_for_a_moment() -> None:
    calm = sample_face_motion(generator(0, "calm"), 2.0)
    open_eyes = Expression({})
    face = FaceMotion(open_eyes, open_eyes, 0.5, 0.0, calm.speech, blinks_s=(1.0,))
    assert face.expression(1.0).actions["eyeBlinkLeft"] == 1.0
    assert face.expression(0.8).actions.get("eyeBlinkLeft", 0.0) == 0.0
    assert 0 < face.expression(0.9).actions["eyeBlinkRight"] < 1


def test_heads_move_smoothly() -> None:
    for number in range(20):
        motion = sample_head_motion(generator(0, "motion", number), Pose(0.2, 0.0, 0.0, 0.3))
        yaw = np.rad2deg([motion.pose(frame / 30).yaw_rad for frame in range(60)])
        assert np.abs(np.diff(yaw)).max() < 16
        assert np.abs(np.diff(yaw, 2)).max() < 9


def test_light_fades_from_one_into_the_other() -> None:
    for number in range(20):
        rng = generator(0, "light", number)
        before = sample_lighting(rng)
        motion = sample_light_motion(rng, before, 1.0)
        np.testing.assert_allclose(motion.lighting(-10).key_colour, before.key_colour)
        np.testing.assert_allclose(motion.lighting(10).key_colour, motion.after.key_colour)


def test_a_perfect_camera_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3)).astype(np.uint8)
    np.testing.assert_array_equal(degrade(image, PERFECT, generator(0, "noise")), image)


def test_cameras_keep_the_format_and_repeat() -> None:
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    for number in range(40):
        one, two = (
            degrade(image, sample_degradation(rng), rng)
            for rng in (generator(0, "camera", number), generator(0, "camera", number))
        )
        assert one.shape == image.shape
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, two)


def test_motion_blur_runs_along_its_direction() -> None:
    image = np.zeros((65, 65, 3), np.uint8)
    image[32, 32] = 255
    camera = Degradation(1.0, 0.0, 9.0 * 224 / 65, 0.0, 1.0, 0.0, False, 0.0, None)
    rows, columns = np.nonzero(degrade(image, camera, generator(0, "noise"))[:, :, 0])
    assert np.ptp(rows) == 0
    assert np.ptp(columns) == 8


def test_only_free_pictures_are_backgrounds() -> None:
    assert not any("motorcycle" in name or "astronaut" in name for name in PACKAGED_PICTURES)
    assert set(PACKAGED_PICTURES.values()) <= {"CC0", "public domain (NASA)", "public domain (SpaceX)"}


def test_backgrounds_of_all_kinds() -> None:
    pictures = load_pictures([])
    means = set()
    for number in range(60):
        image = sample_background(generator(0, "background", number), 64, pictures)
        assert image.shape == (64, 64, 3)
        assert image.dtype == np.uint8
        means.add(round(float(image.mean())))
    assert len(means) > 20


def test_occluders_cover_what_they_say() -> None:
    image = np.full((200, 200, 3), 90, np.uint8)
    kinds = set()
    for number in range(60):
        thing = sample_occluder(generator(0, "thing", number), POINTS)
        kinds.add(thing.kind)
        changed, covered = occlude(image, [thing], [])
        assert covered.any()
        untouched = ~covered
        assert np.abs(changed[untouched].astype(int) - 90).max(axis=1).mean() < 2, "but for its soft edge"
        np.testing.assert_array_equal(changed, occlude(image, [thing], [])[0])
    assert kinds == {"bar", "microphone", "mug", "patch", "phone"}


def test_nothing_before_the_face_changes_nothing() -> None:
    image = np.full((50, 50, 3), 90, np.uint8)
    same, covered = occlude(image, [], [])
    np.testing.assert_array_equal(same, image)
    assert not covered.any()


def test_a_thing_that_moves_covers_other_pixels() -> None:
    image = np.full((200, 200, 3), 90, np.uint8)
    things = (sample_occluder(generator(0, "thing", number), POINTS) for number in range(50))
    thing = next(thing for thing in things if thing.kind == "phone")
    before, after = (occlude(image, [where], [])[1] for where in (thing, thing.moved((20, 0))))
    assert np.nonzero(after)[1].mean() == pytest.approx(np.nonzero(before)[1].mean() + 20, abs=5)
