"""The base of all tracking entities: experiments, trials and their components; artifacts, contexts and actions."""

from __future__ import annotations

from typing import ClassVar

from sagemaker_emulator.errors import resource_not_found, validation
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.store import R
from sagemaker_emulator.wire import AwsError


class TrackedEntities(Collection[R]):
    """Entities of one kind. They are found by name or ARN, in any case. `noun` is AWS's word for one of them."""

    noun: ClassVar[str]

    def get(self, name: str) -> R:
        return self._get_by_arn(name)

    def arn_of(self, name: str) -> str:
        return super().arn_of(name.rpartition("/")[2])

    def missing(self, name: str) -> AwsError:
        return resource_not_found(f"{self.noun} '{self._asked_arn(name)}' does not exist.")

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(
            f"{self.noun} names must be unique within an AWS account and region. "
            f"{self.noun} with name ({name}) already exists."
        )
