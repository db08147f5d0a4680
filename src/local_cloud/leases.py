"""Leases on servers that were started for one command. The last command to finish ends what the first one started."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from local_cloud.processes import created_s, find


@dataclass(frozen=True)
class LeaseFile:
    """The content of `leases.json`."""

    servers: tuple[str, ...] = ()
    """The servers that were started for a command. Those that `up` started run until `down`."""
    holders: tuple[tuple[int, float], ...] = ()
    """The commands, each by pid and creation time."""


class Leases:
    """The leases in `leases.json`. Read and change them only under the lock of the state folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acquire(self, started: Sequence[str]) -> None:
        """Add this process as a holder of the servers that are leased already and of those just `started`."""
        current = self._read()
        if servers := {*current.servers, *started}:
            self._write(LeaseFile(tuple(sorted(servers)), (*_other_holders(current), _this_process())))

    def release(self) -> tuple[str, ...]:
        """Remove this process, and return the servers that nobody holds any more."""
        current = self._read()
        if others := _other_holders(current):
            self._write(LeaseFile(current.servers, others))
            return ()
        self.clear()
        return current.servers

    def servers(self) -> tuple[str, ...]:
        """Return the servers that were started for a command."""
        return self._read().servers

    def clear(self) -> None:
        """Forget every lease, so that the servers run until `down`."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> LeaseFile:
        """Return the leases; none when the file is missing or broken, since `down` ends the servers all the same."""
        try:
            content = json.loads(self._path.read_text())
            holders = tuple((int(pid), float(created)) for pid, created in content["holders"])
            return LeaseFile(tuple(content["servers"]), holders)
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return LeaseFile()

    def _write(self, leases: LeaseFile) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(asdict(leases)) + "\n")
        new.replace(self._path)


def _this_process() -> tuple[int, float]:
    return os.getpid(), created_s(os.getpid())


def _other_holders(leases: LeaseFile) -> tuple[tuple[int, float], ...]:
    """Return the other holders that still run: a command that was killed could not release its lease."""
    return tuple((pid, created) for pid, created in leases.holders if pid != os.getpid() and find(pid, created))
