"""The record of the running servers, and the lock that lets one command at a time change them."""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from local_cloud.errors import LocalCloudError
from safety import windows_drives
from safety.private_files import close_folder, private_umask


@dataclass(frozen=True)
class ServerRecord:
    """A server that was started. Its pid and the start of the process together identify it for good.

    `created` is what `processes.created_s` returned: seconds since the boot.
    """

    pid: int
    created: float
    port: int


class ServerRecords:
    """The records in `cloud.json`, by server name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, ServerRecord]:
        """Return the records; none when the file is missing or broken, since the label still finds the processes."""
        try:
            content = json.loads(self._path.read_text())
            return {name: ServerRecord(**record) for name, record in content.items()}
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            return {}

    def put(self, name: str, record: ServerRecord) -> None:
        self._write({**self.read(), name: record})

    def remove(self, name: str) -> None:
        self._write({other: record for other, record in self.read().items() if other != name})

    def _write(self, records: dict[str, ServerRecord]) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({name: asdict(record) for name, record in records.items()}, indent=2) + "\n")
        new.replace(self._path)


@contextmanager
def locked(
    state_dir: Path, say: Callable[[str], None], timeout_s: float, mounts: Path = windows_drives.MOUNTS
) -> Iterator[None]:
    """Let one command at a time change the cloud. The kernel frees the lock of a process that dies.

    Files that are created meanwhile, also by the servers, are private to this user.

    Raises LocalCloudError after `timeout_s`, or if the folder cannot be made or cannot hold the state.
    """
    _refuse_windows_drive(state_dir, mounts)
    try:
        close_folder(state_dir)
    except OSError as error:
        raise LocalCloudError(
            f"the state folder {state_dir} cannot be made ({error.strerror}). Set SCONES_STATE_DIR to a folder of yours"
        ) from error
    lock = state_dir / "lock"
    if lock.is_dir():
        aside = lock.rename(state_dir / f"lock.{secrets.token_hex(3)}")
        say(f"{lock} was a folder, where a file belongs: moved to {aside}")
    with private_umask(), lock.open("a+") as file:
        _acquire(file.fileno(), state_dir, say, timeout_s)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _refuse_windows_drive(state_dir: Path, mounts: Path) -> None:
    if windows_drives.is_on_windows_drive(state_dir, mounts):
        raise LocalCloudError(
            f"the state folder {state_dir} is on a drive of Windows, where files cannot be private and databases "
            "cannot be shared. Move the checkout into WSL's own file system, such as your home folder, or set "
            "SCONES_STATE_DIR to a folder there: export SCONES_STATE_DIR=~/.scones"
        )


def _acquire(descriptor: int, state_dir: Path, say: Callable[[str], None], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    was_told = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = (state_dir / "lock").read_text() or "unknown"
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"another command (pid {holder}) has been changing the local cloud of {state_dir} for more than "
                f"{timeout_s:.0f} s. Wait for it, or end it: kill {holder}"
            )
        if not was_told:
            say(f"another command (pid {holder}) is changing the local cloud: waiting for it")
            was_told = True
        time.sleep(0.1)


def empty_folder(folder: Path) -> Path:
    """Empty the folder, or create it if it is missing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
