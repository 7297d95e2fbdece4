"""The launch files: valid Python everywhere, and complete where launch is installed."""

import ast
import importlib.util
import json
import re

import pytest
import yaml

NAMES = ("tracker", "demo", "replay")
DOCUMENTED_ARGUMENTS = {
    "tracker": {
        *("image", "cameras", "camera", "video_device", "params_file", "namespace", "autostart", "rviz", "log_level"),
        *("weights", "device", "max_faces", "image_transport", "use_sim_time", "rviz_config", "fastdds_profile"),
    },
    "demo": {"input", "output", "weights", "device", "rviz", "attention", "log_level", "loop"},
    "replay": {"bag", "image", "rate", "loop", "record", "weights", "device", "namespace", "rviz", "start_timeout_s"},
}


def source(repository, name):
    return repository / "launch" / f"{name}.launch.py"


@pytest.mark.parametrize("name", NAMES)
def test_a_launch_file_is_valid_and_shows_how_it_is_called(repository, name):
    module = ast.parse(source(repository, name).read_text())
    assert f"ros2 launch rednet_ros {name}.launch.py" in ast.get_docstring(module)
    assert "generate_launch_description" in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def published_topics(repository):
    """Topic -> type of its messages, of the tracker's table of outputs."""
    text = (repository / "rednet_ros" / "nodes" / "outputs" / "outputs.py").read_text()
    return dict(re.findall(r'^    Topic\("(\w+)", (\w+)', text, flags=re.MULTILINE))


@pytest.fixture
def displays(repository):
    """RViz's displays by their names."""
    content = yaml.safe_load((repository / "config" / "rednet.rviz").read_text())
    return {display["Name"]: display for display in content["Visualization Manager"]["Displays"]}


def test_rviz_shows_topics_that_the_node_publishes(repository, displays):
    shown = {
        display["Topic"]["Value"]: display["Class"].removeprefix("rviz_default_plugins/")
        for display in displays.values()
        if "Topic" in display
    }
    assert shown.pop("image") == "Camera"
    assert {"overlay", "markers"} <= set(shown)
    assert shown.items() <= published_topics(repository).items()


def test_rviz_opens_with_the_image_and_the_faces_and_no_names_of_frames(repository, displays):
    enabled = {name for name, display in displays.items() if display["Enabled"]}
    assert enabled == {"Overlay", "Camera", "Faces"}
    assert not displays["Frames of the faces"]["Show Names"]
    visible = displays["Camera"]["Visibility"]
    assert {name for name, shown in visible.items() if shown} == {"Faces", "Value"}
    assert set(visible) - {"Value"} <= set(displays)


def test_the_panels_that_rviz_places_exist(repository, displays):
    """By their names in Qt's state of the window: UTF-16 in hexadecimal digits, after the length."""
    content = yaml.safe_load((repository / "config" / "rednet.rviz").read_text())
    state = bytes.fromhex(content["Window Geometry"]["QMainWindow State"])
    panels = {panel["Name"] for panel in content["Panels"]}
    for name in ("Overlay", "Camera", "Displays"):
        assert name in panels | set(displays)
        assert name.encode("utf-16-be") in state, name


def foxglove_panels(layout):
    """Names of the panels that a part of a Foxglove layout shows."""
    return [layout] if isinstance(layout, str) else foxglove_panels(layout["first"]) + foxglove_panels(layout["second"])


def test_foxglove_shows_topics_that_the_node_publishes(repository):
    content = json.loads((repository / "config" / "foxglove_layout.json").read_text())
    configs = content["configById"]
    assert sorted(foxglove_panels(content["layout"])) == sorted(configs)
    text = json.dumps(configs)
    fields = re.findall(r"^\S+\s+(\w+)(?!\w|\s*=)", (repository / "msg" / "Face.msg").read_text(), flags=re.MULTILINE)
    topics = set(re.findall(r'"(/\w+)[".]', text)) - {"/diagnostics"}
    assert {"/overlay", "/markers", "/faces"} <= topics <= {f"/{name}" for name in published_topics(repository)}
    paths = re.findall(r'"/faces\.faces\[\d\]\.(\w+)', text)
    assert len(paths) >= 4
    assert set(paths) <= set(fields)


def test_a_replay_moves_every_earlier_result_out_of_the_way(repository):
    module = ast.parse(source(repository, "replay").read_text())
    (results,) = [
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "RESULTS"
    ]
    assert set(results) == set(published_topics(repository))


def loaded(repository, name):
    spec = importlib.util.spec_from_file_location(f"{name}_launch", source(repository, name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.ros_launch
@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_described(repository, name):
    arguments = loaded(repository, name).generate_launch_description().get_launch_arguments()
    assert {argument.name for argument in arguments} >= DOCUMENTED_ARGUMENTS[name]
    descriptions = [argument.description.partition(" Valid choices are")[0] for argument in arguments]  # launch's own
    assert all(description.endswith(".") for description in descriptions)


@pytest.mark.ros_launch
@pytest.mark.parametrize("name", NAMES)
def test_every_default_is_shown_as_its_value(repository, name, monkeypatch):
    from launch.substitutions import TextSubstitution

    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "/opt/profile.xml")
    arguments = loaded(repository, name).generate_launch_description().get_launch_arguments()
    defaults = {argument.name: argument.default_value or [] for argument in arguments}
    assert all(isinstance(part, TextSubstitution) for parts in defaults.values() for part in parts)
    if name == "tracker":
        assert defaults["fastdds_profile"][0].text == "/opt/profile.xml"


@pytest.mark.ros_launch
@pytest.mark.parametrize(
    ("function", "argument", "package"),
    [("camera_drivers", "camera:=usb_cam", "usb_cam"), ("rviz", "rviz:=true", "rviz2")],
)
def test_a_package_that_is_not_installed_is_named(repository, function, argument, package):
    from ament_index_python.packages import get_packages_with_prefixes
    from launch import LaunchContext

    if package in get_packages_with_prefixes():
        pytest.skip(f"{package} is installed here")
    context = LaunchContext()
    name, value = argument.split(":=")
    context.launch_configurations[name] = value
    with pytest.raises(RuntimeError, match=f"{argument} needs the package {package}"):
        getattr(loaded(repository, "tracker"), function)(context)


@pytest.mark.ros_launch
def test_a_params_file_that_does_not_exist_is_an_error_that_names_it(repository, tmp_path):
    from launch import LaunchContext

    check_parameters = loaded(repository, "tracker").check_parameters
    context = LaunchContext()
    context.launch_configurations["params_file"] = str(tmp_path / "typo.yaml")
    with pytest.raises(RuntimeError, match=r"params_file:=.*typo\.yaml: there is no such file"):
        check_parameters(context)
    (tmp_path / "typo.yaml").write_text("")
    assert check_parameters(context) == []


@pytest.mark.ros_launch
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"/**:\n  ros__parameters:\n    max_faces: [2\n", "mine.yaml, line 4, column 1: expected ',' or ']'"),
        (b"/**:\n  ros__parameters:\n\tmax_faces: 2\n", r"mine.yaml, line 3, column 1: found character '\\t'"),
        (b"max_faces: 2\n", "mine.yaml: Cannot have a value before ros__parameters at line 1; write it like .*tracker"),
        (b"/**:\n  ros__parameters:\n    device:\n", "mine.yaml: No value at line 3; write it like"),
        (b"a: \xff\n", "mine.yaml: is no YAML in UTF-8"),
    ],
)
def test_a_params_file_that_cannot_be_used_is_an_error_that_names_file_and_line(repository, tmp_path, content, reason):
    (tmp_path / "mine.yaml").write_bytes(content)
    context = context_of(params_file=str(tmp_path / "mine.yaml"))
    with pytest.raises(RuntimeError, match=f"params_file:=.*{reason}") as error:
        loaded(repository, "tracker").check_parameters(context)
    assert "\n" not in str(error.value)


def context_of(**arguments):
    """A launch context with the arguments' values."""
    from launch import LaunchContext

    context = LaunchContext()
    context.launch_configurations.update(arguments)
    return context


def tracker_context(repository, **arguments):
    """A context with every argument of tracker.launch.py, those not given at their defaults."""
    module = loaded(repository, "tracker")
    context = context_of()
    for argument in (*module.ARGUMENTS, *module.PARAMETERS):
        default = "".join(part.perform(context) for part in argument.default_value)
        context.launch_configurations[argument.name] = arguments.get(argument.name, default)
    return module, context


def parameters_of(node, context):
    """What the node gets beside the parameters file: name -> value."""
    from launch_ros.utilities import evaluate_parameters

    return evaluate_parameters(context, node._Node__parameters)[1]


@pytest.mark.ros_launch
def test_arguments_become_parameters(repository):
    module, context = tracker_context(repository, max_faces="3", weights="7", grace_s="1", autostart="false")
    (node,) = module.tracker(context)
    values = parameters_of(node, context)
    assert values == {"max_faces": 3, "weights": "7", "grace_s": 1.0, "autostart": False, "use_sim_time": False}


@pytest.mark.ros_launch
def test_several_cameras_are_one_node_and_a_driver_each(repository, monkeypatch):
    module, context = tracker_context(repository, cameras="front,rear", camera="v4l2_camera")
    monkeypatch.setattr(module, "check_installed", lambda *_: None)
    (node,) = module.tracker(context)
    values = parameters_of(node, context)
    assert tuple(values["cameras"]) == ("front", "rear")
    assert (values["front.image_topic"], values["rear.image_topic"]) == ("/front/image_raw", "/rear/image_raw")
    drivers = module.camera_drivers(context)
    assert [parameters(driver, context) for driver in drivers] == [
        {"video_device": "/dev/video0", "camera_frame_id": "front"},
        {"video_device": "/dev/video2", "camera_frame_id": "rear"},
    ]
    assert [namespace_of(driver, context) for driver in drivers] == ["/front", "/rear"]


def parameters(node, context):
    """Of a node without a parameters file."""
    from launch_ros.utilities import evaluate_parameters

    return evaluate_parameters(context, node._Node__parameters)[0]


def namespace_of(node, context):
    """The namespace that a node is started in."""
    node._perform_substitutions(context)
    return node.expanded_node_namespace


@pytest.mark.ros_launch
def test_an_argument_out_of_range_stops_before_anything_starts(repository):
    module, context = tracker_context(repository, max_faces="1000")
    with pytest.raises(RuntimeError, match="parameter 'max_faces' must be 1 to 64, not 1000"):
        module.tracker(context)


@pytest.mark.ros_launch
def test_a_bag_is_played_with_its_clock_and_earlier_results_out_of_the_way(repository):
    module = loaded(repository, "replay")
    context = context_of(bag="drive", rate="0.5", loop="true", namespace="robot")
    command = module.play_command(context)
    assert command[:7] == ["ros2", "bag", "play", "drive", "--clock", "100", "--rate"]
    assert "--loop" in command
    assert "/robot/faces:=/recorded/robot/faces" in command


@pytest.mark.ros_launch
def test_a_bag_that_does_not_exist_is_named(repository, tmp_path):
    module = loaded(repository, "replay")
    context = context_of(bag=str(tmp_path / "typo"), record="", start_timeout_s="1.0", namespace="")
    with pytest.raises(RuntimeError, match=r"bag:=.*typo: there is no such bag"):
        module.bags(context)


@pytest.mark.ros_launch
@pytest.mark.parametrize("text", ["soon", "0", "-1", "inf", "nan"])
def test_a_time_limit_that_is_no_time_is_named(repository, text):
    module = loaded(repository, "replay")
    with pytest.raises(RuntimeError, match=f"start_timeout_s:={text} must be a number of seconds above 0"):
        module.seconds(context_of(start_timeout_s=text), "start_timeout_s")


@pytest.mark.ros_launch
def test_the_example_of_the_demo_says_how_to_get_it(repository):
    from ament_index_python.packages import get_packages_with_prefixes

    if "rednet_attention" in get_packages_with_prefixes():
        pytest.skip("rednet_attention is built here")
    with pytest.raises(RuntimeError, match="attention:=true needs the package rednet_attention: copy examples/"):
        loaded(repository, "demo").attention(context_of(attention="true"))
