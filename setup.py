"""Installs the library and its commands without ROS: `pip install -e .`. In a ROS workspace CMakeLists.txt does it."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
MODELS = [str(path.relative_to(HERE)) for path in sorted((HERE / "models").glob("*")) if path.is_file()]


def requirements(name: str) -> list[str]:
    """The lines of a requirements file that are no comments."""
    lines = (HERE / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line[0] != "#"]


setup(
    name="rednet_ros",
    version="0.2.0",
    description="Face landmark tracking with RED-Net for ROS 2",
    license="Apache-2.0",
    packages=find_packages(include=["rednet_ros", "rednet_ros.*"]),
    package_data={"rednet_ros.evaluation": ["paper_tables.yaml", "speed/portrait.jpg"]},
    data_files=[("share/rednet_ros/models", MODELS)],
    python_requires=">=3.10",
    install_requires=requirements("runtime"),
    extras_require={
        **{name: requirements(name) for name in ("bags", "cluster", "fast", "gpu", "plots", "recognition", "render")},
        "train": requirements("gpu") + requirements("train"),
    },
    entry_points={
        # The same as in CMakeLists.txt; test/test_packaging.py compares them.
        "console_scripts": [
            "rednet-track = rednet_ros.start:rednet_track",
            "rednet-evaluate = rednet_ros.start:rednet_evaluate",
            "rednet-train = rednet_ros.start:rednet_train",
            "rednet-convert = rednet_ros.start:rednet_convert",
            "rednet-render = rednet_ros.start:rednet_render",
            "rednet-benchmark = rednet_ros.start:rednet_benchmark",
            "rednet-tracking-bench = rednet_ros.start:rednet_tracking_bench",
            "rednet-enroll = rednet_ros.start:rednet_enroll",
            "rednet-export = rednet_ros.start:rednet_export",
            "rednet-demo = rednet_ros.start:rednet_demo",
            "rednet-redact = rednet_ros.start:rednet_redact",
            "tracker_node = rednet_ros.start:tracker_node",
            "player_node = rednet_ros.start:player_node",
            "recorder_node = rednet_ros.start:recorder_node",
        ]
    },
)
