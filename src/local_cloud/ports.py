"""Ports: whether one is free, which process listens on it, whether a server answers there."""

import errno
import http.client
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from local_cloud.errors import PortInUseError
from local_cloud.processes import LABEL, describe
from local_cloud.servers import Server

HEALTH_BYTES = 65_536
HEALTH_TIMEOUT_S = 10.0  # on a busy machine an answer takes seconds


def is_free(port: int) -> bool:
    """Return whether a server could listen on the loopback port."""
    with socket.socket() as probe:
        # as servers do: connections in TIME_WAIT do not make the port unusable
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def require_free(servers: Sequence[Server]) -> None:
    """Raise PortInUseError, which names every taken port and the process that has it."""
    taken = [server for server in servers if not is_free(server.port)]
    if not taken:
        return
    lines = [
        f"port {server.port}, which {server.name} needs, is in use by {_describe_listener(server.port)}"
        for server in taken
    ]
    others = " ".join(f"{server.port_variable}={free_port()}" for server in taken)
    ports = "another port" if len(taken) == 1 else "other ports"
    raise PortInUseError(
        "\n".join(lines) + "\n"
        f"Stop that, or use {ports} from now on: export {others}; scones up\n"
        "(A local cloud in containers is used once both of its servers answer: make compose-up)"
    )


def free_port() -> int:
    """Return a loopback port that no process uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _describe_listener(port: int) -> str:
    listener = listener_of(port)
    if listener is None:
        return f"a process that this user may not see (as root: {lookup_command(port)})"
    description = f"pid {listener.pid}: {describe(listener)}"
    state_dir = _label(listener)
    return f"{description} (the local cloud of {state_dir}: scones down there ends it)" if state_dir else description


def belongs_to_another_local_cloud(port: int) -> bool:
    """Return whether a process with our label listens there.

    A process that this user may not see counts as none: the ports of containers are root's.
    """
    listener = listener_of(port)
    return listener is not None and _label(listener) is not None


def listens(process: psutil.Process, port: int) -> bool:
    """Return whether the process, or one with the same label, listens on the port; True if this user may not see it."""
    listener = listener_of(port)
    return listener is None or listener == process or _label(listener) == _label(process)


def _label(process: psutil.Process) -> str | None:
    try:
        label: str | None = process.environ().get(LABEL)
    except psutil.Error:
        return None
    return label


def lookup_command(port: int, system: str = sys.platform) -> str:
    """Return the command that shows who listens on a port. `system` is named as in `sys.platform`."""
    return f"ss -ltnp 'sport = :{port}'" if system == "linux" else f"lsof -nP -iTCP:{port} -sTCP:LISTEN"


def listener_of(
    port: int, connections: Callable[[str], Sequence[Any]] = psutil.net_connections
) -> psutil.Process | None:
    """Return the process that listens on the port, or None if this user may not see it."""
    try:
        pid = next((one.pid for one in connections("tcp") if one.pid and _listens(one, port)), None)
    except psutil.AccessDenied:  # macOS shows all connections only to root
        return next((process for process in psutil.process_iter() if _has_listener(process, port)), None)
    return _process(pid) if pid else None


def _has_listener(process: psutil.Process, port: int) -> bool:
    try:
        return any(_listens(one, port) for one in process.net_connections("tcp"))
    except psutil.Error:  # it has ended, or belongs to somebody else
        return False


def _listens(connection: Any, port: int) -> bool:
    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == port)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def is_healthy(server: Server, timeout_s: float = HEALTH_TIMEOUT_S) -> bool:
    """Return whether the server answers its health path with 200."""
    return health(server, timeout_s) is not None


def health(server: Server, timeout_s: float = HEALTH_TIMEOUT_S) -> bytes | None:
    """Return the body of its health path, or None unless it answers 200. A proxy of the environment is not asked."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout_s)
    try:
        connection.request("GET", server.health_path)
        answer = connection.getresponse()
        return answer.read(HEALTH_BYTES) if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
