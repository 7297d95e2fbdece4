"""Damaged labels files: faces that can be used, or an InputError that names file and line."""

import json
import math

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="hypothesis is not installed: run `make test`")

from hypothesis import example, given
from hypothesis import strategies as st

from rednet_ros.errors import InputError
from rednet_ros.media.images import read_image
from rednet_ros.training.datasets.labels import read_labels

GOOD = {
    "image": "a.png",
    "source": "300w_helen",
    "points": [[float(index), float(index * index % 97)] for index in range(68)],
    "identity": "somebody",
    "sequence": "clip",
    "frame": 3,
    "visible": [1] * 68,
    "box": [1.0, 2.0, 30.0, 40.0],
    "yaw_rad": 0.5,
}

numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 1e39, 2**63, 2**64])
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(), max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=8,
)


def read_or_reason(path):
    """The faces, each of which can be used, or None for a file that was refused with file and line."""
    try:
        faces = read_labels(path)
    except InputError as error:
        assert str(error).startswith(str(path))
        return None
    for face in faces:
        assert face.points_px.shape == (68, 2)
        assert face.points_px.dtype == np.float32
        assert not np.isinf(face.points_px).any()
        assert face.annotated.any()
        with pytest.raises(InputError):
            read_image(face.image_path)  # whatever its name: there is no such picture
    return faces


@given(st.binary(max_size=300))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"frame": ' + b"9" * 10_000 + b"}")
def test_any_bytes(tmp_path, content):
    path = tmp_path / "labels.jsonl"
    path.write_bytes(content)
    assert read_or_reason(path) is None


@given(st.sampled_from([*GOOD, "video_frame", "unknown"]), json_values)
@example("points", [[10**400, 0.0]] * 68)
@example("image", "\ud800.png")
@example("image", "\x00")
@example("image", "/" * 5000)
@example("frame", 10**400)
@example("yaw_rad", 10**400)
@example("box", [10**400, 0, 1, 1])
@example("box", [1e308, 1e308, 1e308, 1e308])
@example("visible", [math.nan] * 68)
def test_any_value_of_a_field(tmp_path, field, value):
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({**GOOD, field: value}) + "\n")
    read_or_reason(path)


@given(st.integers(0, 67), st.integers(0, 1), json_values)
@example(0, 0, 10**400)
@example(0, 1, 1e39)
def test_any_value_among_the_points(tmp_path, index, axis, value):
    points = [list(point) for point in GOOD["points"]]
    points[index][axis] = value
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({**GOOD, "points": points}) + "\n")
    read_or_reason(path)


@given(st.data())
def test_lines_with_bytes_changed_cut_or_put_in(tmp_path, data):
    line = (json.dumps(GOOD) + "\n").encode()
    content = bytearray(line * 2)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=5))
    path = tmp_path / "labels.jsonl"
    path.write_bytes(bytes(content))
    read_or_reason(path)
