"""The folders of an execution environment: on the host, and as its function sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """Paths of what AWS shows at /var/task, /opt, /var/runtime and /tmp, and of our bootstrap program."""

    task_root: str
    layers: str
    runtime: str
    tmp: str
    bootstrap: str


SEEN_IN_SANDBOX = Folders(
    task_root="/var/task",
    layers="/opt",
    runtime="/var/runtime",
    tmp="/tmp",  # noqa: S108 - the function's own
    bootstrap="/var/rapid",
)
"""AWS's own folders. /var/rapid is where its images have the program that starts the runtime."""


def folders_of(scratch: Path, task_root: Path, layers: Path | None, runtime: Path) -> Folders:
    """Return the host's folders. `scratch` belongs to one environment; what AWS does not show is not in its `tmp`."""
    for name in ("tmp", "no-layers"):
        (scratch / name).mkdir(exist_ok=True)
    return Folders(
        task_root=str(task_root),
        layers=str(layers or scratch / "no-layers"),
        runtime=str(runtime),
        tmp=str(scratch / "tmp"),
        bootstrap=str(Path(__file__).parent),
    )
