"""DescribeLogGroups by pages, without a copy of the account's logs.

Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from localstack_plugin.replacing import wrap

GROUPS_MAX = 50
"""The default of `limit`, and its maximum."""


class LogStream(Protocol):
    stored_bytes: int


class LogGroup(Protocol):
    """A log group of moto."""

    name: str
    arn: str
    creation_time: int
    retention_in_days: str | None
    kms_key_id: str | None

    @property
    def streams(self) -> Mapping[str, LogStream]: ...


def install() -> None:
    wrap(
        "localstack.services.logs.provider:LogsProvider.describe_log_groups",
        wrapper=by_pages,
        why="LocalStack copies every log event of the account to describe its groups, which takes seconds once jobs "
        "have run, and answers with all groups. Here nothing is copied, and limit and nextToken are respected.",
    )


def by_pages(describe_log_groups: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(describe_log_groups)  # LocalStack finds the operation by the function's attributes
    def describe(self: Any, context: Any, request: Mapping[str, Any]) -> Any:
        if request.get("logGroupNamePrefix") and request.get("logGroupNamePattern"):
            return describe_log_groups(self, context, request)  # refused, before anything is copied
        from localstack.services.logs.models import get_moto_logs_backend  # not installed where tests run

        return page_of(get_moto_logs_backend(context.account_id, context.region).groups, request)

    return describe


def page_of(groups: Mapping[str, LogGroup], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of the groups by name. The token of the next page is the name of this page's last group."""
    prefix, pattern = request.get("logGroupNamePrefix") or "", request.get("logGroupNamePattern") or ""
    after, limit = request.get("nextToken") or "", min(request.get("limit") or GROUPS_MAX, GROUPS_MAX)
    names = sorted(name for name in list(groups) if name.startswith(prefix) and pattern in name and name > after)
    page: dict[str, Any] = {"logGroups": [described(group) for name in names[:limit] if (group := groups.get(name))]}
    return page | ({"nextToken": names[limit - 1]} if len(names) > limit else {})


def described(group: LogGroup) -> dict[str, Any]:
    """Return the group as LocalStack describes it. The list of its streams is one moment's: others may add to it."""
    description: dict[str, Any] = {
        "arn": group.arn if group.arn.endswith(":*") else f"{group.arn}:*",
        "creationTime": group.creation_time,
        "logGroupName": group.name,
        "metricFilterCount": 0,
        "storedBytes": sum(stream.stored_bytes for stream in list(group.streams.values())),
    }
    if group.retention_in_days:
        description["retentionInDays"] = group.retention_in_days
    if group.kms_key_id:
        description["kmsKeyId"] = group.kms_key_id
    return description
