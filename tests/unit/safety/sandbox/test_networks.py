"""Networks of sandboxes: no way out, a relay to a port inside, two processes in one network."""

from __future__ import annotations

import os
import socket

import pytest
from tests.unit.safety.sandbox.host import DEADLINE_S, Host
from tests.waiting import until

from safety.sandbox import Network, Sandbox

CONNECT = "python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' {} {} 2>&1"
SERVE = """python3 -c '
import socket
with socket.create_server(("127.0.0.1", 8080)) as listener:
    print("on", flush=True)
    connection, _ = listener.accept()
    data = b""
    while block := connection.recv(65536): data += block
    connection.sendall(data[::-1]); connection.close()
'"""


def network_of(sandbox: Sandbox) -> Network:
    if sandbox.availability.network:
        pytest.skip(sandbox.availability.network)
    return sandbox.new_network()


def test_a_separate_network_has_no_way_out(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert host.run(CONNECT.format("127.0.0.1", port))[0] == 0
        network = network_of(host.sandbox)
        assert "refused" in host.run(CONNECT.format("127.0.0.1", port), network=network)[1]
        assert "unreachable" in host.run(CONNECT.format("192.0.2.1", 80), network=network)[1]


def test_a_relay_reaches_a_port_inside(host: Host) -> None:
    network = network_of(host.sandbox)
    process = host.start(SERVE, network=network)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = host.sandbox.relay(listener, network, 8080)
        until(lambda: host.output.read_text() == "on\n", "the server to listen")
        body = os.urandom(1 << 20)
        with socket.create_connection(listener.getsockname(), DEADLINE_S) as client:
            client.sendall(body)
            client.shutdown(socket.SHUT_WR)
            assert client.makefile("rb").read() == body[::-1]
        relay.close()
    assert process.wait(DEADLINE_S) == 0


def test_two_processes_can_share_a_network(host: Host) -> None:
    network = network_of(host.sandbox)
    server = host.start(SERVE, network=network)
    until(lambda: host.output.read_text() == "on\n", "the server to listen")
    assert host.run(CONNECT.format("127.0.0.1", 8080), network=network)[0] == 0
    assert server.wait(DEADLINE_S) == 0
