"""Several hosts that train one model: each reads its own data, and XGBoost's collective joins their histograms.

The first host runs the tracker. Hosts whose names do not resolve, because they are processes of one machine, meet at
MASTER_ADDR and MASTER_PORT. Source: sagemaker_xgboost_container/distributed.py
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from frameworks.xgboost_algorithm.errors import AlgorithmError

PORT = 9099
CONNECT_S = 120.0
PAUSE_S = 0.5
COLLECTIVE_TIMEOUT_S = 300

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hosts:
    """The hosts of a job, sorted, and the one that this process is."""

    names: tuple[str, ...]
    current: str
    address: str
    port: int

    @classmethod
    def of(cls, resource_config: Mapping[str, Any], environment: Mapping[str, str]) -> Hosts:
        names = tuple(sorted(resource_config.get("hosts") or ["algo-1"]))
        current = resource_config.get("current_host") or names[0]
        address = environment.get("MASTER_ADDR") or names[0]
        return cls(names, current, address, int(environment.get("MASTER_PORT") or PORT))

    @property
    def is_master(self) -> bool:
        return self.current == self.names[0]


@contextmanager
def joined(hosts: Hosts) -> Iterator[None]:
    """Run a block in which all hosts are connected. Raises AlgorithmError if they do not find each other."""
    if len(hosts.names) == 1:
        yield
        return
    log.info("Distributed node training with %d hosts: %s", len(hosts.names), list(hosts.names))
    tracker = _tracker(hosts) if hosts.is_master else None
    with _communicator(hosts):
        yield
    if tracker is not None:
        tracker.wait_for()


def _tracker(hosts: Hosts) -> Any:
    """Start the tracker. Raises AlgorithmError if this version of XGBoost has a tracker with another interface."""
    try:
        from xgboost.tracker import RabitTracker

        tracker = RabitTracker(len(hosts.names), _resolved(hosts.address), hosts.port, sortby="task")
        tracker.start()
    except (ImportError, TypeError) as error:
        raise AlgorithmError(f"Training on several hosts needs XGBoost 2.1 or later: {error}") from error
    return tracker


def _communicator(hosts: Hosts) -> Any:
    """Connect to the tracker, which may not be there yet."""
    arguments = {
        "dmlc_tracker_uri": _resolved(hosts.address),
        "dmlc_tracker_port": hosts.port,
        "dmlc_task_id": str(hosts.names.index(hosts.current)),
        "dmlc_timeout": COLLECTIVE_TIMEOUT_S,
        "dmlc_retry": int(CONNECT_S),
    }
    # imported late: XGBoost before 1.7 has no such module, and a single host needs none
    from xgboost import collective

    return collective.CommunicatorContext(**arguments)


def _resolved(address: str) -> str:
    """Return the IP address of a host, whose name may resolve only when the host has started."""
    deadline = time.monotonic() + CONNECT_S
    while time.monotonic() < deadline:
        with suppress(OSError):
            return socket.gethostbyname(address)
        time.sleep(PAUSE_S)
    raise AlgorithmError(f"the host {address!r} was not found within {CONNECT_S:g} s")
