"""The user who owns the other end of a loopback connection."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from safety import peer_owner
from safety.peer_owner import PeerGuard, owner_of, peer_of
from safety.refusals import DISCONNECTED

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the owner of a connection")
NOBODY = 65534
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1"), ("::", "::ffff:127.0.0.1")])
def connection(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """The client's socket and the server's: over IPv4, over IPv6, and from IPv4 to a server of both."""
    server_host, client_host = request.param
    family = socket.AF_INET6 if ":" in server_host else socket.AF_INET
    with socket.create_server((server_host, 0), family=family, dualstack_ipv6=server_host == "::") as listener:
        address = (client_host, listener.getsockname()[1])
        with closing(socket.create_connection(address)) as client, closing(listener.accept()[0]) as server:
            yield client, server


def test_the_owner_of_a_connection_is_its_user(connection: Pair) -> None:
    assert owner_of(*peer_of(connection[1])) == os.geteuid()
    assert peer_owner._looked_up(*peer_of(connection[1])) == os.geteuid()
    assert PeerGuard().refusal(*peer_of(connection[1])) is None


def test_another_user_is_refused_by_name(connection: Pair) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to open connections as another user")
    peer, own = peer_of(connection[1])
    os.fchown(connection[0].fileno(), NOBODY, NOBODY)
    assert owner_of(peer, own) == peer_owner._looked_up(peer, own) == NOBODY
    refusal = PeerGuard().refusal(peer, own)
    assert refusal is not None
    assert "not to nobody" in refusal


def test_a_client_that_has_disconnected_is_not_served_and_not_called_another_user(connection: Pair) -> None:
    client, server = connection
    peer, own = peer_of(server)
    client.close()
    assert owner_of(peer, own) is None
    assert peer_owner._looked_up(peer, own) is None
    assert PeerGuard().refusal(peer, own) == DISCONNECTED


def test_nobody_is_served_where_the_kernel_cannot_be_asked(
    connection: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peer_owner, "_asked", peer_owner._looked_up)
    monkeypatch.setattr(peer_owner, "TABLES", {4: tmp_path / "tcp", 6: tmp_path / "tcp6"})
    assert PeerGuard().refusal(*peer_of(connection[1])) == peer_owner.NO_WAY_TO_ASK


def test_a_peer_of_another_network_is_let_through() -> None:
    assert PeerGuard().refusal(("172.17.0.2", 40000), ("172.17.0.1", 4566)) is None


def test_systems_that_do_not_tell_the_owner_accept_every_connection() -> None:
    """SECURITY.md says so."""
    nobody_has_it = ("127.0.0.1", 1), ("127.0.0.1", 2)
    assert PeerGuard(system="linux").refusal(*nobody_has_it) is not None
    assert PeerGuard(system="darwin").refusal(*nobody_has_it) is None
