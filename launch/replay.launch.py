"""Faces from a recorded bag: plays it with its own clock, tracks its images, and on request records the result.

ros2 launch rednet_ros replay.launch.py bag:=drive image:=/camera/image_raw
ros2 launch rednet_ros replay.launch.py bag:=drive image:=/camera/image_raw record:=drive_faces rate:=0.5
"""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from rednet_ros.nodes.launch_waiting import ActiveWait
from rednet_ros.nodes.parameters.demo import CAMERA_TIMEOUT_S

SHARE = Path(get_package_share_directory("rednet_ros"))
NODE_NAME = "rednet_tracker"
LINGER_S = 2.0
"""After the bag's end, until its last images have been tracked and recorded."""
RESULTS = ("faces", "overlay", "markers", "head_poses", "landmark_cloud")
"""Topics that the bag may hold from an earlier run; played back, they would mix with the new ones."""
FORWARDED = ("image", "weights", "device", "params_file", "namespace", "rviz", "log_level")

ARGUMENTS = [
    DeclareLaunchArgument("bag", description="Folder of the bag, or its .mcap or .db3 file."),
    DeclareLaunchArgument("image", default_value="/camera/image_raw", description="Topic of the images in the bag."),
    DeclareLaunchArgument("rate", default_value="1.0", description="How much faster than recorded it is played."),
    DeclareLaunchArgument("loop", default_value="false", description="Play it again and again."),
    DeclareLaunchArgument(
        "start_timeout_s",
        default_value="180.0",
        description="The bag starts when the tracker is active; one that is not after so many seconds ends everything.",
    ),
    DeclareLaunchArgument("record", default_value="", description="Folder of a new bag of the faces; empty: none."),
    DeclareLaunchArgument(
        "weights", default_value="rednet-lite-clean", description="Network weights: a name, or a path."
    ),
    DeclareLaunchArgument("device", default_value="auto", description="Where the network runs: auto, cpu or cuda."),
    DeclareLaunchArgument(
        "params_file", default_value=str(SHARE / "config" / "tracker.yaml"), description="Parameters, as YAML."
    ),
    DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node and its topics."),
    DeclareLaunchArgument("rviz", default_value="false", description="Open RViz with the overlay and the landmarks."),
    DeclareLaunchArgument("log_level", default_value="info", description="The tracker's lowest level of messages."),
    DeclareLaunchArgument(
        "sigterm_timeout", default_value="30", description="Seconds that a process has for ending; the files need some."
    ),
]


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` runs."""
    arguments = {
        "use_sim_time": "true",
        "camera_timeout_s": LaunchConfiguration("camera_timeout_s", default=str(CAMERA_TIMEOUT_S)),
        **{name: LaunchConfiguration(name) for name in FORWARDED},
    }
    tracker = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "tracker.launch.py")), launch_arguments=arguments.items()
    )
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=bags), tracker])


def bags(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Play the bag once the tracker is active, record if `record` is set, and end everything after the bag. Raises
    RuntimeError where the bag does not exist, or `ros2 bag` is not installed."""
    bag, record = value(context, "bag"), value(context, "record")
    timeout_s = seconds(context, "start_timeout_s")
    if not Path(bag).exists():
        raise RuntimeError(f"bag:={bag}: there is no such bag")
    check_bag_command()
    player = ExecuteProcess(cmd=play_command(context), output="screen")
    linger = TimerAction(period=LINGER_S, actions=[Shutdown(reason="the bag has ended")])
    late = OpaqueFunction(function=not_active, args=[timeout_s])
    ActiveWait(context, topic(context, NODE_NAME), timeout_s, active=[player], late=[late])
    actions: list[LaunchDescriptionEntity] = [
        RegisterEventHandler(OnProcessExit(target_action=player, on_exit=[linger])),
    ]
    if record:
        topics = [topic(context, "faces")]
        actions.append(
            ExecuteProcess(cmd=["ros2", "bag", "record", "--output", record, "--topics", *topics], output="screen")
        )
    return actions


def not_active(context: LaunchContext, timeout_s: float) -> None:
    """End everything: raises RuntimeError with the reason."""
    name = topic(context, NODE_NAME)
    raise RuntimeError(f"{name} is not active after {timeout_s:.0f} s: the bag is not played (start_timeout_s:=...)")


def play_command(context: LaunchContext) -> list[str]:
    """`ros2 bag play` with the bag's clock, earlier results moved out of the way."""
    command = ["ros2", "bag", "play", value(context, "bag"), "--clock", "100", "--rate", value(context, "rate")]
    if value(context, "loop").lower() in ("true", "1"):
        command.append("--loop")
    earlier = [topic(context, name) for name in RESULTS]
    return [*command, "--remap", *[f"{name}:=/recorded{name}" for name in earlier]]


def topic(context: LaunchContext, name: str) -> str:
    """The full name of one of the tracker's topics, or of the tracker itself."""
    namespace = value(context, "namespace").strip("/")
    return f"/{namespace}/{name}" if namespace else f"/{name}"


def value(context: LaunchContext, name: str) -> str:
    """Text of an argument."""
    return LaunchConfiguration(name).perform(context)


def seconds(context: LaunchContext, name: str) -> float:
    """Value of an argument in seconds. Raises RuntimeError for a text that is no positive number."""
    text = value(context, name)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise RuntimeError(f"{name}:={text} must be a number of seconds above 0")
    return number


def check_bag_command() -> None:
    """Raise RuntimeError, saying how to fix it, where `ros2 bag` is not installed."""
    try:
        get_package_share_directory("ros2bag")
    except PackageNotFoundError as error:
        raise RuntimeError("bag:=... needs the package ros2bag: apt install ros-$ROS_DISTRO-rosbag2") from error
