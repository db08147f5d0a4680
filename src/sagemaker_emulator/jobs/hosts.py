"""The hosts of a job: instances that AWS names algo-1, algo-2 and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

OPT_ML = PurePosixPath("/opt/ml")
ONE_GROUP = "homogeneousCluster"
NAME_MAX_BYTES = 255
PATH_MAX_BYTES = 1024  # of the 4096 that Linux has, since the path is below the state directory here


@dataclass(frozen=True)
class Host:
    """One instance. `base_dir` is the folder on this machine that its container sees as /opt/ml."""

    name: str
    base_dir: Path
    index: int

    def at(self, container_path: str | PurePosixPath) -> Path:
        """Return where a path below the container's /opt/ml is on this machine."""
        return self.base_dir / PurePosixPath(container_path).relative_to(OPT_ML)


def require_file_path(path: PurePosixPath) -> None:
    """ValueError for a path that a file system cannot have."""
    if len(str(path).encode()) > PATH_MAX_BYTES or any(len(part.encode()) > NAME_MAX_BYTES for part in path.parts):
        raise ValueError(
            f"The local path {str(path)[:100]!r} is too long: a path has at most {PATH_MAX_BYTES} bytes here, and each "
            f"name in it {NAME_MAX_BYTES}"
        )


def hosts_below(directory: Path, count: int) -> tuple[Host, ...]:
    names = [f"algo-{number}" for number in range(1, count + 1)]
    return tuple(Host(name, directory / name, index) for index, name in enumerate(names))


def resource_config(host: Host, hosts: Sequence[Host], instance_type: str) -> dict[str, Any]:
    """Return the content of one host's resourceconfig.json. AWS sorts the names of the hosts as text.

    Source for the groups: the developer guide, "Distributed Training Configuration"; a job without InstanceGroups has
    the one group that AWS calls homogeneousCluster.
    """
    names = sorted(other.name for other in hosts)
    group = {"instance_group_name": ONE_GROUP, "instance_type": instance_type, "hosts": names}
    return {
        "current_host": host.name,
        "current_instance_type": instance_type,
        "current_group_name": ONE_GROUP,
        "hosts": names,
        "instance_groups": [group],
        "network_interface_name": "eth0",
    }
