"""The description of a process's world: the folders that it sees in the place of the host's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """Absolute paths, all of the host. They travel to the spawner as JSON, so they are text.

    `opt_ml` is the folder that the process sees as /opt/ml, `tmp` the one that it sees as /tmp and /var/tmp; None keeps
    the host's. With a `tmp` it also has an empty /dev/shm of its own. `hidden` files and folders appear empty, where
    they exist. `shown` ones stay visible at their own paths though they lie below a folder that `tmp` replaces.
    """

    opt_ml: str | None = None
    tmp: str | None = None
    hidden: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
