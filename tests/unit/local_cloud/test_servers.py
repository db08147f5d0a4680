"""The environments in which the servers of the local cloud run."""

from pathlib import Path

from local_cloud.servers import servers
from local_cloud.settings import Settings


def test_the_servers_may_write_bytecode_whatever_the_shell_says(tmp_path: Path) -> None:
    shell = {"PATH": "/bin", "PYTHONDONTWRITEBYTECODE": "1"}

    started = servers(Settings(state_dir=tmp_path), shell)

    assert [(server.environment["PATH"], "PYTHONDONTWRITEBYTECODE" in server.environment) for server in started] == [
        ("/bin", False)
    ] * 2
