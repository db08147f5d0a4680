"""Run one execution of a pipeline in its own thread: begin steps, look at them, and end when none is left.

Each round looks once at every step that is not over, then begins those that have become ready, as many as the limit
allows. A step is ready when the steps that it waits for have succeeded and its Condition has chosen its branch; a step
that never becomes ready is skipped, and has no record.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, is_temporary
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.job_threads import JobLeft
from sagemaker_emulator.pipelines.attempts import evaluated_keys, final_reason, pause_after, refused, resource_name
from sagemaker_emulator.pipelines.definitions.caching import cache_key
from sagemaker_emulator.pipelines.definitions.errors import ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import evaluate
from sagemaker_emulator.pipelines.definitions.steps import Step
from sagemaker_emulator.pipelines.scope import ExecutionScope
from sagemaker_emulator.pipelines.step_records import StepRecords
from sagemaker_emulator.pipelines.steps.progress import Action, Progress, StepCall, failed
from sagemaker_emulator.resources.model_building.execution import (
    ExecutionStatus,
    PipelineExecution,
    StepExecution,
    StepStatus,
)
from sagemaker_emulator.storage.disk_full import when_there_is_room
from sagemaker_emulator.wire import AwsError

POLL_S, POLL_MAX_S = 0.05, 0.2
FAILED = "Step failure: One or multiple steps failed."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """The records and actions that the runs of all executions share."""

    records: StepRecords
    actions: Mapping[str, Action]


class ExecutionRun:
    """One run of an execution to its end. `limit` returns how many steps may be under way at the same time."""

    def __init__(self, scope: ExecutionScope, surroundings: Surroundings, limit: Callable[[], int]) -> None:
        self.halt, self.execution = Halt(), scope.execution
        self.definition, self._records, self._actions = scope.definition, surroundings.records, surroundings.actions
        self._limit, self._is_stopping, self._has_changed = limit, False, False
        self._steps: dict[str, StepExecution] = {}
        self._scope = replace(scope, record_of=self._steps.get)
        self._evaluated: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}  # by planned name

    def run(self) -> None:
        """Run the execution. JobLeft means that the next emulator continues it."""
        self._steps.update(self._records.of(self.execution.name))
        pause_s = POLL_S
        while self._goes_on():
            pause_s = POLL_S if self._has_changed else min(POLL_MAX_S, pause_s * 1.5)
            self._has_changed = False
            if self.halt.abandoned.wait(pause_s):
                raise JobLeft

    def status(self) -> ExecutionStatus:
        """Return the last status of the execution, after `run` has returned."""
        statuses = {record.status for record in self._steps.values()}
        if StepStatus.FAILED in statuses:
            return ExecutionStatus.FAILED
        return ExecutionStatus.STOPPED if self._is_stopping else ExecutionStatus.SUCCEEDED

    @cached_property
    def experiment(self) -> dict[str, Any]:
        """Return PipelineExperimentConfig, evaluated once: all steps have the same one."""
        config: dict[str, Any] = evaluate(dict(self.definition.experiment), self._scope)
        return config

    def _goes_on(self) -> bool:
        """Do one round; return False when no step is under way and no other may begin."""
        if self.halt.stop_requested.is_set() and not self._is_stopping:
            self._is_stopping = True
            for record in self._under_way():
                self._stop(record)
        for record in self._under_way():
            self._tend(record)
        for step in self._ready():
            if self._may_begin() and len(self._under_way()) < self._limit():
                self._begin(step)
        return bool(self._under_way() or self._ready())

    def _under_way(self) -> list[StepExecution]:
        return [record for record in self._steps.values() if not record.is_over]

    def _may_begin(self) -> bool:
        return not self._is_stopping and self.status() is not ExecutionStatus.FAILED

    def _ready(self) -> list[Step]:
        """Return the steps that may begin now, in the order of the definition."""
        if not self._may_begin():
            return []
        selected = self.execution.selected
        return [
            step
            for step in self.definition.steps.values()
            if step.name not in self._steps and (not selected or step.name in selected) and self._is_ready(step)
        ]

    def _is_ready(self, step: Step) -> bool:
        for name in step.dependencies:
            record = self._steps.get(name)
            if record is None or record.status is not StepStatus.SUCCEEDED:
                return False
        return step.parent is None or self._steps[step.parent].properties["Outcome"] == str(step.branch)

    def _begin(self, step: Step) -> None:
        record = new_record(step, self.execution)
        when_there_is_room(lambda: self._records.add(record), self.halt.abandoned.is_set)
        self._steps[step.name] = record
        self._tend(record)

    def _tend(self, record: StepExecution) -> None:
        """Start the attempt that is due, or look at the one under way."""
        step = self.definition.steps[record.step]
        if record.resource_name is None and not record.is_due:
            return
        begins = record.resource_name is None or record.status is StepStatus.STARTING
        try:
            progress = self._start(step, record) if begins else self._look(step, record)
        except (ExpressionError, AwsError, OSError, *AWS_ERRORS) as error:
            if not begins and is_temporary(error):
                return  # the next round looks again: the attempt itself is under way
            progress = refused(step, error)
        except JobLeft:
            raise
        except Exception as error:  # the edge of an action: the steps beside it are still watched
            log.exception("step %s", record.name)
            progress = failed(f"InternalServerError: {error!r}")
        if progress:
            self._apply(step, self._steps[step.name], progress)

    def _look(self, step: Step, record: StepExecution) -> Progress:
        record = self._latest(record)
        assert record.resource_name is not None
        return self._actions[step.type].look(self._call(step, record, record.resource_name))

    def _start(self, step: Step, record: StepExecution) -> Progress | None:
        """Begin an attempt, unless an earlier result can be used again. Its name is stored first."""
        is_resumed = record.resource_name is not None
        name = record.resource_name or resource_name(step, self.execution.name)
        call = self._call(step, record, name)
        if not is_resumed:
            key = cache_key(step.type, call.arguments, evaluated_keys(call.members)) if step.cache else None
            if key and self._is_cached(step, record, key):
                return None
            record = self._store(record, lambda latest: latest.planned(name, key))
        return self._actions[step.type].start(replace(call, record=record, is_resumed=is_resumed))

    def _is_cached(self, step: Step, record: StepExecution, key: str) -> bool:
        assert step.cache is not None
        source = self._records.cached(record.pipeline_arn, key, step.cache.expire_after_s)
        if source is None:
            return False
        self._store(
            record,
            lambda latest: replace(
                latest.moved_to(StepStatus.SUCCEEDED, time.time()),
                metadata=source.metadata,
                properties=source.properties,
                cached_from=source.execution_arn,
            ),
        )
        return True

    def _stop(self, record: StepExecution) -> None:
        step, name = self.definition.steps[record.step], record.resource_name
        status = StepStatus.STOPPING if name and record.status is StepStatus.EXECUTING else StepStatus.STOPPED
        try:
            if name:
                self._actions[step.type].stop(self._call(step, record, name))
        except (ExpressionError, AwsError, *AWS_ERRORS) as error:
            log.warning("step %s could not be told to stop: %s", record.name, error)
        except Exception:  # the edge of an action: the steps beside it must be stopped, too
            log.exception("step %s could not be told to stop", record.name)
        if record.status is not StepStatus.STOPPING:
            self._store(record, lambda latest: latest.moved_to(status, time.time()))

    def _call(self, step: Step, record: StepExecution, name: str) -> StepCall:
        """Evaluate a step's expressions, once for each attempt. Conditions are evaluated by their action, as needed."""
        scope = replace(self._scope, resource_name=name)
        if name not in self._evaluated:
            arguments = {} if step.type == "Condition" else dict(step.arguments)
            self._evaluated[name] = evaluate(arguments, scope), evaluate(dict(step.members), scope)
        arguments, members = self._evaluated[name]
        return StepCall(step, record, self.execution, scope, arguments, members, self.experiment)

    def _apply(self, step: Step, record: StepExecution, progress: Progress) -> None:
        """Store the progress of a step, if it is new."""
        if progress.status is StepStatus.EXECUTING:
            is_first = record.status is StepStatus.STARTING
            if is_first or (progress.metadata != record.metadata and record.status is StepStatus.EXECUTING):
                self._store(record, lambda latest: _executing(latest, progress))
            return
        if progress.status is StepStatus.FAILED and not self._is_stopping:
            pause_s = pause_after(step, record, progress)
            if pause_s is not None:
                log.info("step %s is tried again in %g s: %s", record.name, pause_s, progress.failure_reason)
                self._store(record, lambda latest: latest.to_be_tried_again(pause_s))
                return
        self._store(record, lambda latest: _ended(step, latest, progress))

    def _latest(self, record: StepExecution) -> StepExecution:
        """Return a record with the changes that operations have made: the answer to a callback."""
        if record.type == "Callback":
            self._steps[record.step] = record = self._records.get(record.name)
        return record

    def _store(self, record: StepExecution, change: Callable[[StepExecution], StepExecution]) -> StepExecution:
        changed = when_there_is_room(lambda: self._records.change(record.name, change), self.halt.abandoned.is_set)
        self._steps[record.step], self._has_changed = changed, True
        return changed


def new_record(step: Step, execution: PipelineExecution) -> StepExecution:
    now = time.time()
    return StepExecution(
        f"{execution.name}/{step.name}",
        f"{execution.arn}/step/{step.name}",
        created=now,
        modified=now,
        pipeline=execution.pipeline,
        pipeline_arn=execution.pipeline_arn,
        execution_arn=execution.arn,
        step=step.name,
        type=step.type,
        display_name=step.display_name,
        description=step.description,
        started=now,
    )


def _executing(record: StepExecution, progress: Progress) -> StepExecution:
    if record.status is StepStatus.STARTING:
        record = record.moved_to(StepStatus.EXECUTING, time.time())
    return replace(record, metadata=progress.metadata)


def _ended(step: Step, record: StepExecution, progress: Progress) -> StepExecution:
    is_failed = progress.status is StepStatus.FAILED
    reason = final_reason(step, record, progress) if is_failed else None
    moved = record.moved_to(progress.status, time.time(), reason)
    return replace(moved, metadata=progress.metadata or record.metadata, properties=progress.properties)
