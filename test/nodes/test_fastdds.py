"""The Fast DDS profile and when it is used."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from rednet_ros.nodes import fastdds
from rednet_ros.nodes.fastdds import (
    PROFILE_NAME,
    PROFILE_VARIABLE,
    SEGMENT_BYTES,
    image_environment,
    large_image_profile,
)


@pytest.fixture(autouse=True)
def roomy(monkeypatch):
    monkeypatch.setattr(fastdds, "free_shared_memory_bytes", lambda: 2**30)


def test_the_shipped_profile_makes_a_large_segment_the_default(repository):
    root = ElementTree.parse(repository / "config" / PROFILE_NAME).getroot()
    namespace = {"dds": root.tag[1:].split("}")[0]}
    participant = root.find(".//dds:participant", namespace)
    transports = {entry.text for entry in participant.findall(".//dds:transport_id", namespace)}
    declared = {
        entry.find("dds:transport_id", namespace).text: entry
        for entry in root.findall(".//dds:transport_descriptor", namespace)
    }
    assert participant.get("is_default_profile") == "true"
    assert transports == set(declared)
    assert {entry.find("dds:type", namespace).text for entry in declared.values()} == {"SHM", "UDPv4"}
    segment = declared["large_shared_memory"].find("dds:segment_size", namespace)
    assert int(segment.text) == SEGMENT_BYTES


def test_it_is_used_where_nothing_speaks_against_it():
    assert large_image_profile(3, {}).name == PROFILE_NAME


def test_the_users_own_profile_stays():
    assert large_image_profile(3, {PROFILE_VARIABLE: "/etc/own.xml"}) == Path("/etc/own.xml")


def test_another_middleware_has_no_use_for_it():
    assert large_image_profile(3, {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}) is None


@pytest.mark.parametrize("environment", [{}, {PROFILE_VARIABLE: f"/anywhere/{PROFILE_NAME}"}])
def test_a_container_with_little_shared_memory_does_without(monkeypatch, environment):
    monkeypatch.setattr(fastdds, "free_shared_memory_bytes", lambda: 64 * 2**20)
    assert large_image_profile(3, environment) is None


def test_processes_get_the_profile_and_stay_on_this_machine():
    environment, reliability = image_environment(2, {"HOME": "/root"})
    assert Path(environment[PROFILE_VARIABLE]).name == PROFILE_NAME
    assert environment["HOME"] == "/root"
    assert (environment["ROS_AUTOMATIC_DISCOVERY_RANGE"], reliability) == ("LOCALHOST", "best_effort")


def test_without_room_images_go_reliably_and_no_profile_is_named(monkeypatch):
    monkeypatch.setattr(fastdds, "free_shared_memory_bytes", lambda: 0)
    given = {PROFILE_VARIABLE: f"/anywhere/{PROFILE_NAME}", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
    assert image_environment(2, given) == ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, "reliable")


def test_a_machine_without_shared_memory_has_none_free(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(fastdds, "SHARED_MEMORY", tmp_path / "absent")
    assert fastdds.free_shared_memory_bytes() == 0
