"""Limits of requests (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

from collections.abc import Callable
from typing import Any, Final

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.stepfunctions import InvalidExecutionInput, InvalidOutput
from localstack.services.stepfunctions.provider import StepFunctionsProvider

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.executions.compact_json import compact

MOST_BYTES: Final = 262_144
LONGEST_DEFINITION_BYTES: Final = 1_048_576
Operation = Callable[..., Any]


def within_data_limit(original: Operation) -> Operation:
    def start(
        self: StepFunctionsProvider,
        context: RequestContext,
        name: str | None = None,
        input: str | None = None,  # noqa: A002 (the parameter's name)
        **parameters: Any,
    ) -> Any:
        check_length("input", input, MOST_BYTES)
        if len((input or "").encode()) > MOST_BYTES:
            raise InvalidExecutionInput(
                f"Invalid State Machine Execution Input: 'The input has more than {MOST_BYTES} bytes of UTF-8'"
            )
        if name is not None:
            self._validate_activity_name(name)  # the same characters and length
        return original(self, context, name=name, input=input, **parameters)

    return start


def within_output_limit(original: Operation) -> Operation:
    def send(self: StepFunctionsProvider, context: RequestContext, output: str, **parameters: Any) -> Any:
        check_length("output", output, MOST_BYTES)
        if len(output.encode()) > MOST_BYTES:
            raise InvalidOutput(f"Invalid Output: 'The output has more than {MOST_BYTES} bytes of UTF-8'")
        return original(self, context, output=output, **parameters)

    return send


def check_length(member: str, value: str | None, longest: int) -> None:
    if value is not None and len(value) > longest:
        raise CommonServiceException(
            code="ValidationException",
            message=f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have "
            f"length less than or equal to {longest}",
        )


def within_definition_limit(original: Operation) -> Operation:
    def of_request(self: StepFunctionsProvider, context: RequestContext, request: Any, **parameters: Any) -> Any:
        check_length("definition", request["definition"], LONGEST_DEFINITION_BYTES)
        return original(self, context, request, **parameters)

    return of_request


def within_own_definition_limit(original: Operation) -> Operation:
    def of_parameters(
        self: StepFunctionsProvider, context: RequestContext, definition: str | None = None, **parameters: Any
    ) -> Any:
        check_length("definition", definition, LONGEST_DEFINITION_BYTES)
        return original(self, context, definition=definition, **parameters)

    return of_parameters


def is_within_data_limit(value: Any) -> bool:
    return text_is_within_data_limit(compact(value))


def text_is_within_data_limit(text: str) -> bool:
    return len(text.encode()) <= MOST_BYTES


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state:is_within_size_quota",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.state_task_lambda"
        ":is_within_size_quota",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service"
        ":is_within_size_quota",
        by=is_within_data_limit,
        why="LocalStack counts a text without its quotes, and refuses exactly 262,144 bytes. Here the bytes of the "
        "JSON are counted.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.start_execution",
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.start_sync_execution",
        wrapper=within_data_limit,
        why="LocalStack takes any input and any name. More than 262,144 bytes and an invalid name are refused.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.send_task_success",
        wrapper=within_output_limit,
        why="LocalStack takes an output of any size. More than 262,144 bytes are refused.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.create_state_machine",
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.validate_state_machine_definition",
        wrapper=within_definition_limit,
        why="LocalStack takes a definition of any size. More than 1 MB is refused.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.update_state_machine",
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.test_state",
        wrapper=within_own_definition_limit,
        why="The same for the operations whose provider takes the definition as a parameter.",
    )
