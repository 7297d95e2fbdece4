"""Installs the library and its commands without ROS: `pip install -e .`. In a ROS workspace CMakeLists.txt does it."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
MODELS = [str(path.relative_to(HERE)) for path in sorted((HERE / "models").glob("*")) if path.is_file()]
REQUIREMENTS = [
    line for line in (HERE / "requirements/runtime.txt").read_text(encoding="utf-8").splitlines() if line[0] != "#"
]

setup(
    name="rednet_ros",
    version="0.1.0",
    description="Face landmark tracking with RED-Net for ROS 2",
    license="Apache-2.0",
    packages=find_packages(include=["rednet_ros", "rednet_ros.*"]),
    data_files=[("share/rednet_ros/models", MODELS)],
    python_requires=">=3.10",
    install_requires=REQUIREMENTS,
    entry_points={
        # The same as in CMakeLists.txt; test/test_packaging.py compares them.
        "console_scripts": [
            "rednet-track = rednet_ros.cli.track:main",
            "rednet-evaluate = rednet_ros.cli.evaluate:main",
            "rednet-train = rednet_ros.cli.train:main",
            "rednet-convert = rednet_ros.cli.convert:main",
            "rednet-demo = rednet_ros.nodes.demo:main",
            "tracker_node = rednet_ros.nodes.tracker_node:main",
            "player_node = rednet_ros.nodes.player_node:main",
            "recorder_node = rednet_ros.nodes.recorder_node:main",
        ]
    },
)
