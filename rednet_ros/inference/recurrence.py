"""The spatial recurrence in NumPy (paper, section 3.2): z0 from the previous landmarks, K steps, landmarks from maps.

What `network.heatmaps` does in PyTorch for training, for runtimes without it; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.inference.step_file import NEXT, Description
from rednet_ros.inference.types import Estimate, FaceState, FloatArray
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import (
    HALF_DIAGONAL_CELLS,
    SETTLED_PRESENCE,
    SETTLED_SHIFT,
    SOFTMAX_SHARPNESS,
    REDNetConfig,
)

_DETECTED = list(DETECTION_INDICES)

REGRESSION, MEANS = "regression", "means"
"""Names of outputs of a graph; see `StepOutput`."""


def feed(crops: FloatArray, z: FloatArray, state: FaceState | None) -> dict[str, FloatArray]:
    """The arrays of the graph's inputs by name, from the arguments of a `Step`."""
    parts = {} if state is None else state.parts
    maps = {name: part[:, :, None, None] if part.ndim == 2 else part for name, part in parts.items()}
    return {"crops": crops, "z": z, **maps}


class StepOutput(NamedTuple):
    """Of one step for N faces: `detection`, N x 7 x M x M logits; `regression`, N x 68 x M x M, as the last
    convolution leaves them; `identity`, N x 256, and the next `state`, where the network has them.

    `means`: what a runtime itself has read from softmax maps, which it then need not give, N x 68 x 3: column and row
    of each distribution's mean, and its largest share."""

    detection: FloatArray
    regression: FloatArray | None
    identity: FloatArray | None
    state: FaceState | None
    means: FloatArray | None = None

    @classmethod
    def of(cls, named: Mapping[str, FloatArray]) -> StepOutput:
        """From the arrays of the graph's outputs by name."""
        arrays = {name: value[:, :, 0, 0] if value.shape[2:] == (1, 1) else value for name, value in named.items()}
        parts = {name.removeprefix(NEXT): value for name, value in arrays.items() if name.startswith(NEXT)}
        state = FaceState(parts) if parts else None
        return cls(arrays["detection"], arrays.get(REGRESSION), arrays.get("identity"), state, arrays.get(MEANS))

    @classmethod
    def stack(cls, outputs: Sequence[StepOutput]) -> StepOutput:
        """Of all faces, in their order."""
        detection, regression, identity, state, means = zip(*outputs, strict=True)
        return cls(
            np.concatenate(detection),
            None if regression[0] is None else np.concatenate(regression),
            None if identity[0] is None else np.concatenate(identity),
            None if state[0] is None else FaceState.stack(state),
            None if means[0] is None else np.concatenate(means),
        )


class Step(Protocol):
    """Runs the graph of one step (`export.StepGraph`)."""

    def __call__(self, crops: FloatArray, z: FloatArray, state: FaceState | None) -> StepOutput:
        """`crops`: N x 3 x S x S of `normalised`; `z`: N x 7 x M x M in 0..1; `state`: of the frame before."""
        ...


def one_by_one(step: Step, crops: FloatArray, z: FloatArray, state: FaceState | None) -> StepOutput:
    """A `Step` that takes several faces, of one that takes one."""
    faces = [step(crops[i : i + 1], z[i : i + 1], state and state.row(i)) for i in range(len(crops))]
    return faces[0] if len(faces) == 1 else StepOutput.stack(faces)


def run_steps(
    step: Step, of: Description, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None
) -> Estimate:
    """One frame of N faces. Arguments as of `LandmarkEngine.run`, with NaN rows for faces without a previous frame.

    Each step starts from the previous frame's state; the last step's is kept (digest, temporal). A direct network
    takes one step for faces that are well, and two for the others.
    """
    config = of.config
    image = normalised(crops)
    z = draw_z0(of, previous_px[:, _DETECTED])
    if config.direct:
        return _run_direct(step, config, image, z, previous_px, state)
    detection = None
    for kind in config.steps:
        output = step(image, z, state)
        if kind == "detection":
            detection = output.detection
            z = sigmoid(detection)
        else:
            assert output.regression is not None
            z = np.clip(_heat_maps(output.regression[:, _DETECTED], config), 0, 1)
    return _estimate(output, detection, config)


def _run_direct(
    step: Step, config: REDNetConfig, image: FloatArray, z: FloatArray, previous_px: FloatArray, state: FaceState | None
) -> Estimate:
    first = step(image, z, state)
    estimate = _estimate(first, first.detection, config)
    rows = np.flatnonzero(~is_settled(estimate, previous_px, config))
    if not len(rows):
        return estimate
    second = step(image[rows], sigmoid(first.detection[rows]), state and state.rows(rows))
    again = _estimate(second, second.detection, config)
    return again if len(rows) == len(image) else estimate.replaced(rows, again)


def is_settled(estimate: Estimate, previous_px: FloatArray, config: REDNetConfig) -> NDArray[np.bool_]:
    """N bool: the faces for which one step is enough; see `network.rednet.is_settled`."""
    assert estimate.presence is not None
    shift = estimate.landmarks_px - previous_px
    shift_px = np.hypot(shift[..., 0], shift[..., 1]).mean(axis=1)
    return np.asarray(
        (estimate.presence.mean(axis=1) >= SETTLED_PRESENCE) & (shift_px <= SETTLED_SHIFT * config.crop_px)
    )


def _estimate(output: StepOutput, detection: FloatArray | None, config: REDNetConfig) -> Estimate:
    landmarks_px, confidence = _read(output, config)
    presence = None
    if detection is not None:
        presence = sigmoid(read_at(detection, landmarks_px[:, _DETECTED], config.cell_px))
    identity = output.identity
    if identity is not None:
        identity = identity / np.maximum(np.linalg.norm(identity, axis=1, keepdims=True), 1e-12)
    return Estimate(landmarks_px, confidence, identity, output.state, presence)


def normalised(crops: NDArray[np.uint8]) -> FloatArray:
    """N x S x S x 3 BGR 0..255 as the network was trained to see them: N x 3 x S x S RGB, about -2..2."""
    rgb = crops[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32, order="C")
    rgb -= 127.5
    rgb *= 1 / 64
    return rgb


def draw_z0(of: Description, previous_px: FloatArray) -> FloatArray:
    """Discs at N x 7 x 2 landmarks of the previous frame, N x 7 x M x M; at the mean shape where a row has a NaN."""
    config = of.config
    known = np.isfinite(previous_px).all(axis=(1, 2)).reshape(-1, 1, 1)
    cells = (np.where(known, previous_px, of.mean_points * config.crop_px) + 0.5) / config.cell_px - 0.5
    squared = np.square(np.arange(config.map_px, dtype=np.float32) - cells[..., None])
    radius_cells = max(config.cells(config.radius_px), HALF_DIAGONAL_CELLS)
    return np.asarray(squared[:, :, 0, None, :] + squared[:, :, 1, :, None] <= radius_cells**2, np.float32)


def _heat_maps(maps: FloatArray, config: REDNetConfig) -> FloatArray:
    """The regression maps of `network.rednet.REDNetOutput`, N x C x M x M, from those of a step."""
    if config.regression_maps == "linear":
        return maps
    shares = _exponentials(maps)
    shares *= _peak(config) / shares.sum(axis=2, keepdims=True)
    return shares.reshape(maps.shape)


def _exponentials(maps: FloatArray) -> FloatArray:
    """N x C x M x M softmax maps before the division by their sums, N x C x M*M: 1 at the maximum of each."""
    n, count, size, _ = maps.shape
    flat = maps.reshape(n * count, size * size)
    highest = flat.max(axis=1, keepdims=True)
    shares = flat - highest
    shares *= np.float32(SOFTMAX_SHARPNESS)
    shares = cv2.exp(shares, shares)  # in less than half of NumPy's time
    shares[:, :1] += 0 * highest  # which keeps the NaN that not every build of OpenCV does
    return np.asarray(shares.reshape(n, count, -1))


def _peak(config: REDNetConfig) -> float:
    """What the shares of a softmax map are multiplied by, so that a Gaussian of sigma has height 1."""
    return 2 * np.pi * config.cells(config.sigma_px) ** 2


def _read(output: StepOutput, config: REDNetConfig) -> tuple[FloatArray, FloatArray]:
    """As `_decode`, of what there is."""
    if output.means is not None:
        return _in_pixels(output.means[..., :2], _peak(config) * output.means[..., 2], config)
    assert output.regression is not None
    return _decode(output.regression, config)


def _decode(maps: FloatArray, config: REDNetConfig) -> tuple[FloatArray, FloatArray]:
    """Landmarks N x 68 x 2 in crop pixels and confidences N x 68 of a step's maps; see `network.heatmaps`."""
    means = config.regression_maps == "softmax"
    points, confidence = _decode_mean(maps, config) if means else _decode_peak(maps, config.window_radius_cells)
    return _in_pixels(points, confidence, config)


def _in_pixels(points: FloatArray, confidence: FloatArray, config: REDNetConfig) -> tuple[FloatArray, FloatArray]:
    return np.asarray((points + 0.5) * config.cell_px - 0.5, np.float32), np.minimum(confidence, 1)


def _decode_mean(maps: FloatArray, config: REDNetConfig) -> tuple[FloatArray, FloatArray]:
    x_y_total = _exponentials(maps) @ cells(config.map_px)
    return x_y_total[..., :2] / x_y_total[..., 2:], _peak(config) / x_y_total[..., 2]


@cache
def cells(size: int) -> FloatArray:
    """Column, row and 1 of each cell of a map: size * size x 3."""
    row, column = np.divmod(np.arange(size**2, dtype=np.float32), size)
    return np.stack([column, row, np.ones_like(row)], axis=1)


def _decode_peak(maps: FloatArray, radius_cells: int) -> tuple[FloatArray, FloatArray]:
    n, count, size, _ = maps.shape
    flat = maps.reshape(n, count, size * size)
    where = flat.argmax(axis=2)
    row, column = where // size, where % size
    axis = np.arange(size)
    from_column, from_row = axis - column[..., None], axis - row[..., None]
    mass = np.square(np.maximum(maps, 0))
    by_column = np.einsum("ncij,nci->ncj", mass, abs(from_row) <= radius_cells) * (abs(from_column) <= radius_cells)
    by_row = np.einsum("ncij,ncj->nci", mass, abs(from_column) <= radius_cells) * (abs(from_row) <= radius_cells)
    total = by_column.sum(axis=2) + 1e-6
    x = column + (by_column * from_column).sum(axis=2) / total
    y = row + (by_row * from_row).sum(axis=2) / total
    return np.stack([x, y], axis=2), np.maximum(flat.max(axis=2), 0)


def read_at(maps: FloatArray, points_px: FloatArray, cell_px: int) -> FloatArray:
    """The values of N x C x M x M maps in the cells of N x C x 2 points; points outside read the nearest cell."""
    faces, channels, size, _ = maps.shape
    cells = np.rint((points_px + 0.5) / cell_px - 0.5)
    column, row = np.moveaxis(np.fmin(np.fmax(cells, 0), size - 1).astype(np.intp), 2, 0)  # NaN counts as 0
    return np.asarray(maps[np.arange(faces)[:, None], np.arange(channels), row, column])


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * np.tanh(0.5 * values) + 0.5, np.float32)
