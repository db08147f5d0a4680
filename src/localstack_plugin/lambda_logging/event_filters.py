"""FilterLogEvents with logStreamNamePrefix and filterPattern.

Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

import json
from collections.abc import Callable
from typing import Any

from moto.logs.exceptions import InvalidParameterException
from moto.logs.responses import LogsResponse

from localstack_plugin.lambda_logging.filter_terms import matcher_of
from localstack_plugin.replacing import replace, wrap

NO_STREAM = ""
"""A name that no stream has: with no name at all, every stream would be searched."""


def install() -> None:
    wrap(
        "moto.logs.responses:LogsResponse.filter_log_events",
        wrapper=of_prefix,
        why="LocalStack ignores logStreamNamePrefix and answers with the events of all streams.",
    )
    replace(
        "localstack.services.logs.provider:get_pattern_matcher",
        by=event_matcher,
        why="For LocalStack, each event matches each filter pattern. Here, patterns of terms are respected by "
        "FilterLogEvents, metric filters and subscription filters.",
    )


def of_prefix(original: Callable[[LogsResponse], str]) -> Callable[[LogsResponse], str]:
    def filter_log_events(self: LogsResponse) -> str:
        prefix = self._get_param("logStreamNamePrefix")
        if prefix is None:
            return original(self)
        if self._get_param("logStreamNames"):
            raise InvalidParameterException(
                parameter="logStreamNamePrefix",
                value=prefix,
                constraint="Must not be used together with logStreamNames",
            )
        return _filtered(self, prefix)

    return filter_log_events


def _filtered(response: LogsResponse, prefix: str) -> str:
    group_name = response._get_param("logGroupName")
    group = response.logs_backend.groups.get(group_name)
    names = [name for name in (group.streams if group else ()) if name.startswith(prefix)]
    value: Callable[..., Any] = response._get_param
    events, token, searched = response.logs_backend.filter_log_events(
        group_name,
        names or [NO_STREAM],
        value("startTime"),
        value("endTime"),
        value("limit"),
        value("nextToken"),
        value("filterPattern"),
        value("interleaved", False),
    )
    return json.dumps({"events": events, "nextToken": token, "searchedLogStreams": searched})


def event_matcher(pattern: str) -> Callable[[str, dict[str, Any]], bool]:
    matches = matcher_of(pattern)
    return lambda _, event: matches(event["message"])
