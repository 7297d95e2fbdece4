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
    namespaces = ("landmarks", "contours", "ids")
    assert {(marker.ns, marker.id) for marker in markers[1:]} == {
        ("camera", 0),
        *((namespace, number) for namespace in namespaces for number in range(2)),
    }
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


def test_landmarks_and_contours_have_the_colours_of_their_regions(posed, header):
    from rednet_ros.landmarks import REGIONS
    from rednet_ros.nodes.outputs.markers import REGION_COLORS, face_markers

    assert set(REGION_COLORS) == set(REGIONS)
    markers = face_markers(header, (480, 640), [posed], CAMERA).markers
    (landmarks,), (contours,) = of(markers, "landmarks"), of(markers, "contours")
    for name, indices in REGIONS.items():
        assert {(color.r, color.g, color.b) for color in landmarks.colors[indices.start : indices.stop]} == {
            (REGION_COLORS[name].r, REGION_COLORS[name].g, REGION_COLORS[name].b)
        }
    assert len(contours.colors) == len(contours.points)
    at = {(point.x, point.y, point.z): color for point, color in zip(landmarks.points, landmarks.colors, strict=True)}
    assert all(
        at[point.x, point.y, point.z] == color for point, color in zip(contours.points, contours.colors, strict=True)
    )


def test_the_camera_is_drawn_as_far_as_its_picture_reaches(header):
    from rednet_ros.nodes.outputs.markers import face_markers

    (camera,) = of(face_markers(header, (480, 640), [], CAMERA).markers, "camera")
    corners = as_array(camera.points).reshape(8, 2, 3)[:4, 1]
    np.testing.assert_allclose(CAMERA.project(corners)[[0, 2]], [(-0.5, -0.5), (639.5, 479.5)], atol=0.5)
    assert of(face_markers(header, (480, 640), []).markers, "camera") == []


def label_box(marker):
    """Centre and half size of a label as the camera sees it, in units of its distance, wide for its letters."""
    place, size_m = marker.pose.position, marker.scale.z
    half = np.array([0.6 * len(marker.text), 1.0]) * size_m / 2
    return np.array([place.x, place.y]) / place.z, half / place.z


@pytest.mark.parametrize("prefix", ["f", "front_left_8264_f"])
def test_no_label_covers_another_one(header, make_face, prefix):
    from rednet_ros.nodes.outputs.markers import face_markers

    heads = [(x, y, z) for x in (-0.1, -0.08, 0.0, 0.02) for y in (0.0, 0.03) for z in (0.9, 1.4)]
    faces = []
    for number, place in enumerate(heads):
        pose = HeadPose(rotation_rad=(0.0, 0.0, 0.0), translation_m=place)
        landmarks_px = CAMERA.project(MEAN_HEAD_M @ face_axes(pose).T + place).astype(np.float32)
        faces.append(make_face(f"{prefix}{number}", landmarks_px=landmarks_px, head_pose=pose))
    labels = of(face_markers(header, (480, 640), faces, CAMERA).markers, "ids")
    assert [label.text for label in labels] == [face.id for face in faces]
    boxes = [label_box(label) for label in labels]
    for number, (center, half) in enumerate(boxes):
        for other_center, other_half in boxes[:number]:
            assert (np.abs(center - other_center) > half + other_half).any()
    head_width_m = np.ptp(MEAN_HEAD_M[:, 1])
    assert all(
        2 * half[0] * label.pose.position.z < head_width_m for (_, half), label in zip(boxes, labels, strict=True)
    )


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
