"""RED-Net: encoder-decoder, spatial recurrence, temporal recurrence, identity (paper, section 3)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network.config import (
    MEMORY_CHANNELS,
    SETTLED_PRESENCE,
    SETTLED_SHIFT,
    WINDOW_RADIUS_CELLS,
    REDNetConfig,
)
from rednet_ros.network.heatmaps import (
    decode,
    decode_mean,
    draw_discs,
    read_at,
    spatial_softmax,
)
from rednet_ros.network.identity import IdentityBranch
from rednet_ros.network.mobile import MobileEncoderDecoder
from rednet_ros.network.resnet import ResNetEncoderDecoder
from rednet_ros.network.temporal import SpatialMemory, State, TemporalModule, warp
from rednet_ros.network.vgg import VGGEncoderDecoder

SCHEMATIC_FACE = ((0.29, 0.36), (0.42, 0.36), (0.58, 0.36), (0.71, 0.36), (0.5, 0.53), (0.37, 0.68), (0.63, 0.68))
"""The 7 detection landmarks of an upright face, (x, y) as fractions of the crop: z0 until training measures its own."""


class REDNetOutput(NamedTuple):
    """One frame's result for N faces.

    `steps`: the response maps of every step in order: detection steps N x 7 x M x M logits, regression steps
    N x 68 x M x M heat maps. `state`: to be passed in with the next frame, None without the temporal module.
    `identity`: N x 256 of the last step, None without the identity branch. `seen`: N x 7 x M x M logits of the last
    step of a direct network, which detects in every step; else None.
    """

    steps: tuple[Tensor, ...]
    state: State | None
    identity: Tensor | None
    seen: Tensor | None = None


_Step = tuple[Tensor, State | None, Tensor | None, Tensor | None]
"""Of one step: the features that the heads share, the next state, identity vectors, and the memory's doubt."""

_VARIANTS: dict[str, Any] = {"vgg": VGGEncoderDecoder, "mobile": MobileEncoderDecoder}


class REDNet(nn.Module):
    """The network. It holds no face: all that passes from frame to frame goes in and out as `state`."""

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        self.config = config
        variant = _VARIANTS.get(config.backbone, ResNetEncoderDecoder)
        self.body = variant(config)
        self.identity_channels = self.body.code_channels // 2
        own = () if config.shared_steps else config.steps[1:]
        self.heads = _heads(self.body.output_channels, config.steps[:1] if own else config.steps)
        # Empty in a network that shares its weights between the steps, as the paper's does.
        self.later_bodies = nn.ModuleList(variant(config) for _ in own)
        self.later_heads = nn.ModuleList(_heads(self.body.output_channels, (kind,)) for kind in own)
        self.temporal = self._temporal_module()
        self.identity = IdentityBranch(self.identity_channels) if config.identity else None
        self.register_buffer("mean_points", torch.tensor(SCHEMATIC_FACE))

    def _temporal_module(self) -> TemporalModule | SpatialMemory | None:
        if self.config.temporal == "none":
            return None
        if self.config.temporal == "spatial":
            return SpatialMemory(self.config.channels(MEMORY_CHANNELS))
        return TemporalModule(self.body.code_channels - self.identity_channels, self.config.temporal)

    mean_points: Tensor
    """7 x 2: where the detection landmarks lie on average, as fractions of the crop."""

    def initial_state(self, faces: int) -> State | None:
        """The state of `faces` faces that have no history, None without the temporal module."""
        if self.temporal is None:
            return None
        shapes = self.config.state_shapes.values()
        return tuple(torch.zeros(faces, *shape, dtype=self.dtype, device=self.device) for shape in shapes)

    def seen_from(self, state: State, motion: Tensor) -> State:
        """The state for other crops than those it was left by. `motion`: as of `temporal.warp`."""
        return tuple(warp(part, motion) for part in state) if self.config.temporal == "spatial" else state

    @property
    def device(self) -> torch.device:
        """Where the parameters lie."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Of the parameters."""
        return next(self.parameters()).dtype

    def draw_z0(self, previous_px: Tensor) -> Tensor:
        """The 7 maps of the first step's input (section 3.2): discs at the previous frame's landmarks.

        `previous_px`: N x 7 x 2 crop pixels; a row that holds nan stands for a first frame and gets the mean shape.
        """
        # Not `all`, for which TensorRT has no converter.
        known = torch.isfinite(previous_px).float().amin(dim=(1, 2), keepdim=True) > 0
        points_px = torch.where(known, previous_px, self.mean_points * self.config.crop_px)
        config = self.config
        return draw_discs(points_px, config.map_px, config.cells(config.radius_px), config.cell_px).to(self.dtype)

    def forward(
        self, crops: Tensor, z0: Tensor, state: State | None = None, direct: Tensor | None = None
    ) -> REDNetOutput:
        """One video frame.

        `crops`: N x 3 x S x S, RGB as `normalise` leaves it. `z0`: N x 7 x M x M in 0..1, drawn from the previous
        frame's landmarks or the mean shape. `state`: of the previous frame, `seen_from` these crops; None on a first
        one. `direct` (of a direct network): N bool, the faces whose regression step sees z0, not what the detection
        step makes of it.
        """
        # A face whose second step sees z0 again has the first one's result, unless it counts in the norm of the others.
        again = None if direct is None or self._norm_learns() else torch.nonzero(~direct)[:, 0]
        if state is None or self.temporal is None:
            state = self.initial_state(crops.shape[0])
        image = self.body.stem(crops)
        z, maps, next_state, identity = z0, [], state, None
        for step, kind in enumerate(self.config.steps):
            body: Any = self.body
            heads: Any = self.heads
            if step and self.later_bodies:
                body, heads = self.later_bodies[step - 1], self.later_heads[step - 1]
                image = body.stem(crops)
            # Each step starts from the previous frame's state; the last step's is kept (digest, temporal [choice]).
            if not step or again is None:
                features, next_state, identity, doubt = self._step(body, image, z, state)
            elif len(again):
                before = None if state is None else tuple(part[again] for part in state)
                renewed = self._step(body, image[again], z[again], before)
                features, next_state, identity, doubt = _merged((features, next_state, identity, doubt), again, renewed)
            maps.append(response_maps(heads[kind](features), kind, self.config))
            z = feedback(self._seen(features, doubt) if kind == "detection" and doubt is not None else maps[-1], kind)
            if direct is not None and not step:
                z = torch.where(direct[:, None, None, None], z0, z)
        seen = self._seen(features, doubt) if self.config.direct else None
        return REDNetOutput(tuple(maps), next_state, identity, seen)

    def one_step(self, image: Tensor, z: Tensor, state: State | None) -> REDNetOutput:
        """One step of a direct network, with both heads. `image`: of the body's stem; the others as of `forward`."""
        features, state, identity, doubt = self._step(self.body, image, z, state)
        maps = response_maps(self.heads["regression"](features), "regression", self.config)
        return REDNetOutput((maps,), state, identity, self._seen(features, doubt))

    def _seen(self, features: Tensor, doubt: Tensor | None) -> Tensor:
        """What the detection says of this frame, the memory of others apart: N x 7 x M x M logits."""
        logits: Tensor = self.heads["detection"](features)
        return logits if doubt is None else logits - doubt

    def _norm_learns(self) -> bool:
        """Whether batch norm takes its statistics from the batch."""
        return any(module.training for module in self.body.modules() if isinstance(module, nn.BatchNorm2d))

    def _step(self, body: Any, image: Tensor, z: Tensor, state: State | None) -> _Step:
        # z depends on what learns, too, but a gradient through an encoder that does not learn costs too much time.
        learns = any(parameter.requires_grad for parameter in body.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and learns):
            code, skips = body.encode(image, z)
        who, motion = code[:, : self.identity_channels], code[:, self.identity_channels :]
        identity = None if self.identity is None else self.identity(who)
        if isinstance(self.temporal, TemporalModule):
            assert state is not None
            motion, state = self.temporal(motion, state)
            code = torch.cat([who, motion], dim=1)
        if isinstance(self.temporal, SpatialMemory):
            assert state is not None
            coarse, skip, state, doubt = self.temporal(body.decode_coarse(code, skips), skips[0], state)
            return body.decode_fine(coarse, skip), state, identity, doubt
        return body.decode(code, skips), state, identity, None


def _merged(whole: _Step, rows: Tensor, part: _Step) -> _Step:
    """What `REDNet._step` gave for all faces, with these rows from another call for them."""

    def put(all_rows: Tensor, some: Tensor) -> Tensor:
        return all_rows.index_copy(0, rows, some.to(all_rows.dtype))

    features, state, identity, doubt = put(whole[0], part[0]), *whole[1:]
    if state is not None and part[1] is not None:
        state = tuple(put(before, now) for before, now in zip(state, part[1], strict=True))
    if identity is not None and part[2] is not None:
        identity = put(identity, part[2])
    if doubt is not None and part[3] is not None:
        doubt = put(doubt, part[3])
    return features, state, identity, doubt


def _heads(channels: int, steps: Iterable[str]) -> nn.ModuleDict:
    """The last 1 x 1 convolutions of these kinds of steps."""
    maps = {"detection": len(DETECTION_INDICES), "regression": LANDMARK_COUNT}
    return nn.ModuleDict({kind: nn.Conv2d(channels, maps[kind], 1) for kind in maps if kind in steps})


def response_maps(maps: Tensor, kind: str, config: REDNetConfig) -> Tensor:
    """The response maps of a step from what its last convolution gives."""
    if kind == "regression" and config.regression_maps == "softmax":
        return spatial_softmax(maps, config.cells(config.sigma_px))
    return maps


def feedback(maps: Tensor, kind: str) -> Tensor:
    """The 7 maps in 0..1 that the next step sees beside the image."""
    if kind == "detection":
        return torch.sigmoid(maps)
    return maps[:, list(DETECTION_INDICES)].clamp(0, 1)


def read_landmarks(output: REDNetOutput, config: REDNetConfig) -> tuple[Tensor, Tensor]:
    """Landmarks, N x 68 x 2 in crop pixels, and confidences, N x 68 in 0..1, of a frame: the last step's.

    Where that is a detection step (an experiment), N x 7 of each.
    """
    return read_step(output.steps[-1].float(), config.steps[-1], config)


def read_step(maps: Tensor, kind: str, config: REDNetConfig) -> tuple[Tensor, Tensor]:
    """Landmarks and confidences, as of `read_landmarks`, from the maps of a step of this kind.

    Of a detection step: the 7 centres of the discs that its probabilities show.
    """
    if kind == "detection":
        return decode(
            torch.sigmoid(maps), max(WINDOW_RADIUS_CELLS, math.ceil(2 * config.cells(config.radius_px))), config.cell_px
        )
    if config.regression_maps == "softmax":
        return decode_mean(maps, config.cell_px)
    return decode(maps, config.window_radius_cells, config.cell_px)


def is_settled(landmarks_px: Tensor, presence: Tensor, previous_px: Tensor, config: REDNetConfig) -> Tensor:
    """N bool: the faces for which one step of a direct network is enough.

    `landmarks_px`, `previous_px`: N x 68 x 2 crop pixels, found and expected; a row of `previous_px` with NaN is a new
    face, which needs a second step. `presence`: N x 7.
    """
    shift_px = torch.linalg.vector_norm(landmarks_px - previous_px, dim=2).mean(dim=1)
    return (presence.mean(dim=1) >= SETTLED_PRESENCE) & (shift_px <= SETTLED_SHIFT * config.crop_px)


def read_presence(output: REDNetOutput, landmarks_px: Tensor, config: REDNetConfig) -> Tensor | None:
    """What the detection says of the pixels where the regression step puts its landmarks: N x 7 in 0..1.

    `landmarks_px`: N x 68 x 2. The detection is that of its own step, or of a direct network that of the last step.
    None without a detection step.
    """
    if "detection" not in config.steps:
        return None
    maps = output.steps[config.steps.index("detection")] if output.seen is None else output.seen
    return torch.sigmoid(read_at(maps.float(), landmarks_px[:, list(DETECTION_INDICES)], config.cell_px))


def normalise(crops: Tensor) -> Tensor:
    """Crops with values 0..255 (any dtype) as the network was trained to see them: float, about -2..2."""
    return (crops.float() - 127.5).div_(64.0)
