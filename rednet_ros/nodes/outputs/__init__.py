"""What the tracker's node publishes."""
