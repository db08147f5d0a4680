"""GetExecutionHistory, by pages.

docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

import base64
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.stepfunctions import HistoryEventList, InvalidToken
from localstack.services.stepfunctions.asl.eval.event.event_manager import EventManager
from localstack.services.stepfunctions.provider import StepFunctionsProvider
from localstack.services.stepfunctions.stepfunctions_utils import (
    assert_pagination_parameters_valid,
    normalise_max_results,
)

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.executions.listings import LONGEST_TOKEN


def by_pages(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_execution_history(
        self: StepFunctionsProvider,
        context: RequestContext,
        execution_arn: str,
        max_results: int | None = None,
        reverse_order: bool | None = None,
        next_token: str | None = None,
        **more: Any,
    ) -> Any:
        assert_pagination_parameters_valid(max_results, next_token, next_token_length_limit=LONGEST_TOKEN)
        answer = original(self, context, execution_arn, reverse_order=reverse_order, **more)
        events = answer["events"]
        begin = position(next_token, len(events), bool(reverse_order)) if next_token else 0
        end = begin + normalise_max_results(max_results)
        answer["events"] = events[begin:end]
        if end < len(events):
            answer["nextToken"] = base64.b64encode(b"%d" % events[end]["id"]).decode()
        return answer

    return get_execution_history


def position(token: str, count: int, is_reversed: bool) -> int:
    """Return where the event is, of `count`, with which a page begins. InvalidToken if the token is none of ours."""
    try:
        number = int(base64.b64decode(token, validate=True))
    except ValueError:  # of either
        number = 0
    if not 1 <= number <= count:
        raise InvalidToken("Invalid Token: 'Invalid token'")
    return count - number if is_reversed else number - 1


def events_so_far(self: EventManager) -> HistoryEventList:
    return list(self._history_event_list)


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.get_execution_history",
        wrapper=by_pages,
        why="LocalStack ignores maxResults and nextToken, and answers with the whole history. Here a page has 100 "
        "events if nothing else is asked for.",
    )
    replace(
        "localstack.services.stepfunctions.asl.eval.event.event_manager:EventManager.get_event_history",
        by=events_so_far,
        why="LocalStack copies all events and what they contain to read them. They do not change, so the list is "
        "copied only.",
    )
