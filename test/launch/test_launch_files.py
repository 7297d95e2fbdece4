"""The launch files: valid Python everywhere, and complete where launch is installed."""

import ast
import importlib.util

import pytest
import yaml

NAMES = ("tracker", "demo")
DOCUMENTED_ARGUMENTS = {
    "tracker": {"image", "camera", "weights", "device", "params_file", "namespace", "autostart", "rviz", "log_level"},
    "demo": {"input", "output", "weights", "device", "rviz"},
}


def source(repository, name):
    return repository / "launch" / f"{name}.launch.py"


@pytest.mark.parametrize("name", NAMES)
def test_a_launch_file_is_valid_and_shows_how_it_is_called(repository, name):
    module = ast.parse(source(repository, name).read_text())
    assert f"ros2 launch rednet_ros {name}.launch.py" in ast.get_docstring(module)
    assert "generate_launch_description" in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_rviz_shows_the_topics_that_the_node_publishes(repository):
    content = yaml.safe_load((repository / "config" / "rednet.rviz").read_text())
    displays = content["Visualization Manager"]["Displays"]
    topics = {display["Class"].split("/")[1]: display["Topic"]["Value"] for display in displays if "Topic" in display}
    assert topics == {"Image": "overlay", "MarkerArray": "markers"}


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
@pytest.mark.parametrize(
    ("function", "argument", "package"),
    [("camera_driver", "camera:=usb_cam", "usb_cam"), ("rviz", "rviz:=true", "rviz2")],
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
