"""The outcome of `scones destroy`, and the resources of SageMaker that it looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import code_of, is_unknown_name
from scones.settings import PROJECT_TAG

ABSENT = {"NoSuchEntity", "NoSuchBucket", "ResourceNotFoundException"}


@dataclass
class Outcome:
    """The resources that were removed, and those that were kept, with the reason."""

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def attempt(self, name: str, delete: Callable[[], object]) -> None:
        """Delete a resource. It is no error if it has disappeared meanwhile."""
        try:
            delete()
        except ClientError as error:
            if not is_unknown_name(error) and code_of(error) not in ABSENT:
                raise
            return
        self.removed.append(name)

    def remove(self, name: str, is_ours: bool, delete: Callable[[], object]) -> None:
        """Delete a resource if it is ours."""
        if is_ours:
            self.attempt(name, delete)
        else:
            self.kept.append(f"{name}: not created by this project")


@dataclass(frozen=True)
class Resources:
    """SageMaker's resources whose names begin with a prefix."""

    sagemaker: BaseClient
    prefix: str

    def named(self, operation: str, items: str, kind: str) -> list[Mapping[str, Any]]:
        """List the resources of a kind. NameContains also matches in the middle of a name, so compare again."""
        pages = self.sagemaker.get_paginator(operation).paginate(NameContains=self.prefix)
        return [item for page in pages for item in page[items] if item[f"{kind}Name"].startswith(self.prefix)]

    def is_ours(self, arn: str) -> bool:
        """Return whether a resource has the project's tag. A resource that has disappeared has none."""
        try:
            return PROJECT_TAG in self.sagemaker.list_tags(ResourceArn=arn)["Tags"]
        except ClientError as error:
            if is_unknown_name(error):
                return False
            raise
