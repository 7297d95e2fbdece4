"""The painted people, for every test of this folder."""

from painted_people import detector, engine, paint_fixture, person  # noqa: F401
