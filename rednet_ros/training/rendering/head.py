"""Everything about heads that does not change from picture to picture, read and prepared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.training.rendering.appearance import Wardrobe
from rednet_ros.training.rendering.assets import find_assets
from rednet_ros.training.rendering.background import load_pictures
from rednet_ros.training.rendering.body import SkinRegions, skin_regions
from rednet_ros.training.rendering.brows import SurfacePoints, brow_points
from rednet_ros.training.rendering.contour import JawLine
from rednet_ros.training.rendering.geometry import BoolArray, ImageArray, barycentric_points
from rednet_ros.training.rendering.hand import HandModel, load_hand
from rednet_ros.training.rendering.landmarks import SKIN_POINTS, LandmarkModel
from rednet_ros.training.rendering.rig import Rig, load_rig
from rednet_ros.training.rendering.textures import TextureSet, load_textures

NEEDED_KINDS = ("brow", "lash", "eye", "teeth", "tongue")


@dataclass(frozen=True, eq=False)
class HeadModel:
    """Geometry, textures, regions and landmark definition: plain arrays. `under_mask`: landmarks a face mask covers."""

    rig: Rig
    textures: TextureSet
    regions: SkinRegions
    landmarks: LandmarkModel
    hand: HandModel
    wardrobe: Wardrobe
    under_mask: BoolArray
    skin_means: tuple[tuple[float, float, float], ...]
    pictures: tuple[ImageArray, ...]


def load_head_model(folder: str | Path) -> HeadModel:
    """Read an asset folder. Raises InputError for anything missing or damaged."""
    assets = find_assets(folder)
    rig = load_rig(assets.rig)
    lacking = [kind for kind in NEEDED_KINDS if not rig.of_kind(kind)]
    if lacking:
        raise InputError(f"{assets.rig}: the rig has nothing of the kinds {', '.join(lacking)}")
    textures = load_textures(assets, rig)
    at_rest = barycentric_points(rig.mean, rig.landmark_vertices, rig.landmark_weights)
    regions = skin_regions(rig, at_rest)
    return HeadModel(
        rig=rig,
        textures=textures,
        regions=regions,
        under_mask=barycentric_points(regions.mask[:, None], rig.landmark_vertices, rig.landmark_weights)[:, 0] > 0.5,
        landmarks=landmark_model(rig, textures),
        hand=load_hand(),
        wardrobe=Wardrobe(tuple(path.name for path in assets.skins), tuple(path.name for path in assets.eyes), rig),
        skin_means=tuple(_mean_albedo(rig, skin) for skin in textures.skins),
        pictures=load_pictures(assets.backgrounds),
    )


def landmark_model(rig: Rig, textures: TextureSet) -> LandmarkModel:
    """The definition of the landmarks on this rig."""
    brows = {
        name: brow_points(brow, textures.accessories["brow", name], rig.mean)
        for name, brow in rig.accessory_index["brow"].items()
    }
    skin = SurfacePoints(rig.landmark_vertices[SKIN_POINTS], rig.landmark_weights[SKIN_POINTS])
    return LandmarkModel(JawLine(rig), skin, brows)


def _mean_albedo(rig: Rig, skin: ImageArray) -> tuple[float, float, float]:
    """Linear colour of a skin texture: the median on cheeks and forehead."""
    landmarks = barycentric_points(rig.mean, rig.landmark_vertices, rig.landmark_weights)
    x, y, z = np.abs(rig.mean[rig.corners, 0]), rig.mean[rig.corners, 1], rig.mean[rig.corners, 2]
    cheeks = (y < landmarks[41, 1] - 0.12) & (y > landmarks[48, 1]) & (x > 0.25) & (x < 0.55)
    forehead = (y > landmarks[19, 1] + 0.08) & (y < landmarks[19, 1] + 0.3) & (x < 0.45)
    plain = (cheeks | forehead) & (z > 0.9)
    height, width = skin.shape[:2]
    columns = np.clip((rig.uv[plain, 0] * width).astype(int), 0, width - 1)
    rows = np.clip((rig.uv[plain, 1] * height).astype(int), 0, height - 1)
    median = np.median((skin[rows, columns, :3] / 255.0) ** 2, axis=0)
    return float(median[0]), float(median[1]), float(median[2])
