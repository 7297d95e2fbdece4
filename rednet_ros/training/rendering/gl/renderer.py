"""Draws one posed head before a background, without a display, and reads back picture and depth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from rednet_ros.errors import RednetError
from rednet_ros.training.rendering.appearance import Outfit, Person
from rednet_ros.training.rendering.geometry import FloatArray, ImageArray, look_at, orthographic
from rednet_ros.training.rendering.gl import shaders
from rednet_ros.training.rendering.gl.material import (
    BINDING,
    FRAME_FLOATS,
    LIDS_UNIT,
    LIPS_UNIT,
    NOISE_UNIT,
    PICTURE_UNIT,
    SHADOW_UNIT,
    frame_block,
    make_materials,
)
from rednet_ros.training.rendering.gl.meshes import Context, GpuMesh, make_texture
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.pose import EYE, PartKey, PosedHead, Surface
from rednet_ros.training.rendering.scene import Lighting

SHADOW_PX = 384
SHADOW_HALF_WIDTH_DM = 1.9
LIGHT_DISTANCE_DM = 4.5
FUR_LAYERS = 6
MASK_LAYER_DM = 0.045


class RenderingUnavailable(RednetError):
    """This machine cannot render: a package or a driver is missing."""


def open_context() -> Any:
    """A moderngl context through EGL.

    Raises RenderingUnavailable that names what to install.
    """
    try:
        import moderngl
    except ImportError as error:
        raise RenderingUnavailable("moderngl is not installed: pip install 'rednet_ros[render]'") from error
    create: Any = moderngl.create_context  # its type knows no backends
    try:
        # EGL gives every function of OpenGL; moderngl's default also loads libGL.so, which is a package of its own.
        context = create(standalone=True, backend="egl", libegl="libEGL.so.1", libgl="libEGL.so.1")
    except Exception as error:  # glcontext raises plain Exception
        raise RenderingUnavailable(
            f"no OpenGL through EGL here ({error}). On Debian and Ubuntu: apt install libegl1 libgl1-mesa-dri; "
            "on a GPU machine the driver's EGL library (libnvidia-gl) does as well"
        ) from error
    if context.version_code < 330:
        raise RenderingUnavailable(f"OpenGL 3.3 is needed, this driver has {context.version_code / 100:.1f}")
    return context


@dataclass(frozen=True, eq=False)
class View:
    """The camera: `matrix` is the 4 x 4 view-projection, `eye` its place, `middle` what it looks at."""

    matrix: FloatArray
    eye: FloatArray
    middle: FloatArray


class Renderer:
    """Holds a context's programs, meshes and textures. One a process; `draw` may be called for any head."""

    def __init__(self, model: HeadModel, context: Context, side_px: int) -> None:
        self._model = model
        self._context = context
        self.side_px = side_px
        self._materials = make_materials(context)
        self._make_targets()
        self._make_background()
        self._frame = context.buffer(reserve=FRAME_FLOATS * 4, dynamic=True)
        self._frame.bind_to_uniform_block(BINDING)
        self._make_textures()
        self._make_meshes()

    def draw(
        self, head: PosedHead, person: Person, outfit: Outfit, lighting: Lighting, view: View, background: ImageArray
    ) -> tuple[ImageArray, FloatArray]:
        """Picture (side x side x 3 BGR) and depth (side x side, OpenGL's 0..1) of a head.

        `background`: side x side x 3 BGR.
        """
        light = orthographic(SHADOW_HALF_WIDTH_DM, 0.1, 9) @ look_at(
            view.middle + lighting.key_direction * LIGHT_DISTANCE_DM, view.middle
        )
        look = (lighting.exposure, 0.6 / SHADOW_PX, outfit.gloss, outfit.scattering)
        self._frame.write(frame_block(view.matrix, light, view.eye, lighting, look))
        self._write(head)
        self._draw_shadow(head, outfit)
        self._target.use()
        self._target.clear(depth=1.0)
        self._draw_background(background)
        self._draw_solid(head, person, outfit)
        self._draw_see_through(head, person, outfit)
        return self._read()

    # What is made once

    def _make_targets(self) -> None:
        context, side = self._context, self.side_px
        self._target = context.framebuffer(
            [context.renderbuffer((side, side), 4)], context.depth_renderbuffer((side, side))
        )
        self._shadow_map = context.depth_texture((SHADOW_PX, SHADOW_PX))
        self._shadow_map.compare_func = "<="
        self._shadow_map.filter = (context.LINEAR, context.LINEAR)
        self._shadow_target = context.framebuffer(depth_attachment=self._shadow_map)

    def _make_background(self) -> None:
        context = self._context
        program = context.program(vertex_shader=shaders.BACKGROUND_VERTEX, fragment_shader=shaders.BACKGROUND_FRAGMENT)
        corners = context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self._background = context.vertex_array(program, [(corners, "2f", "position")])
        self._background_texture = context.texture((self.side_px, self.side_px), 3, alignment=1)

    def _make_textures(self) -> None:
        textures, context = self._model.textures, self._context
        self._skins = [make_texture(context, pixels) for pixels in textures.skins]
        self._eyes = [make_texture(context, pixels) for pixels in textures.eyes]
        self._worn_textures = {key: make_texture(context, pixels) for key, pixels in textures.accessories.items()}
        self._white = make_texture(context, np.full((4, 4, 3), 255, np.uint8))
        self._noise = make_texture(context, textures.noise)
        self._lips = make_texture(context, textures.lips)
        self._lids = make_texture(context, textures.lids)

    def _make_meshes(self) -> None:
        rig, regions = self._model.rig, self._model.regions
        self._body = GpuMesh(self._context, rig.corners, rig.uv, rig.triangles)
        self._beard = self._body.part(_touching(rig.triangles, regions.beard[rig.corners]))
        self._scalp = self._body.part(_touching(rig.triangles, regions.scalp[rig.corners]))
        self._mask = GpuMesh(self._context, rig.corners, rig.uv, _touching(rig.triangles, regions.mask[rig.corners]))
        hand = self._model.hand
        count = len(hand.vertices)
        self._hand = GpuMesh(self._context, np.arange(count), np.zeros((count, 2), np.float32), hand.triangles)
        self._worn: dict[PartKey, GpuMesh] = {}

    # What is done for every picture

    def _write(self, head: PosedHead) -> None:
        regions = self._model.regions
        extra = np.stack([regions.scalp, regions.beard, head.chest, regions.mouth], axis=1)
        self._body.write(head.body.vertices, head.body.normals)
        self._body.write_regions(self._model.rig.occlusion, extra)
        for key, surface in head.parts.items():
            self._mesh(key).write(surface.vertices, surface.normals)
        if head.hand:
            self._hand.write(head.hand.vertices, head.hand.normals)

    def _mesh(self, key: PartKey) -> GpuMesh:
        if key not in self._worn:
            item = self._model.rig.accessory_index[key[0]][key[1]]
            self._worn[key] = GpuMesh(self._context, item.corners, item.uv, item.triangles)
        return self._worn[key]

    def _draw_shadow(self, head: PosedHead, outfit: Outfit) -> None:
        context, material = self._context, self._materials["shadow"]
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        context.enable_only(context.DEPTH_TEST)
        material.set(holes=False)
        self._white.use(PICTURE_UNIT)
        self._body.draw(material)
        if head.hand:
            self._hand.draw(material)
        if outfit.hat:
            self._mesh(("hat", outfit.hat)).draw(material)
        if outfit.hair:
            material.set(holes=True)
            self._worn_textures["hair", outfit.hair].use(PICTURE_UNIT)
            self._mesh(("hair", outfit.hair)).draw(material)

    def _draw_background(self, background: ImageArray) -> None:
        self._background_texture.write(np.ascontiguousarray(background[::-1, :, ::-1]))
        self._background_texture.use(PICTURE_UNIT)
        self._context.enable_only(self._context.NOTHING)
        self._background.render(self._context.TRIANGLE_STRIP)

    def _draw_solid(self, head: PosedHead, person: Person, outfit: Outfit) -> None:
        context = self._context
        for unit, texture in (
            (NOISE_UNIT, self._noise),
            (LIPS_UNIT, self._lips),
            (LIDS_UNIT, self._lids),
            (SHADOW_UNIT, self._shadow_map),
        ):
            texture.use(unit)
        context.enable_only(context.DEPTH_TEST | context.CULL_FACE)
        self._draw_skin(person, outfit)
        context.enable_only(context.DEPTH_TEST)
        if outfit.mask:
            self._draw_mask(head, outfit)
        self._draw_glossy(EYE, self._eyes[person.eye], (0.8, 0.78, 0.76), (0.12, 1.6, 0.8))
        for key in head.parts:
            if key[0] in ("teeth", "tongue"):
                tint = person.teeth_tint if key[0] == "teeth" else (0.8, 0.8, 0.8)
                self._draw_glossy(key, self._worn_textures[key], tint, (0.3, 0.5, 1.0))
        if outfit.hat:
            self._draw_glossy(("hat", outfit.hat), self._white, outfit.hat_colour, (0.6, 0.05, 0.0))
        if head.hand:
            self._materials["glossy"].set(tint=person.tone, finish=(outfit.roughness, 0.3 * outfit.gloss, 0.0))
            self._white.use(PICTURE_UNIT)
            self._hand.draw(self._materials["glossy"])
        if head.frame and outfit.glasses:
            self._materials["glossy"].set(tint=outfit.glasses.colour, finish=(0.2, 1.0, 0.0))
            self._white.use(PICTURE_UNIT)
            with self._temporary(head.frame) as mesh:
                mesh.draw(self._materials["glossy"])

    def _draw_skin(self, person: Person, outfit: Outfit) -> None:
        material = self._materials["skin"]
        mean = np.array(self._model.skin_means[person.skin])
        material.set(
            shell=0.0,
            tone=np.array(person.tone) / np.maximum(mean, 0.02) ** person.contrast,
            contrast=person.contrast,
            marks=(person.blotches, person.freckles, person.bumps, person.wrinkles),
            lip_tint=person.lip_tint,
            lip_paint=(*outfit.lip_colour, outfit.lip_paint),
            lid_paint=(*outfit.lid_colour, outfit.lid_paint),
            hair=person.hair_colour,
            cover=(outfit.stubble, outfit.buzz),
            cloth=outfit.cloth,
            cloth_second=outfit.cloth_second,
            cloth_cut=(outfit.neckline, outfit.stripes, 0.0),
            skin_roughness=outfit.roughness,
        )
        self._skins[person.skin].use(PICTURE_UNIT)
        self._body.draw(material)

    def _draw_glossy(
        self, key: PartKey, texture: Any, tint: tuple[float, ...], finish: tuple[float, float, float]
    ) -> None:
        self._materials["glossy"].set(tint=tint, finish=finish, shell=0.0)
        texture.use(PICTURE_UNIT)
        self._mesh(key).draw(self._materials["glossy"])

    def _draw_mask(self, head: PosedHead, outfit: Outfit) -> None:
        assert outfit.mask is not None
        regions = self._model.regions
        cover = regions.mask[:, None] * np.array([1.0, 0, 0, 0], np.float32)
        self._mask.write(head.body.vertices, head.body.normals)
        self._mask.write_regions(self._model.rig.occlusion, cover)
        self._materials["cloth"].set(
            shell=MASK_LAYER_DM,
            cloth=outfit.mask.colour,
            cloth_second=outfit.mask.stripe_colour,
            stripes=outfit.stripes,
        )
        self._mask.draw(self._materials["cloth"])

    def _draw_see_through(self, head: PosedHead, person: Person, outfit: Outfit) -> None:
        context = self._context
        context.enable_only(context.DEPTH_TEST | context.BLEND)
        context.blend_func = context.SRC_ALPHA, context.ONE_MINUS_SRC_ALPHA
        self._target.depth_mask = False
        material = self._materials["decal"]
        lash_colour = tuple(0.3 * part for part in person.brow_colour)
        for key, colour, density in (
            (("brow", person.brow), person.brow_colour, person.brow_density),
            (("lash", person.lash), lash_colour, person.lash_density),
        ):
            material.set(hair=(*colour, density), shell=0.0)
            self._worn_textures[key].use(PICTURE_UNIT)
            self._mesh(key).draw(material)
        self._draw_fur(person, outfit)
        if outfit.hair:
            self._draw_hair(("hair", outfit.hair), person)
        if head.lenses and outfit.glasses:
            opacity = outfit.glasses.lens_opacity
            self._materials["lens"].set(tint=(0.01, 0.01, 0.01, opacity), shell=0.0)
            with self._temporary(head.lenses) as mesh:
                mesh.draw(self._materials["lens"])
        self._target.depth_mask = True

    def _draw_fur(self, person: Person, outfit: Outfit) -> None:
        """Beard and short hair as shells around the skin."""
        material = self._materials["fur"]
        cropped = outfit.buzz_length if outfit.hair is None and outfit.buzz > 0 else 0.0
        for length, cover, part in (
            (outfit.beard_length, (1.0, 0.0), self._beard),
            (cropped, (0.0, 1.0), self._scalp),
        ):
            if length <= 0 or (part is self._beard and outfit.mask):
                continue
            material.set(hair=person.hair_colour, cover=cover)
            for layer in range(1, FUR_LAYERS + 1):
                height = layer / FUR_LAYERS
                material.set(height=height, shell=length * height)
                self._body.draw(material, part)

    def _draw_hair(self, key: PartKey, person: Person) -> None:
        """The dense parts first, with depth, then the fringes over them."""
        material = self._materials["hair"]
        self._worn_textures[key].use(PICTURE_UNIT)
        material.set(hair=person.hair_colour, alpha_range=(0.5, 2.0), shell=0.0)
        self._target.depth_mask = True
        self._mesh(key).draw(material)
        material.set(alpha_range=(0.05, 0.5))
        self._target.depth_mask = False
        self._mesh(key).draw(material)

    @contextmanager
    def _temporary(self, surface: Surface) -> Iterator[GpuMesh]:
        """A mesh that exists for one picture."""
        assert surface.triangles is not None
        count = len(surface.vertices)
        mesh = GpuMesh(self._context, np.arange(count), np.zeros((count, 2)), surface.triangles)
        mesh.write(surface.vertices, surface.normals)
        yield mesh
        mesh.release()

    def _read(self) -> tuple[ImageArray, FloatArray]:
        side = self.side_px
        rgb = np.frombuffer(self._target.read(components=3, alignment=1), np.uint8).reshape(side, side, 3)
        depth = np.frombuffer(self._target.read(components=1, attachment=-1, dtype="f4"), "f4").reshape(side, side)
        return np.ascontiguousarray(rgb[::-1, :, ::-1]), np.ascontiguousarray(depth[::-1])


def _touching(triangles: Any, values: FloatArray) -> Any:
    """Triangles with a corner of a value above 0.05."""
    return triangles[(values[triangles] > 0.05).any(axis=1)]
