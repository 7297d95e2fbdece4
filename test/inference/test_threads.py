"""How many cores a batch gets."""

import os

import pytest

from rednet_ros.inference.threads import usual_threads


@pytest.mark.parametrize(("cores", "many"), [(1, 1), (2, 2), (3, 2), (4, 3), (6, 4), (32, 4)])
def test_few_faces_take_one_core_and_many_leave_one_where_there_are_more_than_two(monkeypatch, cores, many):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    threads = usual_threads()
    assert (threads.of(1), threads.of(2)) == (1, 1)
    assert {threads.of(faces) for faces in (3, 8, 100)} == {many}
