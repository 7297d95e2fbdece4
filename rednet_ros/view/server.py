"""viser's server, kept to itself: one port that is free or refused, no other web site, nothing sent to the outside."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

import rich
import viser

from rednet_ros.errors import InputError

_FOREIGN_PAGE = 1008  # the WebSocket protocol's code of a violated policy


class LocalServer(viser.ViserServer):
    """Serves the page on one address. Raises InputError where nothing can listen there.

    What viser does beyond that is off: looking for the next free port, handing the view on through a server of its
    makers, and serving it to whatever web site asks. A page from elsewhere, open in the same browser, could read this
    one's images otherwise, for a browser lets every site open WebSockets to this machine.
    """

    def __init__(self, host: str, port: int, label: str) -> None:
        check_address(host, port)
        rich.get_console().quiet = True  # viser's own remarks; nobody else here uses it
        self._own_host = host
        super().__init__(host=host, port=port, label=label, verbose=False)
        self._websock_server.on_client_connect(self._refuse_foreign_page)
        if port and self.get_port() != port:  # taken in between
            self.stop()
            raise InputError(_refusal(host, port, "Address already in use"))

    @property
    def address(self) -> str:
        """What to open in a browser on this machine."""
        everywhere = self._own_host in ("", "0.0.0.0", "::")
        host = "localhost" if everywhere else self._own_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.get_port()}"

    def request_share_url(self, verbose: bool = True) -> str | None:
        """Never: any browser that is connected can ask for it."""
        return None

    async def _refuse_foreign_page(self, client: viser.infra.WebsockClientConnection) -> None:
        connection = self._websock_server._live_connections.get(client.client_id)
        if connection is None or connection.request is None:
            return
        headers = connection.request.headers
        if not is_own_page(headers.get("Origin"), headers.get("Host", ""), self._own_host):
            await connection.close(_FOREIGN_PAGE, "this page is not the view's own")


def check_address(host: str, port: int) -> None:
    """Raises InputError, with the reason, where no server can listen. Port 0 stands for any free one."""
    if not 0 <= port <= 65535:
        raise InputError(f"port {port}: ports are 0 (any free one) to 65535")
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InputError(f"host {host!r}: no such address on this machine: {error}") from error
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise InputError(_refusal(host, port, error.strerror or str(error))) from error


def is_own_page(origin: str | None, asked_host: str, own_host: str) -> bool:
    """Whether a request comes from the page that this server sent, or from no page at all (a program of the user's).

    `origin`, `asked_host`: the request's headers Origin and Host. They agree on our own page; and the name in them is
    an address or this machine's: under a name of their own, others can lead a browser here (DNS rebinding).
    """
    if origin is None:
        return True
    if urlsplit(origin).netloc.lower() != asked_host.lower():
        return False
    name = urlsplit(f"//{asked_host}").hostname or ""
    machine = socket.gethostname().lower()
    return name in ("localhost", machine, f"{machine}.local", own_host.lower()) or _is_ip(name)


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refusal(host: str, port: int, reason: str) -> str:
    return (
        f"port {port} of {host or 'this machine'} cannot be used: {reason}. Choose another one, or 0 for any free one"
    )
