"""The memory that the container's control group leaves."""

from __future__ import annotations

from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
# the files of version 2 and of version 1 of control groups: the limit, and what is in use
FILES = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def available_bytes(root: Path = CGROUPS) -> int | None:
    """Return how many bytes are left below the limit, or None if there is no limit."""
    for limit, usage in FILES:
        try:
            return max(0, int((root / limit).read_text("ascii")) - int((root / usage).read_text("ascii")))
        except (OSError, ValueError):  # not this version, or no limit: "max"
            continue
    return None
