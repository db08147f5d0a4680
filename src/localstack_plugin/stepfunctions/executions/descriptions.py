"""Add what LocalStack's descriptions of state machines, activities and synchronous executions lack."""

import math
from collections.abc import Callable
from typing import Any, Final

from localstack.aws.api import RequestContext
from localstack.aws.api.stepfunctions import (
    BillingDetails,
    EncryptionConfiguration,
    EncryptionType,
    IncludedData,
    TracingConfiguration,
)
from localstack.services.stepfunctions.backend.activity import Activity
from localstack.services.stepfunctions.backend.execution import Execution, SyncExecution
from localstack.services.stepfunctions.backend.state_machine import StateMachineInstance
from localstack.services.stepfunctions.provider import StepFunctionsProvider

from localstack_plugin.replacing import wrap

BILLED_MS, BILLED_MB = 100, 64
"""AWS bills memory in parts of 64 MB and time in parts of 100 ms (aws.amazon.com/step-functions/pricing)."""
DATA: Final = ("input", "inputDetails", "output", "outputDetails")
OWNED_KEY: Final = EncryptionConfiguration(type=EncryptionType.AWS_OWNED_KEY)


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.state_machine:StateMachineInstance.describe",
        wrapper=complete,
        why="LocalStack's answer lacks tracingConfiguration and encryptionConfiguration.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.to_describe_state_machine_for_execution_output",
        wrapper=complete_for_execution,
        why="LocalStack's answer lacks tracingConfiguration and encryptionConfiguration.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.activity:Activity.to_describe_activity_output",
        wrapper=encryption,
        why="LocalStack's answer lacks encryptionConfiguration.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution:SyncExecution.to_start_sync_execution_output",
        wrapper=billing,
        why="LocalStack's answer lacks billingDetails.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.start_sync_execution",
        wrapper=including,
        why="LocalStack's answer has input and output although includedData is METADATA_ONLY.",
    )


def complete(original: Callable[[StateMachineInstance], Any]) -> Callable[[StateMachineInstance], Any]:
    def describe(self: StateMachineInstance) -> Any:
        return {**original(self), **configurations(self)}

    return describe


def complete_for_execution(original: Callable[[Execution], Any]) -> Callable[[Execution], Any]:
    def describe(self: Execution) -> Any:
        return {**original(self), **configurations(self.state_machine)}

    return describe


def encryption(original: Callable[[Activity], Any]) -> Callable[[Activity], Any]:
    def describe(self: Activity) -> Any:
        return {**original(self), "encryptionConfiguration": OWNED_KEY}

    return describe


def configurations(machine: StateMachineInstance) -> dict[str, Any]:
    tracing = machine.tracing_config or TracingConfiguration(enabled=False)
    return {"tracingConfiguration": tracing, "encryptionConfiguration": OWNED_KEY}


def billing(original: Callable[[SyncExecution], Any]) -> Callable[[SyncExecution], Any]:
    def output(self: SyncExecution) -> Any:
        answer = original(self)
        duration_ms = (answer["stopDate"] - answer["startDate"]).total_seconds() * 1000
        billed_ms = max(1, math.ceil(duration_ms / BILLED_MS)) * BILLED_MS
        details = BillingDetails(billedMemoryUsedInMB=BILLED_MB, billedDurationInMilliseconds=billed_ms)
        return {**answer, "billingDetails": details}

    return output


def including(original: Callable[..., Any]) -> Callable[..., Any]:
    def start_sync_execution(
        self: StepFunctionsProvider, context: RequestContext, included_data: str | None = None, **parameters: Any
    ) -> Any:
        answer = original(self, context, included_data=included_data, **parameters)
        if included_data != IncludedData.METADATA_ONLY:
            return answer
        return {name: value for name, value in answer.items() if name not in DATA}

    return start_sync_execution
