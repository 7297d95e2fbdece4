"""Faces made unrecognisable in images that people get to see; landmarks may still be drawn over them."""
