"""The input of an execution, in the text that StartExecution received.

AWS's histories and DescribeExecution have that text unchanged, with its spaces; what states pass on is compact.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from localstack.aws.api import RequestContext
from localstack.aws.api.stepfunctions import HistoryEventType
from localstack.services.stepfunctions.asl.eval.event.event_manager import EventManager
from localstack.services.stepfunctions.backend.execution import Execution
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker
from localstack.services.stepfunctions.provider import StepFunctionsProvider

from localstack_plugin.replacing import wrap

RECEIVED: Final[ContextVar[str | None]] = ContextVar("RECEIVED", default=None)
"""The input of the request that is being handled."""
Method = Callable[..., Any]


def receiving(original: Method) -> Method:
    def start(
        self: StepFunctionsProvider,
        context: RequestContext,
        input: str | None = None,  # noqa: A002 (the parameter's name)
        **parameters: Any,
    ) -> Any:
        token = RECEIVED.set(input)
        try:
            return original(self, context, input=input, **parameters)
        finally:
            RECEIVED.reset(token)

    return start


def keeping(original: Method) -> Method:
    """Keep the text in the execution, where a redrive finds it again, and hand it to the worker."""

    def get_start_execution_details(self: Any) -> Any:
        text = self.input_text = getattr(self, "input_text", None) or RECEIVED.get()
        details = original(self)
        details.input_text = text
        return details

    return get_start_execution_details


def handing_on(original: Method) -> Method:
    def get_evaluation_environment(self: ExecutionWorker) -> Any:
        env = original(self)
        env.event_manager.input_text = getattr(self._evaluation_details.execution_details, "input_text", None)
        return env

    return get_evaluation_environment


def recording(original: Method) -> Method:
    def add_event(
        self: EventManager, context: Any, event_type: HistoryEventType, event_details: Any = None, **more: Any
    ) -> int:
        if event_type == HistoryEventType.ExecutionStarted and (text := getattr(self, "input_text", None)):
            event_details["executionStartedEventDetails"]["input"] = text
        event_id: int = original(self, context, event_type, event_details, **more)
        return event_id

    return add_event


def describing(original: Method) -> Method:
    def described(self: Execution) -> Any:
        output = original(self)
        return {**output, "input": getattr(self, "input_text", None) or output["input"]}

    return described


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.start_execution",
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.start_sync_execution",
        wrapper=receiving,
        why="LocalStack keeps the input of an execution as data, and writes it anew in answers and histories. Here it "
        "is the text that StartExecution received.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.get_start_execution_details",
        wrapper=keeping,
        why="The text of the input is kept in the execution.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker._get_evaluation_environment",
        wrapper=handing_on,
        why="The text of the input is passed to the history.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.eval.event.event_manager:EventManager.add_event",
        wrapper=recording,
        why="The event ExecutionStarted has the text of the input.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.to_describe_output",
        "localstack.services.stepfunctions.backend.execution:SyncExecution.to_start_sync_execution_output",
        wrapper=describing,
        why="DescribeExecution and StartSyncExecution answer with the text of the input.",
    )
