"""The painted people and the drawn faces, for every test of this folder."""

from drawn_faces import draw, make_faces, shape, steady, tiny  # noqa: F401
from painted_people import detector, engine, paint_fixture, person  # noqa: F401
