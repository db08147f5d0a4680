"""Several hosts that train one model: each reads its own data, and XGBoost's collective joins their histograms.

The hosts meet twice, as on AWS: all of them, to tell which of them have data, and then those that have. The first host
of each meeting runs its tracker. Hosts whose names do not resolve, because they are processes of one machine, meet at
MASTER_ADDR and MASTER_PORT. Source: sagemaker_xgboost_container/distributed.py
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from frameworks.contract.loopback import LOOPBACK
from frameworks.xgboost_algorithm.errors import AlgorithmError, PlatformError

PORT = 9099
ANY_PORT = 0
CONNECT_S = 120.0
PAUSE_S = 0.5
COLLECTIVE_TIMEOUT_S = 300
NO_DATA = "No hosts received training data."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hosts:
    """The hosts of a meeting, sorted, the one that this process is, and where they meet."""

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

    def only(self, names: tuple[str, ...]) -> Hosts:
        """Return some of the hosts, which meet at the first of them, at a port that is not known yet."""
        return replace(self, names=names, address=LOOPBACK if self.address == LOOPBACK else names[0], port=ANY_PORT)


@contextmanager
def joined(hosts: Hosts, has_data: bool) -> Iterator[Hosts | None]:
    """Run a block in which the hosts that have data are connected, and yield them; yield None if this host has none.

    Raises PlatformError if no host has data, and AlgorithmError if they do not find each other.
    """
    if len(hosts.names) == 1:
        yield hosts
        return
    log.info("Distributed node training with %d hosts: %s", len(hosts.names), list(hosts.names))
    training, tracker = _training_hosts(hosts, has_data)
    if training is None:
        log.warning("Host %s not being used for distributed training.", hosts.current)
        yield None
        return
    if len(training.names) == 1:
        log.info("Only %s has training data", training.current)
        yield training
        return
    with _communicator(training):
        yield training
    if tracker is not None:
        tracker.wait_for()


def _training_hosts(hosts: Hosts, has_data: bool) -> tuple[Hosts | None, Any]:
    """Meet all hosts; return those that have data with the tracker that this host runs for them, or None for each."""
    first_tracker = _tracker(hosts) if hosts.is_master else None
    second_tracker = None
    with _communicator(hosts):
        flags = _summed([has_data and name == hosts.current for name in hosts.names])
        training = hosts.only(tuple(name for name, flag in zip(hosts.names, flags) if flag))
        if has_data and len(training.names) > 1 and training.is_master:
            second_tracker = _tracker(training)
        port = _summed([int(second_tracker.worker_args()["dmlc_tracker_port"]) if second_tracker else ANY_PORT])[0]
    if first_tracker is not None:
        first_tracker.wait_for()
    if not training.names:
        raise PlatformError(NO_DATA)
    return (replace(training, port=port) if has_data else None), second_tracker


def _summed(numbers: list[int]) -> list[int]:
    """Return the sums of all connected hosts' numbers, position by position."""
    # imported late: XGBoost before 1.7 has no such module, and a single host needs none
    from xgboost import collective

    return [int(number) for number in collective.allreduce(np.array(numbers, dtype=np.int64), collective.Op.SUM)]


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
