"""The descriptions of the package agree with each other and with the code."""

import ast
import re
import runpy
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml

import rednet_ros
from rednet_ros import start
from rednet_ros.resources import DEFAULT_WEIGHTS

ROS_PACKAGES = re.compile(
    r"^(rclpy|launch|launch_ros|ament_index_python|cv_bridge|sensor_msgs_py|tf2_ros|\w+_msgs|\w+_srvs|\w+_interfaces)$"
)
OPTIONAL = {"dlib", "hri_msgs", "mediapipe", "skimage", "tensorrt", "torch_tensorrt"}
"""Used where they are installed, neither required nor an extra."""
NOT_IMPORTED = {"rosidl_default_runtime"}
"""What the built messages need; and what the node and the benchmark are about to use."""
DISTRIBUTIONS = {"cv2": "opencv-python-headless", "yaml": "PyYAML"}
ROS_NAMES = {
    "cv2": "python3-opencv",
    "numpy": "python3-numpy",
    "yaml": "python3-yaml",
    "tqdm": "python3-tqdm",
    "tf2_ros": "tf2_ros_py",
}
"""What package.xml calls a module whose package has another name."""


@pytest.fixture
def setup_arguments(repository: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py hands to setuptools."""
    arguments: dict[str, Any] = {}
    monkeypatch.setattr("setuptools.setup", arguments.update)
    monkeypatch.chdir(repository)
    runpy.run_path(str(repository / "setup.py"))
    return arguments


@pytest.fixture
def extras(setup_arguments: dict[str, Any]) -> set[str]:
    """Names of the packages that only some features need, of all extras together."""
    return {distribution(line) for lines in setup_arguments["extras_require"].values() for line in lines}


@pytest.fixture
def declared(repository: Path) -> set[str]:
    """Names of the packages that package.xml declares for running."""
    root = ElementTree.parse(repository / "package.xml").getroot()
    return {element.text or "" for tag in ("depend", "exec_depend") for element in root.iter(tag)}


def distribution(requirement: str) -> str:
    return re.split(r"[<>=]", requirement, maxsplit=1)[0]


def imported_names(folder: Path) -> set[str]:
    """Top-level names that the modules below `folder` import, by a statement or by `importlib.import_module` of a
    literal, the standard library and this package left out."""
    names: set[str] = set()
    for file in folder.glob("**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("import_module", "importlib.import_module"):
                names |= {str(word.value).split(".")[0] for word in node.args if isinstance(word, ast.Constant)}
    return names - set(sys.stdlib_module_names) - {"rednet_ros", "__future__"}


def test_setup_py_and_cmake_install_the_same_commands(repository: Path, setup_arguments: dict[str, Any]) -> None:
    cmake = (repository / "CMakeLists.txt").read_text(encoding="utf-8")
    of_cmake = set(re.findall(r'"([\w-]+=[\w.]+:\w+)"', cmake))
    of_setup = {entry.replace(" ", "") for entry in setup_arguments["entry_points"]["console_scripts"]}
    assert of_cmake == of_setup


def test_the_commands_template_is_executable(repository: Path) -> None:
    """Otherwise `ros2 run` and launch find no executable in a workspace built with --symlink-install."""
    assert (repository / "cmake" / "console_script.in").stat().st_mode & 0o111 == 0o111


def test_processes_that_a_command_spawns_do_not_run_it_again(repository: Path) -> None:
    """They import its script under another name than `__main__`."""
    tree = ast.parse((repository / "cmake" / "console_script.in").read_text().replace("@", "_"))
    assert all(isinstance(node, (ast.Import, ast.ImportFrom, ast.If)) for node in tree.body)


def test_every_command_starts_its_own_module(repository: Path, setup_arguments: dict[str, Any]) -> None:
    """All pass through `start`, which handles early signals; none opens another one's door."""
    for entry in setup_arguments["entry_points"]["console_scripts"]:
        command, module, function = re.split(r"\s*=\s*|:", entry)
        assert (module, function) == ("rednet_ros.start", command.replace("-", "_"))
        (started,) = getattr(start, function).args
        assert started.endswith("." + function.removeprefix("rednet_"))
        source = (repository / f"{started.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert "main" in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def test_versions_agree(repository: Path, setup_arguments: dict[str, Any]) -> None:
    root = ElementTree.parse(repository / "package.xml").getroot()
    assert root.findtext("version") == setup_arguments["version"] == rednet_ros.__version__


def test_setup_py_ships_every_module_and_card(repository: Path, setup_arguments: dict[str, Any]) -> None:
    folders = {str(file.parent.relative_to(repository)) for file in (repository / "rednet_ros").glob("**/*.py")}
    assert {name.replace(".", "/") for name in setup_arguments["packages"]} == folders
    ((folder, files),) = setup_arguments["data_files"]
    assert folder == "share/rednet_ros/models"
    assert set(files) >= {f"models/{file.name}" for file in (repository / "models").glob("*.md")}
    assert set(files) >= {f"models/{DEFAULT_WEIGHTS}.{kind}" for kind in ("onnx", "json", "safetensors")}
    assert set(files) <= {f"models/{file.name}" for file in (repository / "models").iterdir()}


def test_what_the_code_imports_is_declared_for_pip(
    repository: Path, setup_arguments: dict[str, Any], extras: set[str]
) -> None:
    required = {distribution(line) for line in setup_arguments["install_requires"]}
    imported = {name for name in imported_names(repository / "rednet_ros") if not ROS_PACKAGES.match(name)}
    missing = {DISTRIBUTIONS.get(name, name) for name in imported - OPTIONAL} - required - extras
    assert not missing, "add to requirements/runtime.txt, or to the file of an extra"


def test_a_cpu_needs_no_torch(setup_arguments: dict[str, Any]) -> None:
    required = {distribution(line) for line in setup_arguments["install_requires"]}
    assert not required & {"torch", "safetensors", "onnx", "openvino"}
    for extra in ("gpu", "train"):
        assert {"torch>=2.4", "safetensors>=0.4"} <= set(setup_arguments["extras_require"][extra])


@pytest.mark.parametrize("folder", ["rednet_ros", "launch"])
def test_what_the_code_imports_is_declared_for_ros(
    repository: Path, declared: set[str], extras: set[str], folder: str
) -> None:
    imported = imported_names(repository / folder) - OPTIONAL - extras
    missing = {ROS_NAMES.get(name, name) for name in imported} - declared
    assert not missing, "add to package.xml"


def test_what_is_declared_for_ros_is_imported(repository: Path, declared: set[str]) -> None:
    imported = imported_names(repository / "rednet_ros") | imported_names(repository / "launch")
    unused = declared - {ROS_NAMES.get(name, name) for name in imported} - NOT_IMPORTED
    assert not unused, "remove from package.xml, or import it"


def test_every_message_is_built(repository: Path) -> None:
    cmake = (repository / "CMakeLists.txt").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\s*((?:msg|srv)/\w+\.(?:msg|srv))", cmake, flags=re.MULTILINE))
    assert listed == {f"{folder}/{file.name}" for folder in ("msg", "srv") for file in (repository / folder).iterdir()}


def test_every_package_folder_has_an_init(repository: Path) -> None:
    folders = {file.parent for file in (repository / "rednet_ros").glob("**/*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_a_commit_is_checked_as_make_lint_checks(repository: Path) -> None:
    """Both run the tools of the environment, so that their versions are those of requirements/checks.txt."""
    run = "scripts/run_in_environment.py "
    (hooks,) = (repo["hooks"] for repo in yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())["repos"])
    of_hooks = [hook["entry"].partition(run)[2].removesuffix(" --force-exclude") for hook in hooks]
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^lint: setup\n((?:\t.+\n)+)", makefile, flags=re.MULTILINE)
    assert recipe
    lines = [line.replace("--check ", "").removesuffix(" .") for line in recipe[1].splitlines()]
    assert [f"\t$(in_environment) {command}" for command in of_hooks] == lines
    pinned = (repository / "requirements" / "checks.txt").read_text(encoding="utf-8")
    assert re.search(r"^ruff==", pinned, flags=re.MULTILINE)
    assert re.search(r"^mypy==", pinned, flags=re.MULTILINE)
