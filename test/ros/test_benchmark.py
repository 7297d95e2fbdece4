"""The part of rednet-benchmark that needs ROS, on real topics."""

import numpy as np
import pytest

pytestmark = pytest.mark.ros


def test_the_frame_path_is_measured():
    from rednet_ros.nodes.benchmark.messages import measure_frame_path

    path = measure_frame_path(np.zeros((48, 64, 3), np.uint8), seconds=0.001, counts=(1, 3))
    assert path.is_view
    assert [row.faces for row in path.messages] == [1, 3]
    assert all(row.fill.median_ms > row.flat_fill.median_ms > 0 for row in path.messages)


def test_both_layouts_hold_the_same_numbers():
    from rednet_ros.nodes.benchmark.messages import _face, _flat
    from rednet_ros.nodes.outputs.messages import face_landmarks

    faces = [_face(0), _face(1)]
    from std_msgs.msg import Header

    points = [point for face in face_landmarks(Header(), (4, 4), "", faces).faces for point in face.landmarks]
    numbers = [value for point in points for value in (point.x, point.y, point.confidence)]
    np.testing.assert_allclose(_flat(faces).data, numbers, rtol=1e-6)


@pytest.mark.slow
def test_images_go_through_a_node_in_another_process_and_are_answered(tmp_path):
    from rednet_ros.evaluation.speed.results import RosResults, load
    from rednet_ros.nodes.benchmark import benchmark

    path = tmp_path / "ros.json"
    arguments = ["--seconds", "0.2", "--size", "320", "240", "--memory-frames", "20", "--fairness", "2"]
    assert benchmark.main(["--json", str(path), *arguments, "--fair-cameras", "2", "--fair-rate", "5"]) == 0
    results = load(RosResults, path)
    (row,) = results.topics
    assert row.tracked == 1
    assert row.answered == row.sent
    assert 50 < row.memory_mb < 3000
    assert results.memory.frames[-1] == 20
    assert [camera.name for camera in results.fairness.cameras] == ["camera_1", "camera_2"]
    assert all(camera.processed >= 5 for camera in results.fairness.cameras)


def test_a_node_that_ends_is_told_at_once():
    from rednet_ros.errors import RednetError
    from rednet_ros.nodes.benchmark.client import TrackerSession
    from rednet_ros.nodes.fastdds import image_environment

    environment, reliability = image_environment(2)
    session = TrackerSession({"max_faces": "1000"}, environment, reliability)
    with pytest.raises(RednetError, match="ended with code 1"), session:
        pass
