"""A parameters file for another node: ROS itself takes it without a word."""

import subprocess
import sys

import pytest

from rednet_ros.nodes.parameters.unmatched_files import unmatched

ENTRIES = {
    "/**": True,
    "/**/rednet_tracker": True,
    "/front/rednet_tracker": True,
    "front/rednet_tracker": True,
    "/*/rednet_tracker": True,
    "/front/*": True,
    "/front/**": True,
    "rednet_tracker": False,
    "/rednet_tracker": False,
    "/*": False,
    "/rear/**": False,
    "/rear/rednet_tracker": False,
    "/front/other": False,
    "/front": False,
}
NODE = "/front/rednet_tracker"


@pytest.fixture
def make_file(tmp_path):
    def make(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return path

    return make


@pytest.mark.parametrize(("entry", "is_matched"), ENTRIES.items())
def test_a_file_without_an_entry_for_the_node_costs_a_line(make_file, entry, is_matched):
    path = make_file(f"{entry}:\n  ros__parameters:\n    max_faces: 3\n")
    lines = unmatched(["node", "--ros-args", "--params-file", str(path), "-p", "a:=1"], NODE)
    assert bool(lines) is not is_matched
    for line in lines:
        assert line.startswith(f"{path} sets no parameter of {NODE}: its entries are for /")


@pytest.mark.ros
@pytest.mark.parametrize(("entry", "is_matched"), ENTRIES.items())
def test_ros_matches_likewise(make_file, entry, is_matched):
    rclpy = pytest.importorskip("rclpy")
    path = make_file(f"{entry}:\n  ros__parameters:\n    max_faces: 3\n")
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "--params-file", str(path)], context=context)
    try:
        node = rclpy.create_node(
            "rednet_tracker",
            namespace="/front",
            context=context,
            allow_undeclared_parameters=True,
            automatically_declare_parameters_from_overrides=True,
        )
        assert node.has_parameter("max_faces") is is_matched
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("front:\n  rednet_tracker:\n    ros__parameters:\n      max_faces: 3\n", 0),
        ("other:\n  ros__parameters:\n    a: 3\n/**:\n  ros__parameters:\n    max_faces: 3\n", 0),
        ("", 1),
        ("other:\n  ros__parameters:\n    max_faces: 3\n", 1),
        ("\tno yaml", 0),
    ],
    ids=["nested", "second entry", "empty", "other", "broken"],
)
def test_levels_several_entries_and_none(make_file, text, count):
    assert len(unmatched(["--params-file", str(make_file(text)), "--params-file", "/gone.yaml"], NODE)) == count


@pytest.mark.ros
def test_the_node_says_it(make_file):
    pytest.importorskip("rclpy")
    path = make_file("other:\n  ros__parameters:\n    max_faces: 3\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "rednet_ros.nodes.tracker.tracker_node", "--ros-args", "--params-file", str(path)],
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = (line for line in process.stdout if "[WARN]" in line)
        assert f"{path} sets no parameter of /rednet_tracker: its entries are for /other" in next(lines, "")
    finally:
        process.terminate()
        process.wait(60)
