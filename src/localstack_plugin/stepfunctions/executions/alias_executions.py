"""ListExecutions by the ARN of an alias: the executions that were started with it.

Source: docs.aws.amazon.com/step-functions/latest/dg/execution-alias-version-associate.html
"""

from collections.abc import Callable, Iterator
from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.stepfunctions.provider import StepFunctionsProvider
from localstack.services.stepfunctions.stepfunctions_utils import get_next_page_token_from_arn, normalise_max_results
from localstack.utils.collections import PaginatedList

from localstack_plugin.replacing import wrap

PAGE = 1000


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.list_executions",
        wrapper=by_alias,
        why="LocalStack looks the ARN up among state machines and versions only. For an alias it answers "
        "StateMachineDoesNotExist.",
    )


def by_alias(original: Callable[..., Any]) -> Callable[..., Any]:
    def list_executions(
        self: StepFunctionsProvider, context: RequestContext, state_machine_arn: str | None = None, **more: Any
    ) -> Any:
        if state_machine_arn is None or state_machine_arn not in self.get_store(context).aliases:
            return original(self, context, state_machine_arn=state_machine_arn, **more)
        max_results, next_token = normalise_max_results(more.pop("max_results", None)), more.pop("next_token", None)
        started = PaginatedList(
            item
            for item in _all(original, self, context, state_machine_arn.rpartition(":")[0], more)
            if item.get("stateMachineAliasArn") == state_machine_arn
        )
        page, token = started.get_page(
            token_generator=lambda item: get_next_page_token_from_arn(item["executionArn"]),
            page_size=max_results,
            next_token=next_token,
        )
        return {"executions": page, "nextToken": token} if token else {"executions": page}

    return list_executions


def _all(
    original: Callable[..., Any],
    provider: StepFunctionsProvider,
    context: RequestContext,
    state_machine_arn: str,
    more: dict[str, Any],
) -> Iterator[Any]:
    """Yield all executions of the state machine, the newest first."""
    token = None
    while True:
        arguments = {"state_machine_arn": state_machine_arn, "max_results": PAGE, "next_token": token, **more}
        answer = original(provider, context, **arguments)
        yield from answer["executions"]
        token = answer.get("nextToken")
        if token is None:
            return
