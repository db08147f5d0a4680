"""How `scones destroy` takes one thing away: only what is ours, and it says what it kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from scones.context import PROJECT_TAG, Context
from scones.errors import code_of, is_unknown_name

ABSENT = {"NoSuchEntity", "NoSuchBucket", "ResourceNotFoundException"}


@dataclass
class Account:
    """What was removed, and what was kept and why."""

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def prefix(context: Context) -> str:
    return f"{context.settings.endpoint_name}-"


def attempt(account: Account, what: str, delete: Callable[[], object]) -> None:
    """Delete; what went away meanwhile is no error."""
    try:
        delete()
    except ClientError as error:
        if not is_unknown_name(error) and code_of(error) not in ABSENT:
            raise
        return
    account.removed.append(what)


def remove(account: Account, what: str, ours: bool, delete: Callable[[], object]) -> None:
    if ours:
        attempt(account, what, delete)
    else:
        account.kept.append(f"{what}: not made by us")


def tagged(context: Context, arn: str) -> bool:
    """SageMaker's resource is ours. One that went away meanwhile is nobody's."""
    try:
        return PROJECT_TAG in context.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    except ClientError as error:
        if is_unknown_name(error):
            return False
        raise


def named(context: Context, operation: str, items: str, kind: str) -> list[Mapping[str, Any]]:
    """What the account has whose name begins as ours do."""
    pages = context.client("sagemaker").get_paginator(operation).paginate(NameContains=prefix(context))
    return [item for page in pages for item in page[items] if item[f"{kind}Name"].startswith(prefix(context))]
