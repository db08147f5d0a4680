"""Executions of pipelines and of steps make legal moves only."""

from __future__ import annotations

import pytest

from sagemaker_emulator.resources.model_building.execution import (
    ExecutionStatus,
    PipelineExecution,
    StepExecution,
    StepStatus,
)

EXECUTION = PipelineExecution("id", "arn", 1.0, 1.0, "p", "p-arn", 1, "role", "shown", "token")
STEP = StepExecution("id/s", "arn", 1.0, 1.0, "p", "p-arn", "e-arn", "s", "Training")


@pytest.mark.parametrize(
    ("moves", "is_legal"),
    [
        (["Succeeded"], True),
        (["Failed", "Executing"], True),
        (["Stopping", "Stopped", "Executing"], True),
        (["Stopping", "Failed"], True),
        (["Stopped"], False),
        (["Stopping", "Succeeded"], False),
        (["Succeeded", "Executing"], False),
        (["Failed", "Succeeded"], False),
    ],
)
def test_an_execution_makes_legal_moves_only(moves: list[str], is_legal: bool) -> None:
    execution = EXECUTION
    *before, last = [ExecutionStatus(move) for move in moves]
    for status in before:
        execution = execution.moved_to(status, 2.0)
    if not is_legal:
        with pytest.raises(ValueError, match=f"cannot go from {execution.status} to {last}"):
            execution.moved_to(last, 3.0)
        return
    moved = execution.moved_to(last, 3.0)
    assert (moved.status, moved.previous_status) == (last, execution.status)
    assert (moved.ended is not None) == moved.is_over


@pytest.mark.parametrize(
    ("moves", "is_legal"),
    [
        (["Executing", "Succeeded"], True),
        (["Failed", "Starting", "Executing"], True),
        (["Executing", "Stopping", "Stopped", "Starting"], True),
        (["Executing", "Starting"], False),
        (["Succeeded", "Starting"], False),
        (["Executing", "Succeeded", "Failed"], False),
    ],
)
def test_a_step_makes_legal_moves_only(moves: list[str], is_legal: bool) -> None:
    step = STEP
    *before, last = [StepStatus(move) for move in moves]
    for status in before:
        step = step.moved_to(status, 2.0)
    if not is_legal:
        with pytest.raises(ValueError, match=f"cannot go from {step.status} to {last}"):
            step.moved_to(last, 3.0)
        return
    assert step.moved_to(last, 3.0).previous_status is step.status


def test_another_attempt_forgets_what_the_last_one_created() -> None:
    again = STEP.planned("job", None).to_be_tried_again(5.0)
    assert (again.attempts, again.failures, again.resource_name, again.is_due) == (2, 1, None, False)


def test_a_retried_step_begins_with_new_attempts_for_its_policies() -> None:
    failed = STEP.planned("job", "key").to_be_tried_again(5.0).moved_to(StepStatus.FAILED, 2.0, "why")
    retried = failed.retried(3.0)
    assert (retried.status, retried.attempts, retried.failures, retried.is_due) == (StepStatus.STARTING, 3, 0, True)
    assert (retried.failure_reason, retried.ended, retried.resource_name) == (None, None, None)
