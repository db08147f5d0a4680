"""The description of a process's world: the folders that it sees in the place of the host's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """Absolute paths, all of the host. They travel to the spawner as JSON, so they are text.

    `opt_ml` is the folder that the process sees as /opt/ml, `tmp` the one that it sees as /tmp and /var/tmp; None keeps
    the host's. With a `tmp` it also has an empty /dev/shm of its own. `hidden` files and folders appear empty, where
    they exist. `shown` ones stay visible at their own paths though they lie below a folder that is replaced.

    `folders` are more folders to replace: pairs of one of the host's and the path at which the process sees it, which
    need not exist; a file may replace a file. With `read_only` the process can write to `opt_ml` and `tmp` alone, from
    Linux 5.12 on.
    """

    opt_ml: str | None = None
    tmp: str | None = None
    hidden: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    read_only: bool = False
