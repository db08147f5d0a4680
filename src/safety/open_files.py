"""The limit of open files, which servers with many connections and child processes raise for themselves."""

from __future__ import annotations

import resource
from collections.abc import Callable
from contextlib import suppress

OPEN_FILES = 65_536
ALLOWED_EVERYWHERE = 10_240  # OPEN_MAX of macOS, whose hard limit reads as infinite although the kernel refuses more
Limits = tuple[int, int]
"""Soft and hard limit."""


def raise_limit(limits: Limits | None = None, set_limits: Callable[[int, Limits], None] = resource.setrlimit) -> None:
    """Raise the soft limit as far as the system allows, and leave it where it is if nothing more is allowed."""
    soft, hard = limits or resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    for target in (OPEN_FILES, ALLOWED_EVERYWHERE):
        allowed = target if hard == resource.RLIM_INFINITY else min(hard, target)
        if soft >= allowed:
            return
        with suppress(ValueError, OSError):
            set_limits(resource.RLIMIT_NOFILE, (allowed, hard))
            return
