"""The executions of an account and region, which requests go through while others start executions.

A request goes through a copy of them: Python ends a loop over a dictionary that changes meanwhile with an error.
"""

import base64
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from localstack_plugin.replacing import replace, wrap

LONGEST_TOKEN = 3096
STATUSES = frozenset({"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"})


class StoredExecutions(OrderedDict[str, Any]):
    """Executions by ARN. The values are those of the moment, in a list of their own: copying them is atomic."""

    def values(self) -> list[Any]:  # type: ignore[override]
        return list(super().values())


def page_of(
    executions: Iterable[Any], state_machine_arn: str, status: str | None, size: int, token: str | None
) -> tuple[list[Any], str | None]:
    """Return a page of the executions of a state machine or version, the newest first, and the next page's token.

    The execution of a token may have changed its status since: the page begins where it would be.
    """
    own = [each for each in executions if state_machine_arn in (each.state_machine_arn, each.state_machine_version_arn)]
    own.sort(key=lambda execution: execution.start_date, reverse=True)
    begin = next((index for index, each in enumerate(own) if token_of(each) == token), 0) if token else 0
    rest = [each for each in own[begin:] if not status or each.exec_status == status]
    return rest[:size], token_of(rest[size]) if size < len(rest) else None


def token_of(execution: Any) -> str:
    """Return LocalStack's token of the page that begins with the execution."""
    return base64.b64encode(execution.exec_arn.encode()).decode()


def by_pages(original: Callable[..., Any]) -> Callable[..., Any]:
    """Answer what can be answered; leave the rest to LocalStack, which refuses it."""
    from localstack.aws.api.stepfunctions import StateMachineType
    from localstack.services.stepfunctions.stepfunctions_utils import (
        assert_pagination_parameters_valid,
        normalise_max_results,
    )

    def list_executions(
        self: Any,
        context: Any,
        state_machine_arn: str | None = None,
        status_filter: str | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
        **more: Any,
    ) -> Any:
        store = self.get_store(context)
        machine = store.state_machines.get(state_machine_arn)
        is_listed = machine is not None and machine.sm_type == StateMachineType.STANDARD
        if not is_listed or (status_filter and status_filter not in STATUSES):
            return original(self, context, state_machine_arn, status_filter, max_results, next_token, **more)
        assert_pagination_parameters_valid(max_results, next_token, next_token_length_limit=LONGEST_TOKEN)
        size = normalise_max_results(max_results)
        page, token = page_of(store.executions.values(), machine.arn, status_filter, size, next_token)
        return {"executions": [each.to_execution_list_item() for each in page], "nextToken": token}

    return list_executions


def install() -> None:
    from localstack.services.stepfunctions.backend.store import SFNStore
    from localstack.services.stores import LocalAttribute

    executions = LocalAttribute(default=StoredExecutions)
    executions.__set_name__(SFNStore, "executions")
    replace(
        "localstack.services.stepfunctions.backend.store:SFNStore.executions",
        by=executions,
        why="In LocalStack requests that go through all executions, such as ListExecutions, SendTaskSuccess and "
        "DescribeMapRun, fail with InternalError when an execution starts meanwhile. They go through a copy.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.list_executions",
        wrapper=by_pages,
        why="LocalStack describes all executions of a state machine to answer with a page of them, and compares each "
        "in the account slowly. Only those of the page are described.",
    )
