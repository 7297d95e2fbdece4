"""Tracked faces as RViz markers and as a point cloud."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import face_axes
from rednet_ros.tracking.mean_head import MEAN_HEAD_M
from rednet_ros.tracking.types import HeadPose

pytestmark = pytest.mark.ros

CAMERA = CameraModel(640, 480, (600.0, 600.0), (319.5, 239.5), (-0.1, 0.02, 0.0, 0.0, 0.0))
POSE = HeadPose(rotation_rad=(0.1, -0.2, 0.4), translation_m=(0.1, -0.1, 0.9))
HEAD_M = MEAN_HEAD_M @ face_axes(POSE).T + POSE.translation_m


@pytest.fixture
def header():
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    return Header(stamp=Time(sec=3, nanosec=500_000_000), frame_id="camera")


@pytest.fixture
def posed(make_face):
    """A face where the mean head would be seen in this pose."""
    return make_face("f1", landmarks_px=CAMERA.project(HEAD_M).astype(np.float32), head_pose=POSE)


def of(markers, namespace):
    return [marker for marker in markers if marker.ns == namespace]


def as_array(points):
    return np.array([(point.x, point.y, point.z) for point in points])


def test_faces_without_a_pose_lie_on_a_plane_in_front_of_the_camera(make_face, header):
    from rednet_ros.nodes.outputs.markers import face_markers, on_plane

    corners = np.array([(0, 0), (319.5, 239.5), (639, 479)], np.float32)
    np.testing.assert_allclose(
        on_plane(corners, (480, 640)), [(-0.499, -0.374, 1), (0, 0, 1), (0.499, 0.374, 1)], atol=1e-3
    )
    markers = face_markers(header, (480, 640), [make_face("f1"), make_face("f2")], CAMERA).markers
    assert markers[0].action == markers[0].DELETEALL
    assert [marker.text for marker in of(markers, "ids")] == ["f1", "f2"]
    assert len({(marker.ns, marker.id) for marker in markers[1:]}) == 6
    points = of(markers, "landmarks")[0]
    assert len(points.points) == 68
    assert points.points[10].x == pytest.approx((10 - 319.5) / 640)
    assert len(of(markers, "contours")[0].points) == 2 * (16 + 4 + 4 + 3 + 4 + 6 + 6 + 12 + 8)
    assert all(marker.header == header for marker in markers)
    assert of(markers, "axes") == []


def test_faces_with_a_pose_are_where_they_are(posed, header):
    from rednet_ros.nodes.outputs.markers import AXIS_M, face_markers

    markers = face_markers(header, (480, 640), [posed], CAMERA).markers
    np.testing.assert_allclose(as_array(of(markers, "landmarks")[0].points), HEAD_M, atol=2e-4)
    (axes,) = of(markers, "axes")
    ends = as_array(axes.points).reshape(3, 2, 3)
    np.testing.assert_allclose(ends[:, 0], np.tile(POSE.translation_m, (3, 1)))
    np.testing.assert_allclose((ends[:, 1] - ends[:, 0]) / AXIS_M, face_axes(POSE).T, atol=1e-9)
    assert (axes.colors[0].r, axes.colors[2].g, axes.colors[4].b) == (0.9, 0.8, 1.0)
    (label,) = of(markers, "ids")
    assert label.pose.position.y < HEAD_M[:, 1].min()  # above it: y is down
    assert label.pose.position.z == pytest.approx(HEAD_M[:, 2].mean(), abs=1e-3)


def test_markers_of_a_face_that_left_are_deleted_and_all_of_them_when_no_more_images_come(posed, header):
    from rednet_ros.nodes.outputs.markers import face_markers

    markers = face_markers(header, (480, 640), []).markers
    assert [marker.action for marker in markers] == [markers[0].DELETEALL]
    drawn = face_markers(header, (480, 640), [posed], CAMERA).markers[1:]
    assert all(0 < marker.lifetime.sec < 5 for marker in drawn)


def test_landmarks_beyond_the_lens_are_not_drawn(posed, header, make_face):
    from rednet_ros.nodes.outputs.markers import face_markers

    narrow = CameraModel(640, 480, (300.0, 300.0), (320.0, 240.0), (-0.3, 0.0, 0.0, 0.0))
    landmarks_px = posed.landmarks_px.copy()
    landmarks_px[8] = (0, 0)
    face = make_face("f1", landmarks_px=landmarks_px, head_pose=POSE)
    markers = face_markers(header, (480, 640), [face], narrow).markers
    assert len(of(markers, "landmarks")[0].points) == 67
    assert len(of(markers, "contours")[0].points) == 2 * (63 - 2)
    assert np.isfinite(as_array(of(markers, "contours")[0].points)).all()


def test_the_cloud_is_read_as_its_fields_say(posed, header, make_face):
    from rednet_ros.nodes.outputs.point_cloud import landmark_cloud

    message = landmark_cloud(header, CAMERA, [make_face("f0"), posed])
    assert message.header == header
    assert (message.height, message.width, message.is_dense) == (1, 68, True)
    assert (message.row_step, len(message.data)) == (68 * message.point_step, 68 * message.point_step)
    kinds = {7: "<f4", 4: "<u2"}
    layout = np.dtype(
        {
            "names": [field.name for field in message.fields],
            "formats": [kinds[field.datatype] for field in message.fields],
            "offsets": [field.offset for field in message.fields],
            "itemsize": message.point_step,
        }
    )
    points = np.frombuffer(message.data, layout)
    np.testing.assert_allclose(np.stack([points["x"], points["y"], points["z"]], axis=1), HEAD_M, atol=2e-4)
    np.testing.assert_allclose(points["confidence"], posed.landmark_confidence)
    np.testing.assert_array_equal(points["landmark"], np.arange(68))
    assert set(points["face"]) == {1}


def test_sensor_msgs_py_makes_the_cloud_where_it_is_installed(posed, header, monkeypatch):
    """With a stand-in: it is in no wheel."""
    from sensor_msgs.msg import PointCloud2

    from rednet_ros.nodes.outputs import point_cloud

    calls = []

    def create_cloud(header, fields, points):
        calls.append((fields, points))
        return PointCloud2(header=header, width=len(points))

    stand_in = SimpleNamespace(create_cloud=create_cloud)
    monkeypatch.setitem(sys.modules, "sensor_msgs_py", SimpleNamespace(point_cloud2=stand_in))
    monkeypatch.setitem(sys.modules, "sensor_msgs_py.point_cloud2", stand_in)
    message = point_cloud.landmark_cloud(header, CAMERA, [posed])
    ((fields, points),) = calls
    assert (points.shape, [field.name for field in fields]) == ((68,), list(points.dtype.names))
    assert [field.offset for field in fields] == [points.dtype.fields[field.name][1] for field in fields]
    assert (message.header, message.width, message.is_dense) == (header, 68, True)


def test_the_cloud_is_empty_without_poses(header, make_face):
    from rednet_ros.nodes.outputs.point_cloud import landmark_cloud

    for camera, faces in ((None, [make_face("f1")]), (CAMERA, []), (CAMERA, [make_face("f1")])):
        message = landmark_cloud(header, camera, faces)
        assert (message.width, len(message.data)) == (0, 0)
        assert [field.name for field in message.fields][:3] == ["x", "y", "z"]
