"""Other libraries are optional: what is absent or cannot be used is reported with the reason."""

import sys
from types import SimpleNamespace

import pytest

from rednet_ros.evaluation.speed import peers
from rednet_ros.evaluation.speed.peers import PEERS, NotAvailableError, title


@pytest.mark.parametrize("name", PEERS)
def test_what_is_not_installed_says_so(monkeypatch, name):
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    with pytest.raises(NotAvailableError, match=f"{name} is not installed"):
        PEERS[name]()


def test_what_cannot_be_imported_says_why(monkeypatch):
    def fail(name):
        raise SystemError("built for another NumPy")

    monkeypatch.setattr(peers, "find_spec", lambda module: SimpleNamespace(submodule_search_locations=[]))
    monkeypatch.setattr(peers, "import_module", fail)
    with pytest.raises(NotAvailableError, match=r"mediapipe .*built for another NumPy"):
        PEERS["mediapipe"]()


def test_mediapipe_without_its_older_interface_is_not_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", SimpleNamespace(__spec__=object()))
    with pytest.raises(NotAvailableError, match="no model inside"):
        PEERS["mediapipe"]()


def test_a_title_names_the_release_where_there_is_one():
    assert title("numpy").startswith("numpy ")
    assert title("no such package") == "no such package"
