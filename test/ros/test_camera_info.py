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
    from rednet_ros.nodes.tracker.camera_info import info_topic

    assert info_topic(image) == expected


def test_a_calibration_becomes_a_camera_model():
    from rednet_ros.nodes.tracker.camera_info import camera_model

    model = camera_model(info())
    assert (model.width_px, model.height_px) == (640, 480)
    assert (model.focal_px, model.center_px) == ((500.0, 510.0), (310.0, 250.0))
    assert model.distortion == (-0.3, 0.1, 0.0, 0.0, 0.0)
    assert not model.is_fisheye
    assert camera_model(info("equidistant", (0.1, 0.0, 0.0, 0.0))).is_fisheye
    assert camera_model(info("", ())).distortion == ()
    assert camera_model(info("plumb_bob", (0.0,) * 5)).distortion == ()


def test_a_fisheye_without_distortion_is_still_one():
    from rednet_ros.nodes.tracker.camera_info import camera_model

    assert camera_model(info("equidistant", (0.0,) * 4)).is_fisheye


def test_binning_and_a_window_of_the_sensor_are_reckoned_with():
    """A ray through the same place of the sensor, by the whole picture and by a binned window of it."""
    import numpy as np

    from rednet_ros.nodes.tracker.camera_info import camera_model

    part = info()
    part.roi.x_offset, part.roi.y_offset, part.roi.width, part.roi.height = 100, 40, 400, 300
    part.binning_x = part.binning_y = 2
    model = camera_model(part)
    assert (model.width_px, model.height_px) == (200, 150)
    whole_px, window_px = np.float32([(250.5, 190.5)]), np.float32([(75.0, 75.0)])
    np.testing.assert_allclose(model.rays(window_px), camera_model(info()).rays(whole_px), atol=1e-6)


def test_rectified_images_have_a_calibration_of_their_own():
    from rednet_ros.nodes.tracker.camera_info import camera_model, is_rectified

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
        ({"model": "dome"}, "unknown distortion model 'dome'"),
        ({"model": ""}, "unknown distortion model ''"),
        ({"d": (1.0,)}, "1 coefficients fit no plumb_bob lens"),
        ({"d": (0.1,) * 6}, "6 coefficients fit no plumb_bob lens"),
        ({"model": "equidistant", "d": (0.1,) * 5}, "5 coefficients fit no equidistant lens: it has 4"),
        ({"d": (float("nan"), 0.0, 0.0, 0.0, 0.0)}, "not finite"),
    ],
)
def test_of_a_lens_that_is_not_understood_the_focal_length_is_kept(changes, told):
    from rednet_ros.nodes.tracker.camera_info import camera_model, distortion_problem

    message = info(**changes)
    model = camera_model(message)
    assert (model.focal_px, model.center_px, model.distortion) == ((500.0, 510.0), (310.0, 250.0), ())
    assert model.is_fisheye == (message.distortion_model == "equidistant")
    assert told in distortion_problem(message)
    assert distortion_problem(message, rectified=True) == ""


@pytest.mark.parametrize(
    ("model", "coefficients", "kept"),
    [
        ("equidistant", (-0.01, 0.04, -0.04, 0.006, 0.0), 4),  # as older RealSense drivers fill it
        ("plumb_bob", (-0.03, 0.03, 0.0, 0.0, -0.01, 0.0), 5),
        ("plumb_bob", (-0.03, 0.03, 0.0, 0.0, 0.0, 0.0), 5),
        ("plumb_bob", (-0.03, 0.03, 0.001, 0.0), 4),
        ("rational_polynomial", (0.1,) * 8 + (0.0,) * 3, 8),
        ("rational_polynomial", (0.1,) * 8 + (0.0,) * 8, 14),
    ],
)
def test_zeros_behind_the_coefficients_are_nothing(model, coefficients, kept):
    from rednet_ros.nodes.tracker.camera_info import camera_model, distortion_problem

    message = info(model, coefficients)
    assert camera_model(message).distortion == coefficients[:kept]
    assert distortion_problem(message) == ""


def test_without_a_focal_length_there_is_no_calibration():
    from rednet_ros.nodes.tracker.camera_info import camera_model

    with pytest.raises(InputError, match="not calibrated"):
        camera_model(info(k=[0.0] * 9))


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

    def is_shown(beginning):
        """Whether the value `calibration` on /diagnostics begins so, soon."""
        return wait_until(lambda: (status := bench.status("camera")) and status[2]["calibration"].startswith(beginning))

    assert after(info()).focal_px == (500.0, 510.0)
    assert is_shown("/camera_info")
    assert after(info("dome")).focal_px == (500.0, 510.0)
    assert is_shown("/camera_info (used without distortion: unknown distortion model 'dome'")
    assert after(info(k=[0.0] * 9)) is None
    assert is_shown("none (not used: a camera of 640 x 480 pixels with focal length (0.0, 0.0)")


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
