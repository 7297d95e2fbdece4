"""The generated C++ messages compile and hold what the .msg files say; the C++ example builds where rclcpp is."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros


def prefixes():
    return [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]


@pytest.fixture(scope="session")
def include_options():
    """-isystem of each package's include folder, as CMake would pass them."""
    folders = [folder for prefix in prefixes() for folder in sorted((prefix / "include").glob("*")) if folder.is_dir()]
    return [f"-isystem{folder}" for folder in folders if not folder.name.startswith("python")]


@pytest.fixture(scope="session")
def compiler():
    found = shutil.which("c++")
    if found is None:
        pytest.skip("no C++ compiler")
    return [found, "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def ran(command, **options):
    """Its output; fails with what it said where it did not succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_few_lines_of_cpp_fill_and_read_the_messages(repository, tmp_path, compiler, include_options):
    program = tmp_path / "use_messages"
    source = repository / "test" / "cpp" / "use_messages.cpp"
    example = repository / "examples" / "rednet_cpp_example" / "include"
    ran([*compiler, f"-I{example}", *include_options, str(source), "-o", str(program)])
    assert ran([str(program)]).split() == ["1", "f3", "6", "42", "0", "68"]


def test_the_header_has_every_field_of_the_messages(repository):
    folders = [prefix / "include" / "rednet_ros" / "rednet_ros" / "msg" / "detail" for prefix in prefixes()]
    text = next(folder for folder in folders if folder.is_dir()).joinpath("face__struct.hpp").read_text()
    for line in (repository / "msg" / "Face.msg").read_text().splitlines():
        found = re.match(r"[\w/\[\]]+\s+(\w+)", line)
        if found and not line.startswith("#"):
            assert re.search(rf"\b{found[1]}\b", text), line


@pytest.mark.slow
def test_the_example_links_the_messages(repository, tmp_path):
    """As CMake configures it, with an empty rclcpp: ament_target_dependencies is gone in Lyrical."""
    (tmp_path / "rclcppConfig.cmake").write_text("add_library(rclcpp::rclcpp INTERFACE IMPORTED)\n")
    source = repository / "examples" / "rednet_cpp_example"
    found = ";".join(map(str, prefixes()))
    options = [f"-Drclcpp_DIR={tmp_path}", f"-DCMAKE_PREFIX_PATH={found}", f"-DPython3_EXECUTABLE={sys.executable}"]
    ran(["cmake", "-G", "Unix Makefiles", "-S", str(source), "-B", str(tmp_path / "build"), *options])
    target = tmp_path / "build" / "CMakeFiles" / "faces_subscriber.dir"
    assert "librednet_ros__rosidl_typesupport_cpp.so" in (target / "link.txt").read_text()
    assert "/include/rednet_ros" in (target / "flags.make").read_text()
    assert "ament_target_dependencies" not in (source / "CMakeLists.txt").read_text()


@pytest.mark.slow
def test_the_example_builds(repository, tmp_path):
    if not any((prefix / "share" / "rclcpp" / "package.xml").is_file() for prefix in prefixes()):
        pytest.skip("rclcpp not installed: it comes with a ROS 2 installation, not from PyPI")
    source = repository / "examples" / "rednet_cpp_example"
    ran(["cmake", "-S", str(source), "-B", str(tmp_path)])
    ran(["cmake", "--build", str(tmp_path)])
    assert (tmp_path / "faces_subscriber").is_file()
