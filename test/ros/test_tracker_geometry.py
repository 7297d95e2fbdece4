"""What the tracker node publishes of faces in space, on real topics; with stand-ins for tf2_ros and hri_msgs."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import HeadPose

pytestmark = pytest.mark.ros

POSE = HeadPose(rotation_rad=(0.1, -0.2, 0.7), translation_m=(0.3, -0.1, 0.9))


@pytest.fixture
def header():
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    return Header(stamp=Time(sec=3, nanosec=500_000_000), frame_id="camera")


@pytest.fixture
def posed_tracker(tracker, make_face):
    """Sees a face with a pose in every image."""
    tracker._faces = lambda camera, image_bgr, stamp_s: [make_face(f"{camera}f7", head_pose=POSE)]
    return tracker


class StandInBroadcaster:
    """tf2_ros.TransformBroadcaster, as far as it is used."""

    made = ()

    def __init__(self, node):
        self.node = node
        self.sent = []
        self.pub_tf = SimpleNamespace(get_subscription_count=lambda: self.listeners)
        self.listeners = 1
        StandInBroadcaster.made += (self,)

    def sendTransform(self, transforms):  # the name that tf2_ros gives it
        self.sent.append(transforms)


@pytest.fixture
def tf2_ros(monkeypatch):
    """tf2_ros with a stand-in; the broadcasters that were made."""
    monkeypatch.setattr(StandInBroadcaster, "made", ())
    monkeypatch.setitem(sys.modules, "tf2_ros", SimpleNamespace(TransformBroadcaster=StandInBroadcaster))


def test_faces_are_broadcast_only_while_somebody_listens_to_tf(tf2_ros, make_face, header):
    from rednet_ros.nodes.outputs.transforms import TransformOutput, make_broadcasters

    destroyed = []
    node = SimpleNamespace(destroy_publisher=destroyed.append)
    (broadcaster,) = make_broadcasters(node, [""]).values()
    output = TransformOutput(node, broadcaster)
    output.publish(SimpleNamespace(header=header, faces=[make_face("f7", head_pose=POSE)]))
    assert [transform.child_frame_id for transform in broadcaster.sent[0]] == ["face_f7", "gaze_f7"]
    header.frame_id = ""
    with pytest.raises(InputError, match="frame_id is empty"):  # for the log and /diagnostics
        output.publish(SimpleNamespace(header=header, faces=[make_face("f7", head_pose=POSE)]))
    assert len(broadcaster.sent) == 1
    assert output.is_wanted()
    assert not output.has_subscribers()  # of this node's results: /tf is everybody's
    broadcaster.listeners = 0
    assert not output.is_wanted()
    output.close()
    assert destroyed == [broadcaster.pub_tf]


def test_the_node_broadcasts_the_faces_of_its_images(tf2_ros, make_bench, make_image, wait_until, posed_tracker):
    bench = make_bench(lambda parameters: posed_tracker, autostart=True)
    images = bench.publisher()
    (broadcaster,) = StandInBroadcaster.made
    assert wait_until(lambda: images.publish(make_image(stamp_s=2.5)) or broadcaster.sent)
    face, _ = broadcaster.sent[0]
    assert (face.header.frame_id, face.header.stamp.sec, face.child_frame_id) == ("camera", 2, "face_f7")


@pytest.mark.parametrize(
    ("arguments", "prefixes"),
    [([], ("front_", "rear_")), (["-p", "id_prefix:=head_"], ("head_", "head_"))],
    ids=["by default", "as the parameter says"],
)
def test_nodes_in_two_namespaces_give_no_name_twice(
    tf2_ros, make_bench, make_image, wait_until, posed_tracker, arguments, prefixes
):
    """Frames of TF and ids under /humans/faces are the whole robot's: they carry the node's namespace."""
    from rednet_ros.msg import FaceLandmarks

    frames = {}
    for namespace, prefix in zip(("front", "rear"), prefixes, strict=True):
        cli_args = ["--ros-args", "-r", f"__ns:=/{namespace}", *arguments]
        bench = make_bench(lambda parameters: posed_tracker, autostart=True, cli_args=cli_args)
        faces = bench.collect(FaceLandmarks, f"/{namespace}/faces")
        images = bench.publisher(topic=f"/{namespace}/image")
        assert wait_until(lambda images=images, faces=faces: images.publish(make_image()) or faces)
        assert [face.id for face in faces[0].faces] == [f"{prefix}f7"]
        broadcaster = StandInBroadcaster.made[-1]
        assert wait_until(lambda broadcaster=broadcaster: broadcaster.sent)
        frames[namespace] = {transform.child_frame_id for transform in broadcaster.sent[0]}
        assert frames[namespace] == {f"face_{prefix}f7", f"gaze_{prefix}f7"}


def test_nodes_of_two_names_in_one_namespace_give_no_name_twice(
    tf2_ros, make_bench, make_image, wait_until, posed_tracker
):
    from rednet_ros.msg import FaceLandmarks

    ids = []
    for name in ("left", "right"):
        remappings = [f"__node:={name}", f"image:={name}/image", f"faces:={name}/faces"]
        cli_args = ["--ros-args", *(part for remapping in remappings for part in ("-r", remapping))]
        bench = make_bench(lambda parameters: posed_tracker, autostart=True, cli_args=cli_args)
        faces = bench.collect(FaceLandmarks, f"{name}/faces")
        images = bench.publisher(topic=f"{name}/image")
        assert wait_until(lambda images=images, faces=faces: images.publish(make_image()) or faces)
        ids.append(faces[0].faces[0].id)
    assert ids[0] != ids[1]
    assert [face_id.partition("_")[0] for face_id in ids] == ["left", "right"]


def test_without_tf2_ros_or_the_parameter_there_are_no_frames_and_all_else_works(
    monkeypatch, make_bench, make_image, wait_until, posed_tracker
):
    from geometry_msgs.msg import PoseArray
    from sensor_msgs.msg import PointCloud2

    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    bench = make_bench(lambda parameters: posed_tracker, autostart=True)
    poses, clouds = [], []
    bench.client.create_subscription(PoseArray, "head_poses", poses.append, 10)
    bench.client.create_subscription(PointCloud2, "landmark_cloud", clouds.append, 10)
    images = bench.publisher()
    assert wait_until(lambda: images.publish(make_image(stamp_s=2.5)) or (poses and clouds))
    assert (poses[0].header.stamp.sec, poses[0].poses[0].position.z) == (2, 0.9)
    assert clouds[0].width == 68
    assert np.isfinite(np.frombuffer(clouds[0].data, "<f4", count=3)).all()


def test_tf_can_be_switched_off(tf2_ros, make_bench, posed_tracker):
    make_bench(lambda parameters: posed_tracker, autostart=True, broadcast_tf=False)
    assert StandInBroadcaster.made == ()


def test_ros4hri_without_hri_msgs_is_a_reason_not_to_configure(monkeypatch, make_bench, posed_tracker, wait_until):
    monkeypatch.setitem(sys.modules, "hri_msgs", None)
    bench = make_bench(lambda parameters: posed_tracker, autostart=True, ros4hri=True)
    assert bench.state == "unconfigured"
    assert wait_until(lambda: any("hri_msgs" in entry.message for array in bench.diagnostics for entry in array.status))


def test_faces_of_all_cameras_go_to_ros4hri_until_the_node_is_deactivated(
    monkeypatch, make_bench, make_image, wait_until, posed_tracker
):
    from lifecycle_msgs.msg import Transition
    from sensor_msgs.msg import Image

    from rednet_ros.nodes.outputs import outputs

    class Humans:
        """Remembers what it was told."""

        def __init__(self, node, types):
            self.seen, self.calls = {}, []

        def has_subscribers(self):
            return True

        def publish(self, camera, header, image_bgr, faces):
            self.seen[camera] = [face.id for face in faces]

        def forget(self, camera):
            self.seen.pop(camera, None)

        def close(self):
            self.calls.append("close")

    made = []
    monkeypatch.setattr(outputs, "load_types", lambda: "types")
    monkeypatch.setattr(outputs, "HumanFaces", lambda node, types: made.append(Humans(node, types)) or made[-1])
    bench = make_bench(lambda parameters: posed_tracker, autostart=True, ros4hri=True, cameras=["front", "rear"])
    (humans,) = made
    front, rear = (bench.client.create_publisher(Image, f"{name}/image", 10) for name in ("front", "rear"))
    assert wait_until(
        lambda: front.publish(make_image()) or rear.publish(make_image()) or sorted(humans.seen) == ["front", "rear"]
    )
    assert humans.seen["rear"] == ["rearf7"]
    assert bench.change_state(Transition.TRANSITION_DEACTIVATE)
    assert humans.seen == {}
    assert bench.change_state(Transition.TRANSITION_CLEANUP)
    assert "close" in humans.calls
