"""What every type of step has: the call of an action, and the progress that it answers.

An action never waits for its step. `start` begins an attempt, or finds that it has begun already, as after a restart of
the emulator; `look` says how far it is. Both are called by the thread of the step's execution. AwsError, and what boto3
raises, mean that the attempt could not begin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from sagemaker_emulator.pipelines.definitions.expressions import Scope
from sagemaker_emulator.pipelines.definitions.steps import Step
from sagemaker_emulator.resources.model_building.execution import PipelineExecution, StepExecution, StepStatus

FAILED_BY_CLIENT = "ClientError: "


@dataclass(frozen=True)
class Progress:
    """How far a step is. `exception_type` is the one by which a retry policy knows a failure, or None."""

    status: StepStatus
    metadata: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    exception_type: str | None = None


@dataclass(frozen=True)
class StepCall:
    """One step of an execution, as it is now. `arguments` and `members` are evaluated.

    `is_resumed` means that an earlier emulator has planned the attempt, and perhaps begun it.
    """

    step: Step
    record: StepExecution
    execution: PipelineExecution
    scope: Scope
    arguments: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)
    is_resumed: bool = False

    @property
    def resource_name(self) -> str:
        assert self.record.resource_name is not None
        return self.record.resource_name

    def metadata(self, **members: Any) -> dict[str, Any]:
        return {self.step.kind.metadata: members}


class Action(Protocol):
    """How the steps of one type are carried out."""

    def start(self, call: StepCall) -> Progress: ...
    def look(self, call: StepCall) -> Progress: ...
    def stop(self, call: StepCall) -> None: ...


def executing(metadata: dict[str, Any]) -> Progress:
    return Progress(StepStatus.EXECUTING, metadata)


def succeeded(metadata: dict[str, Any], properties: dict[str, Any]) -> Progress:
    """Return the end of a step. Its properties are plain: a status of the emulator's own would not equal its text."""
    return Progress(StepStatus.SUCCEEDED, metadata, msgspec.to_builtins(properties))


def failed(reason: str, metadata: dict[str, Any] | None = None, exception_type: str | None = None) -> Progress:
    return Progress(StepStatus.FAILED, metadata or {}, {}, reason, exception_type)
