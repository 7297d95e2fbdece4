"""The demo where it cannot run."""

from rednet_ros.nodes import demo, fastdds


def test_a_machine_without_ros_is_told_what_to_do(monkeypatch, caplog):
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == "rclpy" else object())
    assert demo.main([]) == 1
    assert "rclpy not found: source a ROS 2 workspace with this package, or run `make demo`" in caplog.text


def test_images_go_reliably_where_shared_memory_is_small(monkeypatch):
    monkeypatch.setenv(fastdds.PROFILE_VARIABLE, "/somewhere/fastdds_large_images.xml")
    monkeypatch.setattr(fastdds, "free_shared_memory_bytes", lambda: 0)
    environment, reliability = demo._middleware()
    assert reliability == "reliable"
    assert fastdds.PROFILE_VARIABLE not in environment
