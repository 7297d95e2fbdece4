"""What distinguishes one RED-Net from another: a frozen value that travels with the weights."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Step = Literal["detection", "regression"]
RESNET_UNITS: dict[str, tuple[int, int, int, int]] = {
    "resnet152": (3, 8, 36, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet14": (1, 1, 1, 1),
}
"""Bottleneck units of C1..C4 (paper, table 2; the two shallower ones are for smaller machines)."""

MAX_CROP_PX = 1024
"""Four times the paper's: a number beyond it in a file or a setting is a mistake."""

STATE_SIZE = 256
"""Hidden units of the temporal LSTM, and length of the identity vector (paper, sections 3.3 and 3.4)."""

MEMORY_CHANNELS, MEMORY_CELL_PX = 64, 8
"""Of the spatial memory: its channels at width 1, and the side of its cells in pixels of the crop."""

WINDOW_RADIUS_CELLS = 3
"""Half-width of the window around a map's maximum whose centre of mass is the landmark, for peaks of sigma <= 1.5."""

HALF_DIAGONAL_CELLS = 0.7072
"""No point of a map is farther from its nearest cell: discs that are not smaller never vanish between the cells."""

SETTLED_PRESENCE, SETTLED_SHIFT = 0.5, 0.05
"""One step is enough for a face whose landmarks the detection sees, in the mean, at least so surely, and which lies no
farther from where it was expected than this share of the crop (mean over the landmarks)."""

SOFTMAX_SHARPNESS = 10.0
"""Factor before the softmax, so that maps of height about 1, as the linear ones have, already give a clear peak."""


@dataclass(frozen=True)
class REDNetConfig:
    """Shape of a RED-Net.

    `backbone`: "vgg", "mobile" or a name of `RESNET_UNITS`. `width`: multiplier of every channel count (1.0 = the
    paper, or `mobile`). `crop_px`: side of the input crop, a multiple of 32. `steps`: the K spatially recurrent steps
    (section 3.2); the last one is a regression, but in experiments, where it may be a detection: such a network finds
    the 7 landmarks only. `shared_steps`: all steps use the same weights (the paper's recurrence) or each has its own
    (the cascade that the paper compares with). `temporal`: "none" (no temporal module); how the LSTM's output meets the
    non-identity code: "residual" (added), "replace" (the paper); or "spatial", a map of the decoder's features as
    memory, of `mobile` only (see `temporal`). `identity`: with the identity branch.
    `sigma_px`, `radius_px`: of the regression Gaussian and the detection disc, in pixels of a 256-pixel crop.
    `regression_maps`: "linear" (the paper: the last convolution's output is the heat map, fitted by squared error) or
    "softmax" (it is turned into a distribution over the map whose mean is the landmark).
    `direct`: every step finds all that it can, the 7 landmarks and the 68, so that a face which is well needs one step
    only (`REDNet.forward`).
    """

    backbone: str = "vgg"
    width: float = 1.0
    crop_px: int = 256
    steps: tuple[Step, ...] = ("detection", "regression")
    temporal: Literal["none", "residual", "replace", "spatial"] = "residual"
    identity: bool = True
    sigma_px: float = 5.0
    radius_px: float = 5.0
    regression_maps: Literal["linear", "softmax"] = "linear"
    shared_steps: bool = True
    direct: bool = False

    def __post_init__(self) -> None:
        if self.backbone not in ("vgg", "mobile", *RESNET_UNITS):
            raise ValueError(f"unknown backbone {self.backbone!r}: choose vgg, mobile, {', '.join(RESNET_UNITS)}")
        if not isinstance(self.crop_px, int) or self.crop_px % 32 or not 64 <= self.crop_px <= MAX_CROP_PX:
            raise ValueError(f"crop_px is {self.crop_px}: it must be a multiple of 32 from 64 to {MAX_CROP_PX}")
        if not self.steps or set(self.steps) - {"detection", "regression"}:
            raise ValueError(f"steps are {self.steps}: give one or more, detection or regression each")
        if not isinstance(self.shared_steps, bool):
            raise ValueError(f"shared_steps is {self.shared_steps!r}: it must be true or false")
        if self.direct and (self.steps != ("detection", "regression") or not self.shared_steps):
            raise ValueError("direct needs the steps detection and regression, with shared weights")
        if self.temporal not in ("none", "residual", "replace", "spatial"):
            raise ValueError(f"temporal is {self.temporal!r}: choose none, residual, replace or spatial")
        if self.temporal == "spatial" and self.backbone != "mobile":
            raise ValueError(f"temporal spatial needs the backbone mobile, not {self.backbone}: choose residual")
        if self.regression_maps not in ("linear", "softmax"):
            raise ValueError(f"regression_maps is {self.regression_maps!r}: choose linear or softmax")
        if not 0 < self.width <= 4:
            raise ValueError(f"width is {self.width}: it must be above 0 and at most 4")
        for name in ("sigma_px", "radius_px"):
            if not 0 < getattr(self, name) <= 64:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be above 0 and at most 64")

    def channels(self, full: int) -> int:
        """Channels of a layer that has `full` at width 1: scaled, and a multiple of 8."""
        return max(8, round(full * self.width / 8) * 8)

    @property
    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """What is kept of a face from frame to frame: the shape of each part by its name, in the network's order."""
        if self.temporal == "none":
            return {}
        if self.temporal == "spatial":
            side = self.crop_px // MEMORY_CELL_PX
            return {"memory": (self.channels(MEMORY_CHANNELS) + 1, side, side)}
        return {"hidden": (STATE_SIZE,), "cell": (STATE_SIZE,)}

    @property
    def finds_all_landmarks(self) -> bool:
        """Whether the result is the 68 landmarks, not the 7 of a detection step."""
        return self.steps[-1] == "regression"

    @property
    def map_px(self) -> int:
        """Side of the response maps, in cells: half the crop (section 3.1); a quarter with the mobile backbone."""
        return self.crop_px // self.cell_px

    @property
    def cell_px(self) -> int:
        """Side of a cell of the response maps, in pixels of the crop."""
        return 4 if self.backbone == "mobile" else 2

    def cells(self, length_px: float) -> float:
        """A length in pixels of a 256-pixel crop, in cells of this network's response maps."""
        return length_px * self.map_px / 256

    @property
    def window_radius_cells(self) -> int:
        """Half-width of the window that `heatmaps.decode` needs for peaks of `sigma_px`: two of their deviations."""
        return max(WINDOW_RADIUS_CELLS, math.ceil(2 * self.cells(self.sigma_px)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> REDNetConfig:
        """The inverse of `to_dict`.

        Raises:
            ValueError: a name is unknown or a value out of range.
        """
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise ValueError(f"unknown network settings {sorted(unknown)}: known are {sorted(known)}")
        return cls(**{**values, "steps": tuple(values.get("steps", cls.steps))})
