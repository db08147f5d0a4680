"""The hosts of a job: instances that AWS names algo-1, algo-2 and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

OPT_ML = PurePosixPath("/opt/ml")


@dataclass(frozen=True)
class Host:
    """One instance. `base_dir` is the folder on this machine that its container sees as /opt/ml."""

    name: str
    base_dir: Path
    index: int

    def at(self, container_path: str | PurePosixPath) -> Path:
        """Return where a path below the container's /opt/ml is on this machine."""
        return self.base_dir / PurePosixPath(container_path).relative_to(OPT_ML)


def hosts_below(directory: Path, count: int) -> tuple[Host, ...]:
    names = [f"algo-{number}" for number in range(1, count + 1)]
    return tuple(Host(name, directory / name, index) for index, name in enumerate(names))


def resource_config(host: Host, hosts: Sequence[Host], instance_type: str) -> dict[str, Any]:
    """Return the content of one host's resourceconfig.json. AWS sorts the names of the hosts as text."""
    return {
        "current_host": host.name,
        "current_instance_type": instance_type,
        "hosts": sorted(other.name for other in hosts),
        "network_interface_name": "eth0",
    }
