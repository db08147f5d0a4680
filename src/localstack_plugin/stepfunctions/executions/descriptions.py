"""What DescribeStateMachine tells."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api.stepfunctions import EncryptionConfiguration, EncryptionType, TracingConfiguration
from localstack.services.stepfunctions.backend.state_machine import StateMachineInstance

from localstack_plugin.replacing import wrap


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.state_machine:StateMachineInstance.describe",
        wrapper=complete,
        why="LocalStack's answer lacks tracingConfiguration and encryptionConfiguration.",
    )


def complete(original: Callable[[StateMachineInstance], Any]) -> Callable[[StateMachineInstance], Any]:
    def describe(self: StateMachineInstance) -> Any:
        described = original(self)
        described["tracingConfiguration"] = self.tracing_config or TracingConfiguration(enabled=False)
        described["encryptionConfiguration"] = EncryptionConfiguration(type=EncryptionType.AWS_OWNED_KEY)
        return described

    return describe
