"""The tracker node, and on request a camera driver and RViz.

ros2 launch rednet_ros tracker.launch.py image:=/camera/image_raw
ros2 launch rednet_ros tracker.launch.py camera:=v4l2_camera rviz:=true
"""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterValue

SHARE = Path(get_package_share_directory("rednet_ros"))
CAMERA_IMAGE = "/camera/image_raw"
DRIVERS = {"v4l2_camera": "v4l2_camera_node", "usb_cam": "usb_cam_node_exe"}

ARGUMENTS = [
    DeclareLaunchArgument("image", default_value=CAMERA_IMAGE, description="Topic of the camera's images."),
    DeclareLaunchArgument(
        "camera",
        default_value="none",
        choices=["none", *DRIVERS],
        description="Camera driver to start too; the package of this name must be installed.",
    ),
    DeclareLaunchArgument("weights", default_value="rednet-lite", description="Network weights: a name, or a path."),
    DeclareLaunchArgument(
        "device", default_value="auto", choices=["auto", "cpu", "cuda"], description="Where the network runs."
    ),
    DeclareLaunchArgument(
        "params_file", default_value=str(SHARE / "config" / "tracker.yaml"), description="Other parameters, as YAML."
    ),
    DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node and its topics."),
    DeclareLaunchArgument(
        "autostart",
        default_value="true",
        description="Configure and activate the node at once, instead of leaving that to a lifecycle manager.",
    ),
    DeclareLaunchArgument("rviz", default_value="false", description="Open RViz with the overlay and the landmarks."),
    DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn or error."),
    DeclareLaunchArgument(
        "fastdds_profile",
        default_value=EnvironmentVariable(
            "FASTRTPS_DEFAULT_PROFILES_FILE", default_value=str(SHARE / "config" / "fastdds_large_images.xml")
        ),
        description="Fast DDS profile of everything started here. The default gives images room in shared memory, for "
        "which a camera driver started elsewhere needs it too.",
    ),
]


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` runs."""
    tracker = LifecycleNode(
        package="rednet_ros",
        executable="tracker_node",
        name="rednet_tracker",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("params_file"),
            {
                "weights": ParameterValue(LaunchConfiguration("weights"), value_type=str),
                "device": ParameterValue(LaunchConfiguration("device"), value_type=str),
                "autostart": ParameterValue(LaunchConfiguration("autostart"), value_type=bool),
            },
        ],
        remappings=[("image", LaunchConfiguration("image"))],
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        output="screen",
    )
    profile = SetEnvironmentVariable("FASTRTPS_DEFAULT_PROFILES_FILE", LaunchConfiguration("fastdds_profile"))
    first = [OpaqueFunction(function=function) for function in (check_parameters, camera_driver, rviz)]  # may fail
    return LaunchDescription([*ARGUMENTS, profile, *first, tracker])


def check_parameters(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Raise RuntimeError where `params_file` is no file; launch itself would warn, and start the node without it."""
    path = Path(LaunchConfiguration("params_file").perform(context))
    if not path.is_file():
        raise RuntimeError(f"params_file:={path}: there is no such file")
    return []


def camera_driver(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The driver named by `camera`, publishing to the topic named by `image`."""
    package = LaunchConfiguration("camera").perform(context)
    if package == "none":
        return []
    check_installed(package, f"camera:={package}")
    remappings = [("image_raw", LaunchConfiguration("image"))]
    return [Node(package=package, executable=DRIVERS[package], name="camera", remappings=remappings, output="screen")]


def rviz(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """RViz, where `rviz` asks for it."""
    if not IfCondition(LaunchConfiguration("rviz")).evaluate(context):
        return []
    check_installed("rviz2", "rviz:=true")
    settings = str(SHARE / "config" / "rednet.rviz")
    namespace = LaunchConfiguration("namespace")
    return [Node(package="rviz2", executable="rviz2", namespace=namespace, arguments=["-d", settings])]


def check_installed(package: str, argument: str) -> None:
    """Raise RuntimeError, saying how to mend it, where `argument` asks for a package that is not installed."""
    try:
        get_package_share_directory(package)
    except PackageNotFoundError as error:
        hint = f"apt install ros-$ROS_DISTRO-{package.replace('_', '-')}"
        raise RuntimeError(f"{argument} needs the package {package}: {hint}") from error
