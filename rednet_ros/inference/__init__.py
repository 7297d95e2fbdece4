"""Runs RED-Net on a batch of faces."""
