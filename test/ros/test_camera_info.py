"""The camera's calibration on its way to the tracker."""

import pytest

from rednet_ros.errors import InputError

pytestmark = pytest.mark.ros

MATRIX = [500.0, 0.0, 310.0, 0.0, 510.0, 250.0, 0.0, 0.0, 1.0]


def info(model="plumb_bob", d=(-0.3, 0.1, 0.0, 0.0, 0.0), k=MATRIX):
    from sensor_msgs.msg import CameraInfo

    return CameraInfo(width=640, height=480, distortion_model=model, d=list(d), k=list(k))


@pytest.mark.parametrize(
    ("image", "expected"),
    [("/camera/image_raw", "/camera/camera_info"), ("/image", "/camera_info"), ("/a/b/c", "/a/b/camera_info")],
)
def test_the_calibration_is_published_beside_the_image(image, expected):
    from rednet_ros.nodes.camera_info import info_topic

    assert info_topic(image) == expected


def test_a_calibration_becomes_a_camera_model():
    from rednet_ros.nodes.camera_info import camera_model

    model = camera_model(info())
    assert (model.width_px, model.height_px) == (640, 480)
    assert (model.focal_px, model.center_px) == ((500.0, 510.0), (310.0, 250.0))
    assert model.distortion == (-0.3, 0.1, 0.0, 0.0, 0.0)
    assert not model.is_fisheye
    assert camera_model(info("equidistant", (0.1, 0.0, 0.0, 0.0))).is_fisheye
    assert camera_model(info("", ())).distortion == ()
    assert camera_model(info("plumb_bob", (0.0,) * 5)).distortion == ()


def test_a_fisheye_without_distortion_is_still_one():
    from rednet_ros.nodes.camera_info import camera_model

    assert camera_model(info("equidistant", (0.0,) * 4)).is_fisheye


def test_binning_and_a_window_of_the_sensor_are_reckoned_with():
    """A ray through the same place of the sensor, by the whole picture and by a binned window of it."""
    import numpy as np

    from rednet_ros.nodes.camera_info import camera_model

    part = info()
    part.roi.x_offset, part.roi.y_offset, part.roi.width, part.roi.height = 100, 40, 400, 300
    part.binning_x = part.binning_y = 2
    model = camera_model(part)
    assert (model.width_px, model.height_px) == (200, 150)
    whole_px, window_px = np.float32([(250.5, 190.5)]), np.float32([(75.0, 75.0)])
    np.testing.assert_allclose(model.rays(window_px), camera_model(info()).rays(whole_px), atol=1e-6)


def test_rectified_images_have_a_calibration_of_their_own():
    from rednet_ros.nodes.camera_info import camera_model, is_rectified

    message = info()
    message.p = [400.0, 0.0, 320.0, 0.0, 0.0, 410.0, 240.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    model = camera_model(message, rectified=True)
    assert (model.focal_px, model.center_px, model.distortion) == ((400.0, 410.0), (320.0, 240.0), ())
    message.p = [0.0] * 12
    assert camera_model(message, rectified=True).focal_px == (500.0, 510.0)
    assert not camera_model(info("equidistant", (0.1, 0.0, 0.0, 0.0)), rectified=True).is_fisheye
    assert is_rectified("/camera/image_rect")
    assert is_rectified("/camera/image_rect_color/compressed")
    assert not is_rectified("/image_rectangular_camera/image_raw")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"k": [0.0] * 9}, "not calibrated"),
        ({"model": "dome"}, "unknown distortion model 'dome'"),
        ({"d": (1.0,)}, "1 "),
    ],
)
def test_what_is_no_calibration_is_refused(changes, told):
    from rednet_ros.nodes.camera_info import camera_model

    with pytest.raises(InputError, match=told):
        camera_model(info(**changes))


def test_the_tracker_gets_it_and_does_without_what_is_none(bench, tracker, make_image, wait_until):
    from sensor_msgs.msg import CameraInfo

    calibrations = bench.client.create_publisher(CameraInfo, "camera_info", 10)
    assert wait_until(lambda: calibrations.get_subscription_count() == 1)
    images = bench.publisher()

    def after(message):
        """What the tracker knows of the camera when it gets the image after this message."""
        before = tracker.calibration
        calibrations.publish(message)
        assert wait_until(lambda: images.publish(make_image()) or tracker.calibration is not before)
        return tracker.calibration

    assert after(info()).focal_px == (500.0, 510.0)
    assert after(info(k=[0.0] * 9)) is None


def test_a_calibration_published_once_before_is_used(make_bench, tracker, make_image, wait_until):
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from sensor_msgs.msg import CameraInfo

    bench = make_bench(lambda parameters: tracker)
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    bench.client.create_publisher(CameraInfo, "camera_info", latched).publish(info())
    for transition in (1, 3):  # configure, activate
        assert bench.change_state(transition)
    images = bench.publisher()
    assert wait_until(lambda: images.publish(make_image()) or tracker.calibration is not None)
    assert tracker.calibration.focal_px == (500.0, 510.0)
