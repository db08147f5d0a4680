"""Who uses the servers that were started for a `run`: the last of them ends what the first one started."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from local_cloud.processes import find


@dataclass(frozen=True)
class Use:
    servers: tuple[str, ...] = ()
    """Those that were started for a `run`. What `up` started is nobody's to end."""
    users: tuple[tuple[int, float], ...] = ()
    """The runs, each by pid and creation time."""


class Users:
    """The use in `users.json`, to be read and changed under the lock alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def enter(self, started: Sequence[str]) -> None:
        use = self._read()
        if servers := {*use.servers, *started}:
            self._write(Use(tuple(sorted(servers)), (*_others(use), _me())))

    def leave(self) -> tuple[str, ...]:
        """The servers that nobody uses any more."""
        use = self._read()
        if others := _others(use):
            self._write(Use(use.servers, others))
            return ()
        self.forget()
        return use.servers

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> Use:
        """A file that is missing or broken is no use: `down` ends the servers all the same."""
        try:
            content = json.loads(self._path.read_text())
            return Use(
                tuple(content["servers"]), tuple((int(pid), float(created)) for pid, created in content["users"])
            )
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return Use()

    def _write(self, use: Use) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(asdict(use)) + "\n")
        new.replace(self._path)


def _me() -> tuple[int, float]:
    return os.getpid(), psutil.Process().create_time()


def _others(use: Use) -> tuple[tuple[int, float], ...]:
    """Those that still run: one that was killed does not leave by itself."""
    return tuple((pid, created) for pid, created in use.users if pid != os.getpid() and find(pid, created))
