"""Latency through ROS topics, for the benchmark."""
