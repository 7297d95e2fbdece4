"""What can be checked of the container files without Docker."""

import json
import re
from pathlib import Path

import yaml

BUILD_TOOLS = ("build-essential", "colcon", "rosdep", "g++", "cmake", "git")


def stages(repository: Path) -> list[list[str]]:
    """The Dockerfile's instructions, of each stage by itself."""
    text = (repository / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def test_the_image_that_runs_has_no_build_tools(repository: Path) -> None:
    *_, last = stages(repository)
    assert last[0] == "FROM ros:jazzy-ros-core"  # the other images of ROS have compiler and colcon
    assert [line for line in last[1:] if any(tool in line for tool in BUILD_TOOLS)] == []


def test_what_a_stage_copies_was_made_before(repository: Path) -> None:
    earlier, last = stages(repository)
    name = earlier[0].split(" AS ")[1]
    copied = [re.fullmatch(rf"COPY --from={name} (\S+) (\S+)", line) for line in last if line.startswith("COPY")]
    assert copied
    assert all(match and match[1] in " ".join(earlier) for match in copied)


def test_both_services_of_compose_share_the_hosts_memory_and_network(repository: Path) -> None:
    services = yaml.safe_load((repository / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {(name, service["ipc"], service["network_mode"]) for name, service in services.items()} == {
        ("camera", "host", "host"),
        ("tracker", "host", "host"),
    }
    assert "/dev/video0:/dev/video0" in services["camera"]["devices"]


def test_the_dev_container_can_be_read(repository: Path) -> None:
    text = (repository / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    described = json.loads("\n".join(line for line in text.splitlines() if not line.startswith("//")))
    assert described["image"].startswith("ros:jazzy")
