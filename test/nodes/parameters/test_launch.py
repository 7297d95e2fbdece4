"""Texts of launch arguments become parameters, or a reason why not."""

import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.parameters.launch import (
    arguments,
    camera_images,
    check_yaml,
    devices,
    logger_name,
    parameter_values,
    rviz_remappings,
)
from rednet_ros.nodes.parameters.table import specifications
from rednet_ros.nodes.parameters.tracker import CameraParameters, TrackerParameters

ONE = {"": "/camera/image_raw"}


def test_every_parameter_but_the_topics_is_an_argument():
    known = set(specifications(TrackerParameters)) | set(specifications(CameraParameters))
    assert set(arguments()) == known - {"cameras", "image_topic"}
    assert "0.05 to 60 s" in arguments()["max_gap_s"]


def test_texts_become_values_of_their_types():
    texts = {"max_faces": "3", "grace_s": "1", "recognition": "false", "weights": "1", "device": ""}
    values = parameter_values(texts, ONE)
    assert values == {"max_faces": 3, "grace_s": 1.0, "recognition": False, "weights": "1"}
    assert [type(value) for value in values.values()] == [
        float if name == "grace_s" else type(value) for name, value in values.items()
    ]


def test_nothing_given_is_nothing_set():
    assert parameter_values(dict.fromkeys(arguments(), ""), ONE) == {}


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"max_faces": "1000"}, "parameter 'max_faces' must be 1 to 64, not 1000"),
        ({"max_faces": "many"}, "parameter 'max_faces' is of type integer"),
        ({"grace_s": "[1"}, "parameter 'grace_s' is of type double"),
        ({"recognition": "1"}, "parameter 'recognition' is of type bool"),
        ({"device": "tpu"}, "parameter 'device' must be one of auto, cpu, cuda, not tpu"),
        ({"image_transport": "smoke"}, "parameter 'image_transport' must be one of raw, compressed"),
    ],
)
def test_what_is_no_value_is_refused_with_the_reason(texts, reason):
    with pytest.raises(InputError, match=reason):
        parameter_values(texts, ONE)


def test_several_cameras_have_their_topics_and_share_what_is_given_once():
    images = camera_images("front, rear", "", "/camera/image_raw")
    assert images == {"front": "/front/image_raw", "rear": "/rear/image_raw"}
    assert parameter_values({"image_transport": "compressed", "max_faces": "2"}, images) == {
        "max_faces": 2,
        "cameras": ("front", "rear"),
        "front.image_transport": "compressed",
        "front.image_topic": "/front/image_raw",
        "rear.image_transport": "compressed",
        "rear.image_topic": "/rear/image_raw",
    }


def test_a_single_camera_may_have_a_name():
    assert parameter_values({}, camera_images("head", "/x/image", "")) == {
        "cameras": ("head",),
        "head.image_topic": "/x/image",
    }


def test_one_camera_without_a_name_has_the_default_topic():
    assert camera_images("", "", "/camera/image_raw") == ONE
    assert camera_images("", "/x", "/camera/image_raw") == {"": "/x"}


@pytest.mark.parametrize(
    ("cameras", "image", "reason"),
    [
        ("front,rear", "/a", "image:=/a gives 1 topic for 2 cameras"),
        ("", "/a,/b", r"gives 2 topics for 1 camera \("),
        ("front,front", "", "names a camera twice"),
    ],
)
def test_lists_that_do_not_fit_are_refused(cameras, image, reason):
    with pytest.raises(InputError, match=reason):
        camera_images(cameras, image, "/camera/image_raw")


def test_a_name_that_is_no_name_is_refused():
    with pytest.raises(InputError, match="parameter 'cameras' must match"):
        parameter_values({}, camera_images("Front Door", "/a", ""))


def test_devices_are_counted():
    assert devices("", 2) == ["/dev/video0", "/dev/video2"]
    assert devices("/dev/a,/dev/b", 2) == ["/dev/a", "/dev/b"]
    with pytest.raises(InputError, match="gives 1 device for 2 cameras"):
        devices("/dev/a", 2)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path):
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        check_yaml(tmp_path)
    (tmp_path / "broken.yaml").write_text("a: 1\n b: 2\n")
    with pytest.raises(InputError, match=r"broken\.yaml, line 2, column 3: mapping values are not allowed"):
        check_yaml(tmp_path / "broken.yaml")


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        ("", "rednet_tracker"),
        ("/", "rednet_tracker"),
        ("robot", "robot.rednet_tracker"),
        ("/a/b/", "a.b.rednet_tracker"),
    ],
)
def test_a_node_logs_under_its_full_name(namespace, expected):
    assert logger_name(namespace, "rednet_tracker") == expected


@pytest.mark.parametrize(
    ("images", "namespace", "camera_namespace", "camera_info", "image", "info"),
    [
        (ONE, "/", "/", "", "/camera/image_raw", "/camera/camera_info"),
        ({"": "head/image"}, "/robot", "/robot", "", "/robot/head/image", "/robot/head/camera_info"),
        ({"front": "/f/image", "rear": "/r/image"}, "/robot", "/robot/rear", "", "/r/image", "/r/camera_info"),
        (ONE, "/", "/", "/calibration", "/camera/image_raw", "/calibration"),
    ],
)
def test_rviz_gets_the_images_and_calibration_of_its_camera(
    images, namespace, camera_namespace, camera_info, image, info
):
    remappings = rviz_remappings(images, namespace, camera_namespace, camera_info)
    assert remappings == [("image", image), ("camera_info", info), ("/camera_info", info)]


def test_rviz_of_a_camera_that_the_launch_does_not_know_gets_no_topics():
    assert rviz_remappings(ONE, "/robot", "/robot/front") == []
