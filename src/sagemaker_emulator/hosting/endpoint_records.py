"""The records of endpoints in the store, and AWS's errors about them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.lineage.automatic import AutomaticLineage
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError


class EndpointRecords(Collection[Endpoint]):
    """The records. Endpoint itself refuses a move between statuses that AWS would never make."""

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, Endpoint)
        self._lineage = AutomaticLineage(store, arns)

    def missing(self, name: str) -> AwsError:
        return validation(f'Could not find endpoint "{self.arn_of(name)}".')

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f'Cannot create already existing endpoint "{arn}".')

    def all(self) -> list[Endpoint]:
        return self._store.all(Endpoint)

    def add(self, endpoint: Endpoint, tags: dict[str, str]) -> Endpoint:
        return self._add(endpoint, tags)

    def change(self, name: str, change: Callable[[Endpoint], Endpoint]) -> Endpoint:
        return self._change(name, change)

    def move(self, name: str, status: EndpointStatus, reason: str | None = None) -> Endpoint:
        """Move an endpoint to another status; `reason` is its FailureReason from then on."""
        return self._change(name, lambda endpoint: endpoint.moved_to(status, time.time(), reason))

    def announce(self, state: Any) -> None:
        """Send the event of a stage of an update, a DeploymentState, which is in no record."""
        self._store.changes.put(None, state)

    def _change(self, name: str, change: Callable[[Endpoint], Endpoint]) -> Endpoint:
        """Change an endpoint; what it serves, once it is in service, becomes part of the lineage."""
        with self._store.transaction():
            endpoint = super()._change(name, change)
            if endpoint.status is EndpointStatus.IN_SERVICE:
                self._lineage.deployed(endpoint)
        return endpoint
