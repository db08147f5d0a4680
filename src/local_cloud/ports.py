"""Who has a port."""

import errno
import http.client
import socket

import psutil

from local_cloud.errors import PortInUseError
from local_cloud.processes import LABEL, describe
from local_cloud.servers import Server

HEALTH_BYTES = 65_536


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # as every server does: a connection that lingers in TIME_WAIT is no reason to refuse
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def require_free(server: Server) -> None:
    if is_free(server.port):
        return
    raise PortInUseError(
        f"port {server.port}, which {server.name} needs, is in use by {_who(server.port)}\n"
        f"Stop that, or choose another port for all that follows: export {server.port_variable}={free_port()}; make up"
        "\n(A local cloud in containers is used once it is whole and ready: docker compose up -d --wait)"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _who(port: int) -> str:
    holder = _holder(port)
    if holder is None:
        return f"a process that this user may not see (as root: ss -ltnp 'sport = :{port}')"
    who = f"pid {holder.pid}: {describe(holder)}"
    other = _label(holder)
    return f"{who} (the local cloud of {other}: make down there ends it)" if other else who


def is_anothers(port: int) -> bool:
    """Whether a process of some local cloud has it. What cannot be seen is none: containers' ports are root's."""
    holder = _holder(port)
    return holder is not None and _label(holder) is not None


def _label(process: psutil.Process) -> str | None:
    try:
        label: str | None = process.environ().get(LABEL)
    except psutil.Error:
        return None
    return label


def _holder(port: int) -> psutil.Process | None:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return _process(connection.pid)
    return None


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def is_healthy(server: Server, timeout_s: float = 2.0) -> bool:
    """Whether it answers its health path with 200."""
    return health(server, timeout_s) is not None


def health(server: Server, timeout_s: float = 2.0) -> bytes | None:
    """What its health path says, if it answers with 200 (asked without the proxy of the environment)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout_s)
    try:
        connection.request("GET", server.health_path)
        answer = connection.getresponse()
        return answer.read(HEALTH_BYTES) if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
