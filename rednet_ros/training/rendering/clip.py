"""A clip: one person in motion, by seed and number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rednet_ros.training.rendering.appearance import Outfit, sample_outfit
from rednet_ros.training.rendering.background import sample_background
from rednet_ros.training.rendering.degradation import Degradation, sample_degradation
from rednet_ros.training.rendering.framing import Lens
from rednet_ros.training.rendering.geometry import ImageArray
from rednet_ros.training.rendering.motion import (
    FRAME_S,
    FaceMotion,
    HandMotion,
    HeadMotion,
    LightMotion,
    Passing,
    sample_face_motion,
    sample_hand_motion,
    sample_head_motion,
    sample_light_motion,
    sample_passing,
)
from rednet_ros.training.rendering.occluders import sample_occluder
from rednet_ros.training.rendering.scene import Camera, Scene, sample_camera, sample_lighting, sample_pose
from rednet_ros.training.rendering.seeds import Rng, chance, generator
from rednet_ros.training.rendering.still import FaceRenderer, Moment, RenderedFace

HAND_SHARE, THING_SHARE = 0.25, 0.35
FRAME_STEPS = (1, 1, 2, 3)
"""Frames of a 30 Hz camera from one rendered frame to the next."""


@dataclass(frozen=True, eq=False)
class Script:
    """All that happens in a clip."""

    outfit: Outfit
    head: HeadMotion
    face: FaceMotion
    light: LightMotion
    hand: HandMotion | None
    camera: Camera
    film: Degradation
    background: ImageArray
    step_s: float


def render_clip(
    renderer: FaceRenderer, seed: int, number: int, identity_number: int, frames: int
) -> Iterator[RenderedFace]:
    """The frames of clip `number` of a seed, of the given identity. Equal arguments give equal bytes."""
    identity, person = renderer.person(seed, identity_number)
    rng = generator(seed, "clip", number)
    script = _sample_script(rng, renderer, sample_outfit(renderer.model.wardrobe, identity, rng), frames)
    moment = Moment(
        identity,
        person,
        script.outfit,
        script.face.expression(0),
        Scene(script.head.around, script.camera, script.light.lighting(0)),
    )
    lens = renderer.lens(moment)
    passing: Passing | None = None
    for frame in range(frames):
        time_s = frame * script.step_s
        lighting = script.light.lighting(time_s)
        moment = replace(
            moment,
            expression=script.face.expression(time_s),
            scene=Scene(script.head.pose(time_s), script.camera, lighting),
            hand=script.hand.at(time_s) if script.hand else None,
        )
        face = renderer.draw(moment, script.background, _moved(lens, script.head, time_s))
        if frame == 0 and chance(rng, THING_SHARE):
            passing = sample_passing(rng, sample_occluder(rng, face.points_px), frames * script.step_s)
        things = (passing.occluder(time_s),) if passing else ()
        yield renderer.through_camera(face, things, script.film, generator(seed, "frame", number, frame))


def _sample_script(rng: Rng, renderer: FaceRenderer, outfit: Outfit, frames: int) -> Script:
    step_s = float(rng.choice(FRAME_STEPS)) * FRAME_S
    length_s = frames * step_s
    camera = sample_camera(rng)
    return Script(
        outfit=outfit,
        head=sample_head_motion(rng, sample_pose(rng)),
        face=sample_face_motion(rng, length_s),
        light=sample_light_motion(rng, sample_lighting(rng), length_s),
        hand=sample_hand_motion(rng, length_s) if chance(rng, HAND_SHARE) else None,
        camera=replace(camera, framing=rng.uniform(2.0, 2.5)),
        film=sample_degradation(rng),
        background=sample_background(rng, renderer.side_px, renderer.model.pictures),
        step_s=step_s,
    )


def _moved(lens: Lens, head: HeadMotion, time_s: float) -> Lens:
    return lens.moved(*head.place(time_s))
