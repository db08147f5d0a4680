"""The priority of processes that come after the server that started them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def lower_priority(group: int, niceness: int) -> None:
    """Raise the niceness of a process group, whose leader begins a session, as far as the system allows it.

    What the group starts later inherits it. Where Linux has autogroups (`man 7 sched`), each session is one, and the
    niceness of its processes counts among themselves only: against other sessions the autogroup's own counts. Its
    file is missing in other kernels and read-only in some containers, and a user who is not root may write only one in
    0.1 s.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PGRP, group, os.getpriority(os.PRIO_PROCESS, group) + niceness)
    with suppress(OSError):
        Path(f"/proc/{group}/autogroup").write_text(str(niceness))
