"""Whatever fields an image message has: a picture of its size, or one sentence about what is wrong with it."""

from array import array
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed: run `make test`")

from hypothesis import given
from hypothesis import strategies as st

from rednet_ros.nodes.tracker.image_conversion import NATIVE_ENCODINGS, ImageError, to_bgr

BYTES_A_PIXEL = {"bgr8": 3, "rgb8": 3, "bgra8": 4, "rgba8": 4, "mono8": 1, "8UC1": 1, "8UC3": 3, "8UC4": 4}

sizes = st.one_of(st.integers(0, 70), st.sampled_from([2**16, 2**31 - 1, 2**31, 2**32 - 1]))
encodings = st.one_of(st.sampled_from(NATIVE_ENCODINGS), st.sampled_from(["nv24", "32FC1", "16SC1", ""]), st.text())
containers = st.sampled_from([bytes, lambda data: array("B", data), lambda data: np.frombuffer(data, np.uint8)])


@st.composite
def messages(draw):
    """Fields that agree, nearly agree, or have nothing to do with each other."""
    width, height, encoding = draw(sizes), draw(sizes), draw(encodings)
    row_bytes = width * BYTES_A_PIXEL.get(encoding, 2)
    step = draw(st.one_of(st.just(row_bytes), st.integers(0, 300), st.just(row_bytes + 5), st.just(2**32 - 1)))
    fitting = min(step * (height * 3 // 2), 40_000)
    length = draw(st.one_of(st.just(fitting), st.just(max(0, fitting - 1)), st.just(0), st.integers(0, 2000)))
    return SimpleNamespace(
        width=width,
        height=height,
        encoding=encoding,
        is_bigendian=draw(st.integers(0, 255)),
        step=min(step, 2**32 - 1),
        data=draw(containers)(draw(st.binary(min_size=1, max_size=8)) * (length // 8 + 1))[:length],
    )


@given(messages())
def test_a_picture_or_a_reason(message):
    try:
        image = to_bgr(message)
    except ImageError as error:
        assert len(str(error)) > 20
        assert "\n" not in str(error) or "\n" in message.encoding or "\r" in message.encoding
    else:
        assert image.shape == (message.height, message.width, 3)
        assert image.dtype == np.uint8


@given(st.data(), st.sampled_from(sorted(BYTES_A_PIXEL)), st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
def test_every_pixel_keeps_its_place_whatever_the_padding(data, encoding, width, height, padding):
    """Against a plain reading of the bytes, pixel by pixel."""
    channels = BYTES_A_PIXEL[encoding]
    step = width * channels + padding
    seed = data.draw(st.integers(0, 2**32 - 1))
    raw = np.random.default_rng(seed).integers(0, 256, step * height + data.draw(st.integers(0, 3)), np.uint8)
    message = SimpleNamespace(
        width=width, height=height, encoding=encoding, is_bigendian=0, step=step, data=raw.tobytes()
    )
    image = to_bgr(message)
    order = {"rgb8": (2, 1, 0), "rgba8": (2, 1, 0), "mono8": (0, 0, 0), "8UC1": (0, 0, 0)}.get(encoding, (0, 1, 2))
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    pixel = raw[row * step + column * channels :][:channels]
    assert image[row, column].tolist() == [pixel[index] for index in order]
