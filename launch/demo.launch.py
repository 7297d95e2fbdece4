"""The demo of `make demo` in a ROS install: player, tracker and recorder, until the input ends.

ros2 launch rednet_ros demo.launch.py input:=clip.mp4
ros2 launch rednet_ros demo.launch.py attention:=true
ros2 launch rednet_ros demo.launch.py rviz:=true loop:=true

Composed of tracker.launch.py, two nodes of this package, and the example that reports who looks at the robot.
"""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from rednet_ros.nodes.parameters.demo import CAMERA_TIMEOUT_S

SHARE = Path(get_package_share_directory("rednet_ros"))
NAMESPACE = "rednet_demo"

ARGUMENTS = [
    DeclareLaunchArgument(
        "input",
        default_value="default",
        description="Whatever rednet-track takes as INPUT; clip or portrait for a built-in one.",
    ),
    DeclareLaunchArgument("output", default_value="demo_output", description="Folder of the results."),
    DeclareLaunchArgument(
        "weights", default_value="rednet-lite-clean", description="Network weights: a name, or a path."
    ),
    DeclareLaunchArgument("device", default_value="auto", description="Where the network runs: auto, cpu or cuda."),
    DeclareLaunchArgument(
        "rviz",
        default_value="false",
        description="Open RViz with the overlay and the landmarks; it closes with the input, unless that is looped.",
    ),
    DeclareLaunchArgument(
        "loop", default_value="false", description="Play the input again and again, until Ctrl-C; the video grows."
    ),
    DeclareLaunchArgument("log_level", default_value="info", description="The tracker's lowest level of messages."),
    DeclareLaunchArgument(
        "sigterm_timeout", default_value="30", description="Seconds that a process has for ending; the files need some."
    ),
    DeclareLaunchArgument(
        "attention",
        default_value="false",
        description="Start the example that says who looks at the robot; its package, rednet_attention, must be built.",
    ),
]


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` runs."""
    tracker = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "tracker.launch.py")),
        launch_arguments={
            "image": "image",
            "namespace": NAMESPACE,
            "id_prefix": "demo_",
            "weights": LaunchConfiguration("weights"),
            "device": LaunchConfiguration("device"),
            "rviz": LaunchConfiguration("rviz"),
            "log_level": LaunchConfiguration("log_level"),
            "camera_timeout_s": str(CAMERA_TIMEOUT_S),
        }.items(),
    )
    recorder = node("recorder_node", {"output_dir": ParameterValue(LaunchConfiguration("output"), value_type=str)})
    source = ParameterValue(LaunchConfiguration("input"), value_type=str)
    loop = ParameterValue(LaunchConfiguration("loop"), value_type=bool)
    player = node("player_node", {"source": source, "loop": loop})
    end = RegisterEventHandler(OnProcessExit(target_action=player, on_exit=[Shutdown(reason="the input has ended")]))
    # The tracker's description first: it sets the middleware profile that all three share.
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=attention), tracker, recorder, player, end])


def attention(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The example, where `attention` asks for it. Raises RuntimeError where its package is not built."""
    if not IfCondition(LaunchConfiguration("attention")).evaluate(context):
        return []
    try:
        get_package_share_directory("rednet_attention")
    except PackageNotFoundError as error:
        hint = "copy examples/rednet_attention into the workspace's src and build it"
        raise RuntimeError(f"attention:=true needs the package rednet_attention: {hint}") from error
    return [Node(package="rednet_attention", executable="attention_node", namespace=NAMESPACE, output="screen")]


def node(executable: str, parameters: dict[str, ParameterValue]) -> Node:
    """One of this package's nodes."""
    return Node(
        package="rednet_ros", executable=executable, namespace=NAMESPACE, parameters=[parameters], output="screen"
    )
