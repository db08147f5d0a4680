"""Visits: the part of one container in a request, on an instance with several containers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Visit:
    """One container of several that was asked. It has no status and no end before its answer."""

    container: str
    started_ns: int = field(default_factory=time.perf_counter_ns)
    ended_ns: int = 0
    status: int = 0

    @property
    def latency_us(self) -> int:
        return ((self.ended_ns or time.perf_counter_ns()) - self.started_ns) // 1000
