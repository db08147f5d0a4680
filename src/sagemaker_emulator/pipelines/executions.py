"""Executions of pipelines: started, stopped, retried, updated, listed, and answered while a callback step waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.errors import conflict, resource_not_found, validation
from sagemaker_emulator.jobs.job_threads import JobThreads
from sagemaker_emulator.pipelines.attempts import new_execution_id
from sagemaker_emulator.pipelines.definitions.definition import Definition
from sagemaker_emulator.pipelines.definitions.errors import DefinitionError
from sagemaker_emulator.pipelines.definitions.parameters import parameter_values
from sagemaker_emulator.pipelines.pipelines import Pipelines
from sagemaker_emulator.pipelines.run import FAILED, ExecutionRun, Surroundings
from sagemaker_emulator.pipelines.scope import ExecutionScope
from sagemaker_emulator.pipelines.selection import require_selectable, reused_records
from sagemaker_emulator.pipelines.step_records import ALL, StepRecords
from sagemaker_emulator.pipelines.steps.progress import Action
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.model_building.execution import (
    Answer,
    ExecutionStatus,
    PipelineExecution,
    StepExecution,
    StepStatus,
)
from sagemaker_emulator.resources.model_building.pipeline import Pipeline, PipelineVersion, parallelism_of
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.disk_full import DiskFull
from sagemaker_emulator.storage.listing import Filter, Page, created_between, in_json, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

PARALLEL_STEPS = 50
RETRYABLE = (ExecutionStatus.FAILED, ExecutionStatus.STOPPED)
SORT_COLUMNS = {"PipelineExecutionArn": "Name"}


class PipelineExecutions(Collection[PipelineExecution]):
    """The executions. They are found by ARN; the store knows them by their ids."""

    def __init__(
        self, store: Store, arns: Arns, aws: AwsClients, pipelines: Pipelines, actions: Mapping[str, Action]
    ) -> None:
        super().__init__(store, arns, PipelineExecution)
        self.records = StepRecords(store)
        self._aws, self.pipelines = aws, pipelines
        self._surroundings = Surroundings(self.records, actions)
        self._threads = JobThreads("pipeline execution")

    def start(self, request: dict[str, Any]) -> PipelineExecution:
        """Start an execution. A ClientRequestToken that was used before returns the execution that it started."""
        pipeline = self.pipelines.get(request["PipelineName"])
        if earlier := self._of_token(pipeline, request["ClientRequestToken"]):
            return earlier
        version = self.pipelines.version(
            pipeline, request.get("PipelineVersionId"), request.get("PipelineVersionAlias")
        )
        self._aws.execution_roles.require(request.get("RoleArn"))
        execution = _requested(pipeline, version, request)
        run = self._run_of(execution, version)
        reused = self._reused(run.definition, execution)

        def store() -> None:
            self._add(execution, {})
            self.pipelines.began(pipeline, version, execution)
            for record in reused:
                self.records.add(record)

        self._launch(run, store)
        return execution

    def stop(self, arn: str) -> PipelineExecution:
        def stopping(execution: PipelineExecution) -> PipelineExecution:
            if execution.status is ExecutionStatus.STOPPING:
                return execution
            if execution.is_over:
                raise validation(
                    f"Pipeline execution with ARN '{execution.arn}' has the status {execution.status}. "
                    "Only pipelines with 'Executing' status can be stopped."
                )
            return execution.moved_to(ExecutionStatus.STOPPING, time.time())

        execution = self._change(arn, stopping)
        self._threads.stop(execution.name)
        return execution

    def retry(self, request: dict[str, Any]) -> PipelineExecution:
        """Run again the steps of an execution that failed or were stopped, and those after them."""
        execution = self.get(request["PipelineExecutionArn"])
        if execution.retry_token == request["ClientRequestToken"]:
            return execution

        def store() -> None:
            self._change(execution.name, lambda one: _retried(one, request))
            for record in self.records.of(execution.name).values():
                if record.status in (StepStatus.FAILED, StepStatus.STOPPED):
                    self.records.change(record.name, lambda one: one.retried(time.time()))

        self._launch(self._run_of(execution, self.version_of(execution)), store)
        return execution

    def update(self, request: dict[str, Any]) -> PipelineExecution:
        """Change the names of an execution, and how many of its steps may be under way from now on."""

        def updated(execution: PipelineExecution) -> PipelineExecution:
            return replace(
                execution,
                modified=time.time(),
                description=request.get("PipelineExecutionDescription", execution.description),
                display_name=request.get("PipelineExecutionDisplayName", execution.display_name),
                parallelism=parallelism_of(request, execution.parallelism),
            )

        return self._change(request["PipelineExecutionArn"], updated)

    def answer(self, token: str, answer: Answer) -> StepExecution:
        """Give a callback step its answer. Raises ResourceNotFound for a token that no step waits for."""

        def answered(record: StepExecution) -> StepExecution:
            if record.answer is not None:
                raise conflict(f"The callback step with the token {token} has been answered.")
            return replace(record, answer=answer)

        with self._store.transaction():
            record = self.records.waiting_for(token)
            if record is None:
                raise resource_not_found(f"No callback step waits for the token {token}.")
            return self.records.change(record.name, answered)

    def get(self, name: str) -> PipelineExecution:
        """Return an execution by its ARN."""
        execution = self.find(name.rpartition("/execution/")[2])
        if execution is None or execution.arn.lower() != name.lower():
            raise self.missing(name)
        return execution

    def missing(self, name: str) -> AwsError:
        return resource_not_found(f"Pipeline execution with ARN '{name}' does not exist.")

    def existing(self, name: str, arn: str) -> AwsError:
        return conflict(f"The pipeline execution {arn} exists.")

    def page_of(self, pipeline: Pipeline, request: dict[str, Any]) -> Page:
        filters: list[Filter] = [in_json("$.pipeline", pipeline.name)]
        if alias := request.get("PipelineVersionAlias"):
            number = self.pipelines.version(pipeline, alias=alias).number
            filters.append(("json_extract(CAST(body AS TEXT), '$.version') = ?", (number,)))
        listed = created_between(request)
        if by := listed.get("SortBy"):
            listed["SortBy"] = SORT_COLUMNS.get(by, by)
        return page(self._store, PipelineExecution, listed, filters=filters)

    def version_of(self, execution: PipelineExecution) -> PipelineVersion:
        return self.pipelines.version(self.pipelines.get(execution.pipeline), execution.version)

    def parameters_of(self, execution: PipelineExecution) -> dict[str, Any]:
        """Return the values that the execution's parameters have, by name."""
        definition = Definition.parse(self.version_of(execution).definition)
        return {**parameter_values(definition.parameters, execution.parameters)}

    def experiment_of(self, execution: PipelineExecution) -> dict[str, Any]:
        """Return PipelineExperimentConfig of the execution's definition, evaluated."""
        run = self._run_of(execution, self.version_of(execution))
        return run.experiment

    def recover(self) -> None:
        """Continue the executions that were under way, after a restart in which the jobs were recovered first."""
        for execution in self._store.all(PipelineExecution):
            if not execution.is_over:
                self._take_up(execution)

    def close(self) -> None:
        """End the threads. What is under way stays as it is, for `recover`."""
        self._threads.close()

    def _take_up(self, execution: PipelineExecution) -> None:
        try:
            run = self._run_of(execution, self.version_of(execution))
        except AwsError as error:  # an earlier version accepted the definition, this one does not
            self._end(execution.name, ExecutionStatus.FAILED, str(error))
            return
        if execution.status is ExecutionStatus.STOPPING:
            run.halt.stop_requested.set()
        self._threads.start(execution.name, run, partial(self._finished, run))

    def _launch(self, run: ExecutionRun, store: Callable[[], None]) -> None:
        """Store an execution and start its thread. `stop` reaches its run as soon as requests can find it."""
        name = run.execution.name
        try:
            with self._store.transaction():
                store()
                self._threads.prepare(name, run, partial(self._finished, run))
        except DiskFull:
            self._threads.forget(name, run)
            raise
        self._threads.begin(name)

    def _run_of(self, execution: PipelineExecution, version: PipelineVersion) -> ExecutionRun:
        """Return a run of the execution. Raises ValidationException for a definition or parameters that are refused."""
        try:
            definition = Definition.parse(version.definition)
            values = parameter_values(definition.parameters, execution.parameters)
        except (DefinitionError, ValueError) as error:
            raise validation(str(error)) from error
        scope = ExecutionScope(execution, definition, values, lambda _: None, self._aws.s3)
        return ExecutionRun(scope, self._surroundings, partial(self._limit, execution.name))

    def _limit(self, name: str) -> int:
        execution = self.find(name)
        return execution.parallelism or PARALLEL_STEPS if execution else PARALLEL_STEPS

    def _reused(self, definition: Definition, execution: PipelineExecution) -> list[StepExecution]:
        """Return the results of another execution that a selective one uses."""
        if not execution.selected:
            return []
        require_selectable(definition, execution.selected)
        source: dict[str, StepExecution] = {}
        if execution.source_arn:
            reference = self.get(execution.source_arn)
            if reference.pipeline != execution.pipeline or not reference.is_over:
                raise validation(
                    f"SelectiveExecutionConfig: the source {reference.arn} must be an execution of pipeline "
                    f"{execution.pipeline} that has ended; its status is {reference.status}."
                )
            source = self.records.of(reference.name)
        return reused_records(definition, execution, source)

    def _of_token(self, pipeline: Pipeline, token: str) -> PipelineExecution | None:
        sql, parameters = in_json("$.client_token", token)
        executions = self._store.select(PipelineExecution, sql, parameters, "created", ALL)
        return next((execution for execution in executions if execution.pipeline == pipeline.name), None)

    def _finished(self, run: ExecutionRun, failure_reason: str | None) -> None:
        """Store the end of a run. `failure_reason` names a fault of the emulator, if there was one."""
        status = ExecutionStatus.FAILED if failure_reason else run.status()
        reason = failure_reason or (FAILED if status is ExecutionStatus.FAILED else None)
        self._end(run.execution.name, status, reason)

    def _end(self, name: str, status: ExecutionStatus, reason: str | None) -> None:
        def ended(execution: PipelineExecution) -> PipelineExecution:
            is_stopping = execution.status is ExecutionStatus.STOPPING and status is ExecutionStatus.SUCCEEDED
            return execution.moved_to(ExecutionStatus.STOPPED if is_stopping else status, time.time(), reason)

        self._change(name, ended)


def _requested(pipeline: Pipeline, version: PipelineVersion, request: dict[str, Any]) -> PipelineExecution:
    now, execution_id = time.time(), new_execution_id()
    selection = request.get("SelectiveExecutionConfig", {})
    return PipelineExecution(
        execution_id,
        f"{pipeline.arn}/execution/{execution_id}",
        created=now,
        modified=now,
        pipeline=pipeline.name,
        pipeline_arn=pipeline.arn,
        version=version.number,
        role_arn=request.get("RoleArn", pipeline.role_arn),
        display_name=request.get("PipelineExecutionDisplayName", f"execution-{int(now * 1000)}"),
        client_token=request["ClientRequestToken"],
        parameters={one["Name"]: one["Value"] for one in request.get("PipelineParameters", ())},
        description=request.get("PipelineExecutionDescription"),
        parallelism=parallelism_of(request, pipeline.parallelism),
        selected=tuple(one["StepName"] for one in selection.get("SelectedSteps", ())),
        source_arn=selection.get("SourcePipelineExecutionArn"),
    )


def _retried(execution: PipelineExecution, request: dict[str, Any]) -> PipelineExecution:
    if execution.status not in RETRYABLE:
        raise validation(
            f"Pipeline execution with ARN '{execution.arn}' has the status {execution.status}. "
            "Only pipelines with 'Failed' or 'Stopped' status can be retried."
        )
    retried = execution.moved_to(ExecutionStatus.EXECUTING, time.time())
    return replace(
        retried,
        parallelism=parallelism_of(request, execution.parallelism),
        retry_token=request["ClientRequestToken"],
    )
