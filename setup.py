"""Installs the library and its commands without ROS: `pip install -e .`. In a ROS workspace CMakeLists.txt does it."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

LEFT_OUT = ("rednet-base*.safetensors", "rednet-lite.safetensors", "rednet-lite.int8.*", "face-id.onnx", "face-id.json")
"""Of models/, so that a wheel stays under 20 MB: rednet-base; what only a GPU, or the last bit of speed, takes of the
weights that are not the default; and the recogniser, where dlib can be installed. Every card is in: a command that
lacks the weights of one says where they are."""
MODELS = [
    str(path.relative_to(HERE))
    for path in sorted((HERE / "models").glob("*"))
    if path.is_file() and not any(path.match(pattern) for pattern in LEFT_OUT)
]
EXTRAS = ("bags", "cluster", "fast", "gpu", "int8", "plots", "recognition", "render", "view")


def requirements(name: str) -> list[str]:
    """The lines of a requirements file that are no comments."""
    lines = (HERE / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#"]


def package_page() -> str:
    """README.md for a package index, which has no files of the repository: without links to them or pictures."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"^!\[[^\]]*\]\((?!https?:)[^)]*\)\n\n(\*[^*]+\*\n\n)?", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", text)


setup(
    name="rednet_ros",
    version="0.2.0",
    description="Face landmark tracking with RED-Net, for ROS 2 and without it",
    long_description=package_page(),
    long_description_content_type="text/markdown",
    author="rednet_ros authors",
    # As in package.xml: the code and rednet-lite-clean; the face detector; rednet-lite.
    license_expression="Apache-2.0 AND MIT AND LicenseRef-research-use-only",
    license_files=["LICENSE", "models/centerface.md", "models/rednet-lite.md"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 15)),
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
    packages=find_packages(include=["rednet_ros", "rednet_ros.*"]),
    package_data={"rednet_ros.evaluation": ["paper_tables.yaml", "speed/portrait.jpg"]},
    data_files=[("share/rednet_ros/models", MODELS)],
    python_requires=">=3.10",
    install_requires=requirements("runtime"),
    extras_require={
        **{name: requirements(name) for name in EXTRAS if (HERE / "requirements" / f"{name}.txt").is_file()},
        "train": requirements("gpu") + requirements("train"),
    },
    entry_points={
        # The same as in CMakeLists.txt; test/test_packaging.py compares them.
        "console_scripts": [
            "rednet-track = rednet_ros.start:rednet_track",
            "rednet-view = rednet_ros.start:rednet_view",
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
            "view_node = rednet_ros.start:view_node",
        ]
    },
)
