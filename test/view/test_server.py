"""Where the page listens, and to whom."""

import socket

import pytest

from rednet_ros.errors import InputError

pytest.importorskip("viser", reason="viser is not installed: pip install viser")

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from rednet_ros.view.server import LocalServer, check_address, is_own_page


@pytest.fixture
def server():
    made = LocalServer("127.0.0.1", 0, "test")
    yield made
    made.stop()


def test_a_port_that_is_taken_is_refused_and_not_replaced_by_the_next(server):
    with pytest.raises(
        InputError, match=f"port {server.get_port()} of 127.0.0.1 cannot be used: Address already in use"
    ):
        LocalServer("127.0.0.1", server.get_port(), "test")


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("127.0.0.1", 65536, "ports are 0"),
        ("127.0.0.1", -1, "ports are 0"),
        ("192.0.2.1", 0, "cannot be used"),
        ("no.such.host.invalid", 8068, "no such address on this machine"),
        ("\0", 8068, "no such address|cannot be used"),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_named(host, port, reason):
    with pytest.raises(InputError, match=reason):
        check_address(host, port)


def test_it_listens_on_this_machine_only(server):
    port = server.get_port()
    assert server.address == f"http://127.0.0.1:{port}"
    with socket.create_connection(("127.0.0.1", port)):
        pass
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port), timeout=2):
        pass


def test_nothing_is_printed_at_start(capfd):
    made = LocalServer("127.0.0.1", 0, "test")
    made.stop()
    assert capfd.readouterr() == ("", "")


def _connect(server, **headers):
    import viser

    address = f"ws://127.0.0.1:{server.get_port()}"
    return connect(address, subprotocols=[f"viser-v{viser.__version__}"], max_size=None, **headers)


def test_a_page_from_elsewhere_gets_nothing(server):
    with _connect(server, origin="https://elsewhere.example") as connection, pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=10)
    assert closed.value.rcvd.code == 1008


def test_its_own_page_and_programs_are_served(server):
    for headers in ({"origin": server.address}, {}):
        with _connect(server, **headers) as connection:
            assert connection.recv(timeout=10)


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        (None, "127.0.0.1:8068", True),
        ("http://127.0.0.1:8068", "127.0.0.1:8068", True),
        ("http://localhost:9000", "localhost:9000", True),  # through ssh -L 9000:localhost:8068
        ("http://[::1]:8068", "[::1]:8068", True),
        ("http://192.168.1.5:8068", "192.168.1.5:8068", True),
        ("http://robot.lan:8068", "robot.lan:8068", True),
        ("http://elsewhere.example:8068", "elsewhere.example:8068", False),  # DNS rebinding
        ("http://127.0.0.1:3000", "127.0.0.1:8068", False),
        ("null", "127.0.0.1:8068", False),
    ],
)
def test_whose_page_is_served(origin, host, is_own):
    assert is_own_page(origin, host, "robot.lan") is is_own


def test_nobody_hands_it_on_to_the_outside(server):
    """A connected browser may ask viser's server to publish the page through a server of its makers."""
    import msgspec

    with _connect(server) as connection:
        connection.send(msgspec.msgpack.encode({"type": "ShareUrlRequest"}))
        connection.recv(timeout=10)
    assert server.request_share_url() is None
    assert server._share_tunnel is None
