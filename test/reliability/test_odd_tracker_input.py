"""Whatever the tracker is handed: no crash, and no face where there is none. With the shipped detector and weights."""

import math
from dataclasses import fields

import cv2
import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed: run `make test`")

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rednet_ros.errors import InputError
from rednet_ros.tracking import FaceTracker, TrackerSettings

anything = st.one_of(
    st.none(),
    st.text(),
    st.integers(),
    arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(max_dims=4, min_side=0, max_side=6)),
)
stamps = st.one_of(st.floats(), st.floats(-1e3, 1e3), st.sampled_from([0.0, 1.7e9, -1.7e9, 1e300, -1e300]))


@pytest.fixture(scope="module")
def tracker():
    settings = TrackerSettings(detect_in_background=False, confirm_frames=1, include_tentative=True)
    with FaceTracker(settings=settings) as made:
        yield made


@st.composite
def pictures(draw):
    """Noise, slopes, stripes, blots and single colours, of any small size and odd shape."""
    height, width = draw(st.integers(1, 120)), draw(st.integers(1, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["noise", "soft", "slope", "stripes", "blots", "colour"]))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == "noise":
        return rng.integers(0, 256, (height, width, 3), np.uint8)
    if kind == "soft":
        coarse = rng.integers(0, 256, (draw(st.integers(1, 9)), draw(st.integers(1, 9)), 3), np.uint8)
        return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, 3)
    if kind == "slope":
        plane = rows * rng.normal() + columns * rng.normal()
        return np.repeat((plane % 256).astype(np.uint8)[..., None], 3, axis=2)
    if kind == "stripes":
        waves = 127 + 127 * np.sin(rows * rng.uniform(0, 3) + columns * rng.uniform(0, 3))
        return np.repeat(waves.astype(np.uint8)[..., None], 3, axis=2)
    image = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(draw(st.integers(1, 9)) if kind == "blots" else 0):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(image, at, int(rng.integers(1, 40)), rng.integers(0, 256, 3).tolist(), -1)
    return image


@given(anything, stamps)
def test_what_is_no_image_is_refused_with_a_reason(tracker, thing, stamp_s):
    is_image = isinstance(thing, np.ndarray) and thing.dtype == np.uint8 and thing.ndim == 3 and thing.shape[2] == 3
    if is_image and thing.size and math.isfinite(stamp_s):
        assert tracker.update(thing, stamp_s) == []
        return
    with pytest.raises(InputError, match="image|stamp"):
        tracker.update(thing, stamp_s)


@given(pictures(), st.floats(-1e9, 1e9))
def test_no_face_is_made_up_in_what_shows_none(tracker, picture, stamp_s):
    for number in range(3):
        assert tracker.update(picture, stamp_s + number / 30) == []


@given(st.lists(st.tuples(st.integers(0, 1), stamps), min_size=1, max_size=6))
def test_any_order_of_stamps_and_sizes_is_survived(tracker, frames):
    images = np.zeros((48, 64, 3), np.uint8), np.full((33, 35, 3), 255, np.uint8)
    for which, stamp_s in frames:
        if math.isfinite(stamp_s):
            assert tracker.update(images[which], stamp_s) == []
        else:
            with pytest.raises(InputError, match="finite"):
                tracker.update(images[which], stamp_s)


LIMITS = {entry.name: entry.metadata["limits"] for entry in fields(TrackerSettings) if entry.metadata.get("limits")}


@given(st.dictionaries(st.sampled_from(sorted(LIMITS)), st.floats() | st.integers(), max_size=3))
def test_settings_are_in_range_or_refused(values):
    fits = all(math.isfinite(value) and LIMITS[name][0] <= value <= LIMITS[name][1] for name, value in values.items())
    if fits:
        assert all(getattr(TrackerSettings(**values), name) == value for name, value in values.items())
    else:
        with pytest.raises(InputError, match=r"must be .* to .*, not"):
            TrackerSettings(**values)
