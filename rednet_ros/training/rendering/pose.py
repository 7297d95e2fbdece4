"""A head in one moment: the identity's shape with an expression, dressed, turned, ready to be drawn."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np

from rednet_ros.training.rendering.appearance import Outfit, Person
from rednet_ros.training.rendering.body import CHEST, neck_weights
from rednet_ros.training.rendering.expression import Expression
from rednet_ros.training.rendering.geometry import FloatArray, IntArray, NormalsOf, rotation
from rednet_ros.training.rendering.glasses import SimpleMesh, build_glasses
from rednet_ros.training.rendering.hand import Hand, pose_hand
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.identity import Identity
from rednet_ros.training.rendering.rig import Accessory
from rednet_ros.training.rendering.scene import Pose

CLOTH_THICKNESS = 0.05
EYE = ("eye", "high-poly")
PartKey = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Surface:
    """Vertices and their normals, N x 3 each; `triangles` only where the mesh is not one of the rig's."""

    vertices: FloatArray
    normals: FloatArray
    triangles: IntArray | None = None


@dataclass(frozen=True, eq=False)
class PosedHead:
    """All surfaces of a turned head in scene coordinates (dm). `chest`: V, distance below the collar line.

    `landmarks`: 51 x 3, landmarks 17 to 67. `parts`: what is worn, by (kind, name); `frame`, `lenses`: the
    glasses; `hand`: one held before the face.
    """

    body: Surface
    chest: FloatArray
    parts: dict[PartKey, Surface]
    frame: Surface | None
    lenses: Surface | None
    landmarks: FloatArray
    hand: Surface | None = None


class HeadPoser:
    """Builds posed heads. Keeps what the last identities' pictures have in common."""

    def __init__(self, model: HeadModel) -> None:
        self._model = model
        self._body_normals = NormalsOf(model.rig.welded, len(model.rig.mean))
        self._hand_normals = NormalsOf(model.hand.triangles, len(model.hand.vertices))
        self._normals: dict[PartKey, NormalsOf] = {}
        self._hair: OrderedDict[tuple[int, int, PartKey, float], Surface] = OrderedDict()
        self._chin_rest = float(self._chin_height(model.rig.mean))

    def with_hand(self, head: PosedHead, hand: Hand | None) -> PosedHead:
        """The head with a hand before it."""
        if hand is None:
            return head
        vertices = pose_hand(self._model.hand, hand, head.landmarks)
        triangles = self._model.hand.triangles
        return replace(head, hand=Surface(vertices, self._hand_normals(vertices), triangles))

    def pose(self, identity: Identity, person: Person, outfit: Outfit, expression: Expression, pose: Pose) -> PosedHead:
        """The head of this identity with these looks in this expression and pose."""
        rig = self._model.rig
        still = rig.displaced(identity.shape, expression.targets)
        turn = _Turn(still[rig.eye_vertices].mean(axis=0), pose)
        chin = self._chin_height(still)
        follows = neck_weights(still, chin)
        parts = {key: turn.surface(surface) for key, surface in self._worn(still, person, outfit, expression).items()}
        for key in ((kind, name) for kind, name in (("hair", outfit.hair), ("hat", outfit.hat)) if name):
            parts[key] = turn.surface(self._headwear(identity, key, outfit.hair_volume), chin)
        chest = CHEST - still[:, 1] + (chin - self._chin_rest)
        vertices = turn.points(still, follows)
        normals = self._body_normals(vertices)
        dressed = np.clip((chest - outfit.neckline) / 0.03, 0, 1) * CLOTH_THICKNESS
        body = Surface(vertices + normals * dressed[:, None], normals)
        brow = parts["brow", person.brow].vertices
        frame, lenses = self._glasses(still, person, outfit, turn)
        landmarks = self._model.landmarks.in_space(vertices, person.brow, brow)
        return PosedHead(body, chest.astype(np.float32), parts, frame, lenses, landmarks)

    def _worn(self, head: FloatArray, person: Person, outfit: Outfit, expression: Expression) -> dict[PartKey, Surface]:
        """What moves with the expression."""
        keys = [("brow", person.brow), ("lash", person.lash), EYE]
        if expression.mouth_open and outfit.mask is None:
            keys += [("teeth", person.teeth), ("tongue", self._model.rig.of_kind("tongue")[0])]
        return {key: self._fitted(key, head) for key in keys}

    def _headwear(self, identity: Identity, key: PartKey, fullness: float) -> Surface:
        """Hair and hat don't move with the face, so they are fitted once for all pictures of a person."""
        cached = (identity.seed, identity.number, key, fullness)
        if cached not in self._hair:
            self._hair[cached] = self._fitted(key, identity.shape, fullness)
            while len(self._hair) > 8:
                self._hair.popitem(last=False)
        return self._hair[cached]

    def _fitted(self, key: PartKey, head: FloatArray, fullness: float = 1.0) -> Surface:
        accessory = self._accessory(key)
        vertices = accessory.fit(head, fullness)
        if key not in self._normals:
            self._normals[key] = NormalsOf(accessory.welded, len(vertices))
        return Surface(vertices, self._normals[key](vertices))

    def _accessory(self, key: PartKey) -> Accessory:
        return self._model.rig.accessory_index[key[0]][key[1]]

    def _glasses(
        self, head: FloatArray, person: Person, outfit: Outfit, turn: _Turn
    ) -> tuple[Surface | None, Surface | None]:
        if outfit.glasses is None:
            return None, None
        brow = self._accessory(("brow", person.brow)).fit(head)
        landmarks = self._model.landmarks.in_space(head, person.brow, brow)
        temples = self._jaw_points(head)[[0, 16]]
        frame, lenses = build_glasses(outfit.glasses, landmarks, temples)
        return turn.surface(_with_normals(frame)), turn.surface(_with_normals(lenses))

    def _jaw_points(self, head: FloatArray) -> FloatArray:
        rig = self._model.rig
        return np.einsum("nkc,nk->nc", head[rig.landmark_vertices[:17]], rig.landmark_weights[:17])

    def _chin_height(self, head: FloatArray) -> float:
        return float(self._jaw_points(head)[8, 1])


class _Turn:
    """The turn of a head about the top of its neck, and the smaller one of the body."""

    def __init__(self, eyes: FloatArray, pose: Pose) -> None:
        self._pivot = np.array([0, eyes[1] - 1.15, eyes[2] - 1.1], np.float32)
        self._head = rotation(pose.yaw_rad, pose.pitch_rad, pose.roll_rad)
        self._body = rotation(pose.yaw_rad * pose.body_share, pose.pitch_rad * 0.15, pose.roll_rad * 0.15)

    def points(self, points: FloatArray, follows: FloatArray | None = None) -> FloatArray:
        """Turned points; `follows`: how far each moves with the head, all of them wholly if None."""
        about = points - self._pivot
        turned = about @ self._head.T
        if follows is not None:
            turned = turned * follows[:, None] + about @ self._body.T * (1 - follows)[:, None]
        return (turned + self._pivot).astype(np.float32)

    def surface(self, surface: Surface, chin_height: float | None = None) -> Surface:
        """A turned surface; with the chin's height, what hangs down follows the body."""
        follows = None if chin_height is None else neck_weights(surface.vertices, chin_height)
        normals = surface.normals @ self._head.T
        return Surface(self.points(surface.vertices, follows), normals, surface.triangles)


def _with_normals(mesh: SimpleMesh) -> Surface:
    normals = NormalsOf(mesh.triangles, len(mesh.vertices))(mesh.vertices)
    return Surface(mesh.vertices, normals, mesh.triangles)
