"""Runs RED-Net on a batch of faces."""

from rednet_ros.inference.export import exportable

__all__ = ["exportable"]
