"""Step Functions assumes its role and makes a new boto client for every task; here it does so once per role and region.

As on AWS, where a service holds on to the credentials of an assumed role for most of their hour.
"""

import time
from typing import Any

from localstack.aws.connect import ClientFactory, ServiceLevelClientFactory, connect_to
from localstack.services.stepfunctions.asl.utils import boto_client

from localstack_plugin.replacing import replace

KEPT_S = 1800.0
"""Half of what AssumeRole's credentials last by default."""

Key = tuple[tuple[str, object], ...]


class AssumedRoles:
    """Stands in for LocalStack's `connect_to`, in the one module of Step Functions that makes its clients."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients
        self._assumed: dict[Key, tuple[float, ServiceLevelClientFactory]] = {}

    def with_assumed_role(self, **arguments: Any) -> ServiceLevelClientFactory:
        key = tuple(sorted((name, value) for name, value in arguments.items() if name != "config"))
        now = time.monotonic()
        assumed_at, factory = self._assumed.get(key, (float("-inf"), None))
        if factory is None or now - assumed_at > KEPT_S:
            factory = self._clients.with_assumed_role(**arguments)
            self._assumed[key] = (now, factory)
        return factory


def install() -> None:
    replace(boto_client, "connect_to", AssumedRoles(connect_to))
