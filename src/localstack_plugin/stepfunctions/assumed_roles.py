"""Roles that Step Functions has assumed, kept for half of their hour.

AWS's services hold on to the credentials of an assumed role for most of the time that they last.
"""

import time
from typing import Any, Protocol

from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.replacing import wrap

KEPT_S = 1800.0
"""Half of what AssumeRole's credentials last by default."""

Key = tuple[tuple[str, object], ...]


class Clients(Protocol):
    """LocalStack's ClientFactory, as far as Step Functions uses it."""

    def with_assumed_role(self, **arguments: Any) -> Any: ...


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.utils.boto_client:connect_to",
        wrapper=AssumedRoles,
        why="Step Functions assumes its role and creates a boto client for every task. Here it does so once per role, "
        "region and half hour.",
    )


class AssumedRoles:
    """Clients by the role that they assume. `config` is the same for all of Step Functions' clients."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._assumed: dict[Key, tuple[float, Any]] = {}

    def with_assumed_role(self, **arguments: Any) -> Any:
        key = tuple(sorted((name, value) for name, value in arguments.items() if name != "config"))
        now = time.monotonic()
        assumed_at, factory = self._assumed.get(key, (float("-inf"), None))
        if factory is None or now - assumed_at > KEPT_S:
            factory = in_a_thread(lambda: self._clients.with_assumed_role(**arguments))  # which makes a request
            self._assumed[key] = (now, factory)
        return factory
