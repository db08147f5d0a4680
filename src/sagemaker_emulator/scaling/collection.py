"""The base of what a scalable target has: policies and scheduled actions, each with a name within its target."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import NAMESPACE, ScalableTarget
from sagemaker_emulator.scaling.records import matches, not_found, page_of, require_namespace
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.listing import in_json
from sagemaker_emulator.storage.store import Resource, Store
from sagemaker_emulator.wire import AwsError


class TargetPart(Resource, Protocol):
    """A resource of a scalable target. `own_name` is the caller's name for it; `name` has the target's name before."""

    @property
    def own_name(self) -> str: ...
    @property
    def resource_id(self) -> str: ...
    @property
    def dimension(self) -> str: ...
    @property
    def target(self) -> str: ...
    def described(self) -> dict[str, Any]: ...


P = TypeVar("P", bound=TargetPart)


class TargetParts(Collection[P], Generic[P]):
    """The policies or the scheduled actions of all targets, as the operations Describe and Delete use them."""

    NOUN: ClassVar[str]  # as in AWS's errors
    NAME: ClassVar[str]  # the member of a request that has the name; with an s, that of a Describe request
    LIST: ClassVar[str]  # the member of the answer of Describe
    QUOTA: ClassVar[int]  # of one target
    ARN_TYPES: ClassVar[tuple[str, str]]  # the words before the id and before the name in an ARN

    def __init__(self, store: Store, arns: Arns, targets: ScalableTargets, resource: type[P]) -> None:
        super().__init__(store, arns, resource)
        self._targets = targets

    def missing(self, name: str) -> AwsError:
        resource_id, dimension, own_name = name.split("|", 2)
        noun = self.NOUN
        return not_found(f"{noun} found", resource_id, dimension, f", {noun.removeprefix('scaling ')} name: {own_name}")

    def existing(self, name: str, arn: str) -> AwsError:
        return AwsError("ConcurrentUpdateException", f"The {self.NOUN} {name} has just been added: try again.")

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        require_namespace(request)
        names = request.get(f"{self.NAME}s")
        chosen = [
            one.described()
            for one in self._store.all(self._resource)
            if matches(one, request) and (not names or one.own_name in names)
        ]
        return page_of(self.LIST, chosen, request)

    def remove(self, request: dict[str, Any]) -> None:
        """Delete what a request names. ObjectNotFoundException if it, or its target, does not exist."""
        require_namespace(request)
        self.delete("|".join(request[member] for member in ("ResourceId", "ScalableDimension", self.NAME)))

    def of(self, target: ScalableTarget) -> list[P]:
        sql, parameters = in_json("$.resource_id", target.resource_id)
        parts = self._store.select(self._resource, sql, parameters, "created, name", 2 * self.QUOTA)
        return [one for one in parts if one.target == target.name]

    def _require_quota(self, target: ScalableTarget) -> None:
        if len(self.of(target)) >= self.QUOTA:
            raise AwsError(
                "LimitExceededException", f"No {self.NOUN} can be added: the target already has {self.QUOTA}."
            )

    def _new_arn(self, target: ScalableTarget, own_name: str) -> str:
        before_id, before_name = self.ARN_TYPES
        return (
            f"arn:aws:autoscaling:{self._arns.region}:{self._arns.account_id}:{before_id}:{uuid.uuid4()}:"
            f"resource/{NAMESPACE}/{target.resource_id}:{before_name}/{own_name}"
        )


def part_name(target: ScalableTarget, own_name: str) -> str:
    return f"{target.name}|{own_name}"
