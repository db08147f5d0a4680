"""The interface of all types of steps: the call of an action, and the progress that the action returns.

An action never waits for its step. `start` begins an attempt, or finds, as after a restart of the emulator, that it has
begun already; `look` returns its progress. Both are called by the thread of the step's execution. AwsError and boto3's
errors mean that the attempt could not begin.
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
    """The progress of a step. `exception_type` is the type of a failure in retry policies, or None."""

    status: StepStatus
    metadata: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    exception_type: str | None = None


@dataclass(frozen=True)
class StepCall:
    """One step of an execution, as it is now. `arguments` and `members` are evaluated.

    `experiment` is PipelineExperimentConfig, empty for a pipeline without one. `is_resumed` means that an earlier
    emulator has planned the attempt, and perhaps begun it.
    """

    step: Step
    record: StepExecution
    execution: PipelineExecution
    scope: Scope
    arguments: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)
    experiment: dict[str, Any] = field(default_factory=dict)
    is_resumed: bool = False

    @property
    def resource_name(self) -> str:
        assert self.record.resource_name is not None
        return self.record.resource_name

    def metadata(self, **members: Any) -> dict[str, Any]:
        return {self.step.kind.metadata: members}


class Action(Protocol):
    """The actions on the steps of one type."""

    def start(self, call: StepCall) -> Progress: ...
    def look(self, call: StepCall) -> Progress: ...
    def stop(self, call: StepCall) -> None: ...


def executing(metadata: dict[str, Any]) -> Progress:
    return Progress(StepStatus.EXECUTING, metadata)


def succeeded(metadata: dict[str, Any], properties: dict[str, Any]) -> Progress:
    """Return the end of a step. Enumerations in its properties become texts, which conditions can compare."""
    return Progress(StepStatus.SUCCEEDED, metadata, msgspec.to_builtins(properties))


def failed(reason: str, metadata: dict[str, Any] | None = None, exception_type: str | None = None) -> Progress:
    return Progress(StepStatus.FAILED, metadata or {}, {}, reason, exception_type)
