"""The executions of an account and region, which requests go through while others start executions.

A request goes through a copy of them: Python ends a loop over a dictionary that changes meanwhile with an error.
"""

import base64
from collections import OrderedDict
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from localstack_plugin.replacing import replace, wrap

LONGEST_TOKEN = 3096
STATUSES = frozenset({"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"})
RUNNING = "RUNNING"
START = attrgetter("start_date")


class StoredExecutions(OrderedDict[str, Any]):
    """Executions by ARN. The values are those of the moment, in a list of their own: copying them is atomic.

    Those of each state machine are also kept together, so that a list of few does not visit all of the account, and
    those of them that have not ended once more. Step Functions removes none: it has no operation that does.
    """

    def __init__(self, *given: Any) -> None:
        self._together: dict[str, dict[str, Any]] = {}
        self._under_way: dict[str, dict[str, Any]] = {}
        super().__init__(*given)

    def __setitem__(self, arn: str, execution: Any) -> None:
        super().__setitem__(arn, execution)
        for group in (self._together, self._under_way):
            group.setdefault(execution.state_machine_arn, {})[arn] = execution

    def values(self) -> list[Any]:  # type: ignore[override]
        return list(dict.values(self))  # a third of the time of OrderedDict's, which looks each up

    def of(self, state_machine_arn: str) -> list[Any]:
        """Return the executions of a state machine, those of its versions included."""
        return list(self._together.get(state_machine_arn, {}).values())

    def under_way(self, state_machine_arn: str) -> list[Any]:
        """Return those that have not ended. One that is redriven has been stored again, once it was running."""
        under_way = self._under_way.get(state_machine_arn, {})
        for arn, execution in list(under_way.items()):
            if has_ended(execution):
                under_way.pop(arn, None)
                if not has_ended(execution):  # redriven meanwhile
                    under_way[arn] = execution
        return list(under_way.values())


def has_ended(execution: Any) -> bool:
    return execution.exec_status not in (None, RUNNING)


def page_of(
    executions: Iterable[Any], state_machine_arn: str, status: str | None, size: int, token: str | None
) -> tuple[list[Any], str | None]:
    """Return a page of the executions of a state machine or version, the newest first, and the next page's token.

    The execution of a token may have changed its status since: the page begins where it would be. Few executions of an
    account have a status that is asked for, such as RUNNING, so the status is compared first, and only they are sorted.
    """
    first = execution_of(token)
    wanted = [
        each
        for each in executions
        if (not status or each.exec_status == status or each.exec_arn == first)
        and state_machine_arn in (each.state_machine_arn, each.state_machine_version_arn)
    ]
    wanted.sort(key=START, reverse=True)
    begin = next((index for index, each in enumerate(wanted) if each.exec_arn == first), 0) if first else 0
    rest = [each for each in wanted[begin:] if not status or each.exec_status == status]
    return rest[:size], token_of(rest[size]) if size < len(rest) else None


def token_of(execution: Any) -> str:
    """Return LocalStack's token of the page that begins with the execution."""
    return base64.b64encode(execution.exec_arn.encode()).decode()


def execution_of(token: str | None) -> str:
    """Return the ARN of the execution that a token is of; empty for one that is no token of ours, and without one."""
    try:
        return base64.b64decode(token or "", validate=True).decode()
    except ValueError:
        return ""


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
        is_short = status_filter == RUNNING and not next_token  # the execution of a token may have ended
        those_of = store.executions.under_way if is_short else store.executions.of
        executions = those_of(getattr(machine, "source_arn", machine.arn))  # a version has its machine's ARN
        page, token = page_of(executions, machine.arn, status_filter, size, next_token)
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
        why="LocalStack describes all executions of a state machine to answer with a page of them, and checks every "
        "execution of the account, slowly, for a match. Only those of the state machine are visited, only those of the "
        "status asked for are sorted, and only those of the page are described.",
    )
