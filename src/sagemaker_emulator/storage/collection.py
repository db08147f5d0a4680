"""The base of every service: resources of one kind that are created, found, listed, changed and deleted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic

from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import AlreadyExists, NotFound, R, Store
from sagemaker_emulator.wire import AwsError


class Collection(ABC, Generic[R]):
    """The resources of one kind in the store.

    Requests find names in any case, because AWS's ARNs have them in lower case, and programs take the names from ARNs.
    Only `find` asks for the exact name.
    A subclass adds `create`, and says in AWS's words that a name is missing (`missing`) or taken (`existing`).
    """

    def __init__(self, store: Store, arns: Arns, resource: type[R]) -> None:
        self._store, self._arns, self._resource = store, arns, resource

    @abstractmethod
    def missing(self, name: str) -> AwsError:
        """Return the error that AWS answers for a name that no resource has."""

    @abstractmethod
    def existing(self, name: str, arn: str) -> AwsError:
        """Return the error that AWS answers for a new resource of this name whose ARN is taken."""

    def get(self, name: str) -> R:
        """Return a resource, or raise the error of `missing`."""
        with suppress(NotFound):
            return self._store.get(self._resource, name)
        return self._get_by_arn(name)

    def _get_by_arn(self, name: str) -> R:
        """Return a resource by its name or ARN, in any case, or raise the error of `missing`.

        An ARN of another account or region is missing, also if there is a resource of that name here.
        """
        arn = self.arn_of(name)
        if name.startswith("arn:") and name.lower() != arn.lower():
            raise self.missing(name)
        try:
            return self._store.by_arn(self._resource, arn)
        except NotFound:
            raise self.missing(name) from None

    def _asked_arn(self, name: str) -> str:
        """Return the ARN that a request means, for an error: the one that it names, or that of a name here."""
        return name if name.startswith("arn:") else self.arn_of(name)

    def find(self, name: str) -> R | None:
        """Return the resource of exactly this name, or None."""
        with suppress(NotFound):
            return self._store.get(self._resource, name)
        return None

    def page(self, request: dict[str, Any]) -> Page:
        """Return the page that a List request asks for."""
        return page(self._store, self._resource, request)

    def delete(self, name: str) -> None:
        """Remove a resource, or raise the error of `missing`."""
        with self._store.transaction():
            self._store.remove(self._resource, self.get(name).name)

    def arn_of(self, name: str) -> str:
        return self._arns.of(self._resource.kind, name)

    def _add(self, resource: R, tags: dict[str, str]) -> R:
        try:
            self._store.add(resource, tags)
        except AlreadyExists as error:
            raise self.existing(resource.name, error.existing) from error
        return resource

    def _change(self, name: str, change: Callable[[R], R]) -> R:
        """Read, change and write as one transaction; return the changed resource."""
        return self._store.change_read(lambda: self.find(name) or self.get(name), change)
