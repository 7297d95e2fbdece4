"""The tracker's node: images in, frames through the library, health."""
