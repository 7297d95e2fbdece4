"""One picture of one face, by seed and number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from rednet_ros.training.rendering.appearance import Outfit, Person, sample_outfit, sample_person
from rednet_ros.training.rendering.background import sample_background
from rednet_ros.training.rendering.degradation import Degradation, degrade, sample_degradation
from rednet_ros.training.rendering.expression import Expression, sample_expression
from rednet_ros.training.rendering.framing import Lens, frame_head, landmarks_through
from rednet_ros.training.rendering.geometry import BoolArray, FloatArray, ImageArray
from rednet_ros.training.rendering.gl.renderer import Renderer, open_context
from rednet_ros.training.rendering.hand import Hand, sample_hand
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.identity import Identity, sample_identity
from rednet_ros.training.rendering.landmarks import visible_landmarks
from rednet_ros.training.rendering.occluders import Occluder, occlude, sample_occluders
from rednet_ros.training.rendering.pose import HeadPoser, PosedHead
from rednet_ros.training.rendering.scene import Scene, sample_scene
from rednet_ros.training.rendering.seeds import Rng, chance, generator

OVERSAMPLING = 1.25
"""Pictures are drawn this much larger and shrunk: smooth edges at a fourth of the price of multisampling on a CPU."""
IMAGES_PER_IDENTITY = 6
HAND_SHARE = 0.12


@dataclass(frozen=True, eq=False)
class Moment:
    """One person in one scene: all that is needed to draw it."""

    identity: Identity
    person: Person
    outfit: Outfit
    expression: Expression
    scene: Scene
    hand: Hand | None = None


@dataclass(frozen=True, eq=False)
class RenderedFace:
    """`image`: S x S x 3 BGR uint8; `points_px`: 68 x 2 float32, pixel centres at integers; `visible`: 68 bool."""

    image: ImageArray
    points_px: FloatArray
    visible: BoolArray
    identity: str


class FaceRenderer:
    """Renders faces of a head model, size_px x size_px. Opens its own OpenGL context: make one a process."""

    def __init__(self, model: HeadModel, size_px: int = 224) -> None:
        self.model = model
        self.size_px = size_px
        self._poser = HeadPoser(model)
        self._renderer = Renderer(model, open_context(), round(size_px * OVERSAMPLING))
        self._last: tuple[Identity, Person] | None = None
        self._posed: tuple[Moment, PosedHead] | None = None

    @property
    def side_px(self) -> int:
        """Side of the drawn pictures, before they are shrunk: what backgrounds must have."""
        return self._renderer.side_px

    def still(self, seed: int, number: int, identity_number: int) -> RenderedFace:
        """Picture `number` of a seed, of the given identity. Equal arguments give equal bytes."""
        moment, rng = self.moment(seed, number, identity_number)
        return self.photograph(moment, rng)

    def moment(self, seed: int, number: int, identity_number: int) -> tuple[Moment, Rng]:
        """What picture `number` of a seed shows, and the generator that `photograph` goes on with."""
        identity, person = self.person(seed, identity_number)
        rng = generator(seed, "still", number)
        outfit = sample_outfit(self.model.wardrobe, identity, rng)
        hand = sample_hand(rng) if chance(rng, HAND_SHARE) else None
        return Moment(identity, person, outfit, sample_expression(rng), sample_scene(rng), hand), rng

    def photograph(self, moment: Moment, rng: Rng) -> RenderedFace:
        """A picture of this moment: background, things before the face and the camera's quality by chance."""
        background = sample_background(rng, self.side_px, self.model.pictures)
        face = self.draw(moment, background, self.lens(moment))
        things = sample_occluders(rng, face.points_px)
        return self.through_camera(face, things, sample_degradation(rng), rng)

    def person(self, seed: int, identity_number: int) -> tuple[Identity, Person]:
        """The identity and its looks; the last one is kept."""
        last = self._last
        if last is None or (last[0].seed, last[0].number) != (seed, identity_number):
            identity = sample_identity(self.model.rig, seed, identity_number)
            self._last = last = identity, sample_person(self.model.wardrobe, identity)
        return last

    def lens(self, moment: Moment) -> Lens:
        """The camera that frames this moment as its scene asks."""
        scene = moment.scene
        return frame_head(self.model, self.head(moment), scene.camera, scene.pose.roll_rad)

    def draw(self, moment: Moment, background: ImageArray, lens: Lens) -> RenderedFace:
        """The plain picture: nothing between camera and face, a perfect camera. `background`: side_px x side_px x 3."""
        scene = moment.scene
        head = self.head(moment)
        seen = landmarks_through(self.model, head, lens, scene.pose.roll_rad, self.size_px)
        large, depth = self._renderer.draw(
            head, moment.person, moment.outfit, scene.lighting.exposed_for(moment.person.tone), lens.view, background
        )
        image = cv2.resize(large, (self.size_px, self.size_px), interpolation=cv2.INTER_AREA)
        depth = cv2.resize(depth, (self.size_px, self.size_px), interpolation=cv2.INTER_NEAREST)
        visible = visible_landmarks(seen, depth, lens.planes)
        if moment.outfit.mask:
            visible &= ~self.model.under_mask  # it lies so close to the skin that depths do not show it
        return RenderedFace(image, seen.points_px, visible, moment.identity.name)

    def through_camera(
        self, face: RenderedFace, things: Sequence[Occluder], camera: Degradation, rng: Rng
    ) -> RenderedFace:
        """The face with things before it, as a camera of this quality takes it."""
        image, covered = occlude(face.image, things, self.model.pictures)
        visible = face.visible & ~covered_points(covered, face.points_px)
        return replace(face, image=degrade(image, camera, rng), visible=visible)

    def head(self, moment: Moment) -> PosedHead:
        """The posed head; the last one is kept, as camera and picture both need it."""
        if self._posed is None or self._posed[0] is not moment:
            head = self._poser.pose(moment.identity, moment.person, moment.outfit, moment.expression, moment.scene.pose)
            self._posed = moment, self._poser.with_hand(head, moment.hand)
        return self._posed[1]


def covered_points(covered: BoolArray, points_px: FloatArray) -> BoolArray:
    """Which points lie on covered pixels: 68 bool. `covered`: S x S."""
    x, y = np.clip(np.rint(points_px).astype(int), 0, covered.shape[0] - 1).T
    return covered[y, x]
