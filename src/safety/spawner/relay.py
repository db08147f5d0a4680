"""The relay through which a server outside reaches a port in a network namespace."""

from __future__ import annotations

import select
import signal
import socket
import threading
from contextlib import suppress

from safety.spawner.system_calls import CLONE_NEWNET, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl, setns

LOOPBACK = "127.0.0.1"
BLOCK_BYTES = 1 << 16
CONNECT_TIMEOUT_S = 5.0


def relay(line: socket.socket, listener: socket.socket, network: int, port: int) -> None:
    """Pass connections of `listener`, which is outside, on to the port inside, until `line` ends.

    It must not be inspected (`dumpable`) by the programs inside, which run as the same user.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(PR_SET_DUMPABLE, 0)
    setns(network, CLONE_NEWNET)
    listener.setblocking(False)
    while True:
        ready, _, _ = select.select([line, listener], [], [])
        if line in ready:
            return
        with suppress(OSError):  # the client gave up
            client, _ = listener.accept()
            client.setblocking(True)
            threading.Thread(target=_connect, args=(client, port), daemon=True).start()


def _connect(client: socket.socket, port: int) -> None:
    with client:
        try:
            server = socket.create_connection((LOOPBACK, port), CONNECT_TIMEOUT_S)
        except OSError:
            return
        with server:
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = threading.Thread(target=_pump, args=(server, client), daemon=True)
            answers.start()
            _pump(client, server)
            answers.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source ends, then tell the target. An error ends both directions."""
    try:
        while block := source.recv(BLOCK_BYTES):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
