"""Other libraries are optional: absent ones are told, present ones are run as they are used."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rednet_ros.evaluation.speed import peers
from rednet_ros.evaluation.speed.peers import PEERS, NotAvailable, measure_peer
from rednet_ros.evaluation.speed.scenes import Scene

SCENE = Scene(tuple(np.full((3, 48, 64, 3), 100, np.uint8)), 1)


@pytest.mark.parametrize(("name", "package"), [("MediaPipe FaceMesh", "mediapipe"), ("dlib, 68 points", "dlib")])
def test_what_is_not_installed_says_so(monkeypatch, name, package):
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    with pytest.raises(NotAvailable, match=f"{package} is not installed"):
        measure_peer(name, SCENE, 0.01)


def test_what_cannot_be_imported_says_why(monkeypatch):
    def fail(name):
        raise SystemError("built for another NumPy")

    monkeypatch.setattr(peers, "find_spec", lambda module: SimpleNamespace(submodule_search_locations=[]))
    monkeypatch.setattr(peers, "import_module", fail)
    with pytest.raises(NotAvailable, match="mediapipe .*built for another NumPy"):
        measure_peer("MediaPipe FaceMesh", SCENE, 0.01)


def test_frames_with_a_face_are_counted(monkeypatch):
    seen = []

    def find(image, time_s):
        seen.append(time_s)
        return len(seen) % 2 == 0

    monkeypatch.setitem(PEERS, "every other", lambda stack: (find, "3.1"))
    row = measure_peer("every other", SCENE, 0.01)
    assert (row.name, row.version) == ("every other", "3.1")
    assert abs(row.found - row.frames / 2) <= 1
    assert seen == sorted(set(seen))


def test_mediapipe_without_its_older_interface_is_not_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", SimpleNamespace(__spec__=object()))
    with pytest.raises(NotAvailable, match="no model inside"):
        measure_peer("MediaPipe FaceMesh", SCENE, 0.01)
