import io
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from local_cloud.cloud import LocalCloud
from local_cloud.ports import free_port
from local_cloud.processes import end, leftovers
from local_cloud.servers import Server
from local_cloud.terminal.progress import Progress

PROGRAM = Path(__file__).with_name("server_program.py")


def server(name: str, *options: str, port: int | None = None) -> Server:
    port = port or free_port()
    return Server(
        name=name,
        command=(sys.executable, str(PROGRAM), str(port), *options),
        environment=dict(os.environ),
        port=port,
        health_path="/health",
        port_variable=f"{name.upper()}_PORT",
        recognizes=lambda body: body == {"service": "one"},
    )


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] = os.environ) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that the cloud has not started."""
    process = subprocess.Popen(command, env=dict(environment))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def occupied_port() -> Iterator[int]:
    """A port of this process, which closes connections: `up` would wait ten seconds for the answer of a silent one."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield listener.server_address[1]
        finally:
            listener.shutdown()
            thread.join()


class Clouds:
    """A factory of clouds with one state folder, as several commands have, and their output."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.output = io.StringIO()
        self._clouds: list[LocalCloud] = []

    def __call__(self, *servers: Server, timeout_s: float = 120.0, grace_s: float = 60.0) -> LocalCloud:
        self._clouds.append(LocalCloud(servers, self.state_dir, Progress(self.output), timeout_s, grace_s))
        return self._clouds[-1]

    def close(self) -> None:
        for cloud in self._clouds:
            cloud.down()


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Clouds]:
    clouds = Clouds(tmp_path / ".scones")
    yield clouds
    clouds.close()
    assert end(leftovers(clouds.state_dir), grace_s=0.1) == []


def runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
