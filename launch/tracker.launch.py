"""The tracker node, and on request camera drivers and RViz.

ros2 launch rednet_ros tracker.launch.py image:=/camera/image_raw
ros2 launch rednet_ros tracker.launch.py camera:=v4l2_camera rviz:=true
ros2 launch rednet_ros tracker.launch.py cameras:=front,rear camera:=usb_cam max_faces:=4
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.utilities import make_namespace_absolute, prefix_namespace
from rclpy.context import Context

from rednet_ros.errors import InputError
from rednet_ros.nodes.fastdds import PROFILE_VARIABLE
from rednet_ros.nodes.launch_waiting import CameraWait
from rednet_ros.nodes.parameters import launch as launch_parameters
from rednet_ros.nodes.parameters.launch import AS_IN_FILE

SHARE = Path(get_package_share_directory("rednet_ros"))
NODE_NAME = "rednet_tracker"
RVIZ_CONFIG = SHARE / "config" / "rednet.rviz"
CAMERA_IMAGE = "/camera/image_raw"
DRIVERS = {"v4l2_camera": ("v4l2_camera_node", "camera_frame_id"), "usb_cam": ("usb_cam_node_exe", "frame_id")}
"""Package -> its executable, and its parameter for the frame of the images."""

ARGUMENTS = [
    DeclareLaunchArgument(
        "image",
        default_value="",
        description=f"Topic of the camera's images, of several cameras separated by commas; empty: {CAMERA_IMAGE}, or "
        "/NAME/image_raw for each of `cameras`.",
    ),
    DeclareLaunchArgument(
        "cameras", default_value="", description="Names of several cameras, separated by commas; empty: one camera."
    ),
    DeclareLaunchArgument(
        "camera",
        default_value="none",
        choices=["none", *DRIVERS],
        description="Camera driver to start too, one for each camera; the package of this name must be installed.",
    ),
    DeclareLaunchArgument(
        "video_device",
        default_value="",
        description="Device of the driver, of several cameras separated by commas; empty: /dev/video0, 2, 4 ...",
    ),
    DeclareLaunchArgument(
        "params_file", default_value=str(SHARE / "config" / "tracker.yaml"), description="Parameters, as YAML."
    ),
    DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node and its topics."),
    DeclareLaunchArgument(
        "autostart",
        default_value="true",
        description="Configure and activate the node at once, instead of leaving that to a lifecycle manager.",
    ),
    DeclareLaunchArgument(
        "use_sim_time", default_value="false", description="Take the time from /clock, as when a bag is played."
    ),
    DeclareLaunchArgument(
        "rviz",
        default_value="false",
        description="Open RViz with overlay and faces in space, a window for each camera, once its images come.",
    ),
    DeclareLaunchArgument(
        "rviz_frame",
        default_value="",
        description="Fixed frame of RViz; empty: the frame_id of each camera's images.",
    ),
    DeclareLaunchArgument(
        "rviz_config",
        default_value=str(SHARE / "config" / "rednet.rviz"),
        description="What RViz shows. A file of your own opens at once, in one window, with its own fixed frame.",
    ),
    DeclareLaunchArgument(
        "log_level",
        default_value="info",
        choices=["debug", "info", "warn", "error", "fatal"],
        description="The tracker's lowest level of messages.",
    ),
    DeclareLaunchArgument(
        "fastdds_profile",
        default_value=os.environ.get(PROFILE_VARIABLE, str(SHARE / "config" / "fastdds_large_images.xml")),
        description="Fast DDS profile of everything started here. The default gives images room in shared memory, for "
        "which a camera driver started elsewhere needs it too.",
    ),
]
DECLARED_ABOVE = {argument.name for argument in ARGUMENTS}
PARAMETERS = [
    DeclareLaunchArgument(
        name, default_value=AS_IN_FILE, description=f"Parameter, empty: as in params_file. {description}"
    )
    for name, description in launch_parameters.arguments().items()
    if name not in DECLARED_ABOVE
]


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` runs."""
    profile = SetEnvironmentVariable(PROFILE_VARIABLE, LaunchConfiguration("fastdds_profile"))
    functions = (check_parameters, camera_drivers, rviz, tracker)  # the first ones may fail: before a process starts
    return LaunchDescription(
        [*ARGUMENTS, *PARAMETERS, profile, *[OpaqueFunction(function=function) for function in functions]]
    )


def check_parameters(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Raise RuntimeError where `params_file` cannot be used; the node alone would start without it, or not at all."""
    path = existing_file(context, "params_file")
    try:
        launch_parameters.check_yaml(path)
    except InputError as error:
        raise RuntimeError(f"params_file:={error}") from error
    ros = Context()
    try:
        ros.init(["--ros-args", "--params-file", str(path)], initialize_logging=False)
        ros.shutdown()
    except Exception as error:  # rclpy's classes differ between its versions
        reason = str(error).rpartition("Error: ")[2].split(", at /")[0].strip()
        raise RuntimeError(f"params_file:={path}: {reason}; write it like {SHARE}/config/tracker.yaml") from error
    return []


def existing_file(context: LaunchContext, argument: str) -> Path:
    """The file that an argument names. Raises RuntimeError where there is none."""
    path = Path(LaunchConfiguration(argument).perform(context))
    if not path.is_file():
        raise RuntimeError(f"{argument}:={path}: there is no such file")
    return path


def tracker(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The node. Raises RuntimeError for an argument that is no value of its parameter."""
    texts = {argument.name: LaunchConfiguration(argument.name).perform(context) for argument in PARAMETERS}
    images = camera_images(context)
    try:
        values = launch_parameters.parameter_values(texts, images)
    except InputError as error:
        raise RuntimeError(str(error)) from error
    of_launch = {
        name: ParameterValue(LaunchConfiguration(name), value_type=bool) for name in ("autostart", "use_sim_time")
    }
    # A text stays one: device index "0" and weights called "1" are no numbers.
    typed = {
        name: ParameterValue(value, value_type=str) if isinstance(value, str) else value
        for name, value in values.items()
    }
    # Of this node only: at debug the middleware alone writes thousands of lines.
    logger = launch_parameters.logger_name(node_namespace(context), NODE_NAME)
    node = LifecycleNode(
        package="rednet_ros",
        executable="tracker_node",
        name=NODE_NAME,
        namespace=LaunchConfiguration("namespace"),
        parameters=[LaunchConfiguration("params_file"), {**typed, **of_launch}],
        remappings=[("image", images[""])] if "" in images else [],
        arguments=["--ros-args", "--log-level", f"{logger}:={LaunchConfiguration('log_level').perform(context)}"],
        output="screen",
    )
    return [node]


def node_namespace(context: LaunchContext) -> str:
    """The whole namespace of the node: that of the group it is launched in, and the argument's."""
    group = context.launch_configurations.get("ros_namespace")
    return make_namespace_absolute(prefix_namespace(group, LaunchConfiguration("namespace").perform(context)))


def camera_images(context: LaunchContext) -> dict[str, str]:
    """Camera's name -> topic of its images, as `cameras` and `image` say."""
    cameras, image = (LaunchConfiguration(name).perform(context) for name in ("cameras", "image"))
    try:
        return launch_parameters.camera_images(cameras, image, CAMERA_IMAGE)
    except InputError as error:
        raise RuntimeError(str(error)) from error


def camera_drivers(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The driver named by `camera`, for each camera, publishing to its image topic."""
    package = LaunchConfiguration("camera").perform(context)
    if package == "none":
        return []
    check_installed(package, f"camera:={package}")
    images = camera_images(context)
    try:
        devices = launch_parameters.devices(LaunchConfiguration("video_device").perform(context), len(images))
    except InputError as error:
        raise RuntimeError(str(error)) from error
    executable, frame_parameter = DRIVERS[package]
    return [
        driver(package, executable, topic, {"video_device": device, frame_parameter: name or "camera"})
        for (name, topic), device in zip(images.items(), devices, strict=True)
    ]


def driver(package: str, executable: str, topic: str, parameters: dict[str, str]) -> Node:
    """One driver in the namespace of its image topic, so that camera_info and compressed images lie beside it."""
    namespace, _, name = topic.rpartition("/")
    remappings = [] if name == "image_raw" else [("image_raw", name)]
    return Node(
        package=package,
        executable=executable,
        name="camera",
        namespace=namespace,
        parameters=[parameters],
        remappings=remappings,
        output="screen",
    )


def rviz(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """RViz, where `rviz` asks for it: with the package's configuration for each camera once its frame is known, which
    shows nothing in another frame; with one of the user's at once, as it is."""
    if not IfCondition(LaunchConfiguration("rviz")).evaluate(context):
        return []
    check_installed("rviz2", "rviz:=true")
    config = existing_file(context, "rviz_config")
    frame = LaunchConfiguration("rviz_frame").perform(context)
    namespace = node_namespace(context)
    images = camera_images(context)
    camera_info = LaunchConfiguration("camera_info_topic").perform(context)
    if config != RVIZ_CONFIG:
        return [rviz_window(config, namespace, frame)]

    def found(camera_namespace: str, frame_id: str) -> list[LaunchDescriptionEntity]:
        remappings = launch_parameters.rviz_remappings(images, namespace, camera_namespace, camera_info)
        window = rviz_window(config, camera_namespace, frame_id, remappings)
        topic = f"{camera_namespace.rstrip('/')}/overlay"
        if not frame_id:
            return [LogInfo(msg=f"RViz shows {topic} alone: the images' frame_id is empty, set frame_id:=..."), window]
        return [LogInfo(msg=f"RViz shows {topic}, fixed frame {frame_id}"), window]

    CameraWait(context, namespace, NODE_NAME, found, frame)
    what = "the tracker" if frame else "each camera's first tracked image, whose frame it shows"
    return [LogInfo(msg=f"RViz waits for {what}")]


def rviz_window(config: Path, namespace: str, frame_id: str, remappings: Sequence[tuple[str, str]] = ()) -> Node:
    """One RViz, its relative topics in `namespace`; without `frame_id` with the fixed frame of the configuration."""
    frame = ["-f", frame_id] if frame_id else []
    use_sim_time = ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=namespace,
        arguments=["-d", str(config), *frame],
        remappings=list(remappings),
        parameters=[{"use_sim_time": use_sim_time}],
    )


def check_installed(package: str, argument: str) -> None:
    """Raise RuntimeError, saying how to fix it, where `argument` asks for a package that is not installed."""
    try:
        get_package_share_directory(package)
    except PackageNotFoundError as error:
        hint = f"apt install ros-$ROS_DISTRO-{package.replace('_', '-')}"
        raise RuntimeError(f"{argument} needs the package {package}: {hint}") from error
