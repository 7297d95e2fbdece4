"""The nodes' parameters."""
