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

SHARE = Path(get_package_share_directory("rednet_ros"))
LOADING_S = 10.0
"""Before the bag starts: loading the weights takes some seconds, more on a busy machine."""
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
        "start_after_s", default_value=str(LOADING_S), description="Seconds until the bag starts: loading takes some."
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
]


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` runs."""
    tracker = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "tracker.launch.py")),
        launch_arguments={"use_sim_time": "true", **{name: LaunchConfiguration(name) for name in FORWARDED}}.items(),
    )
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=bags), tracker])


def bags(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The player, the recorder if one is asked for, and the end after the bag's end. Raises RuntimeError where the bag
    does not exist, or `ros2 bag` is not installed."""
    bag, record, start_after_s = (value(context, name) for name in ("bag", "record", "start_after_s"))
    if not Path(bag).exists():
        raise RuntimeError(f"bag:={bag}: there is no such bag")
    check_bag_command()
    player = ExecuteProcess(cmd=play_command(context), output="screen")
    linger = TimerAction(period=LINGER_S, actions=[Shutdown(reason="the bag has ended")])
    actions: list[LaunchDescriptionEntity] = [
        TimerAction(period=float(start_after_s), actions=[player]),
        RegisterEventHandler(OnProcessExit(target_action=player, on_exit=[linger])),
    ]
    if record:
        topics = [topic(context, "faces")]
        actions.append(
            ExecuteProcess(cmd=["ros2", "bag", "record", "--output", record, "--topics", *topics], output="screen")
        )
    return actions


def play_command(context: LaunchContext) -> list[str]:
    """`ros2 bag play` with the bag's clock, earlier results moved out of the way."""
    command = ["ros2", "bag", "play", value(context, "bag"), "--clock", "100", "--rate", value(context, "rate")]
    if value(context, "loop").lower() in ("true", "1"):
        command.append("--loop")
    earlier = [topic(context, name) for name in RESULTS]
    return [*command, "--remap", *[f"{name}:=/recorded{name}" for name in earlier]]


def topic(context: LaunchContext, name: str) -> str:
    """The full name of one of the tracker's topics."""
    namespace = value(context, "namespace").strip("/")
    return f"/{namespace}/{name}" if namespace else f"/{name}"


def value(context: LaunchContext, name: str) -> str:
    """Text of an argument."""
    return LaunchConfiguration(name).perform(context)


def check_bag_command() -> None:
    """Raise RuntimeError, saying how to mend it, where `ros2 bag` is not installed."""
    try:
        get_package_share_directory("ros2bag")
    except PackageNotFoundError as error:
        raise RuntimeError("bag:=... needs the package ros2bag: apt install ros-$ROS_DISTRO-rosbag2") from error
