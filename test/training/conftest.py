"""The drawn faces, for every test of this folder."""

from drawn_faces import draw, make_faces, shape, steady, tiny  # noqa: F401
