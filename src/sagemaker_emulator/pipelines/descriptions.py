"""Descriptions of pipelines, executions and steps, as Describe, List and events have them: pure functions."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.pipelines.definitions.expressions import text_of
from sagemaker_emulator.pipelines.scope import instant
from sagemaker_emulator.resources.model_building.execution import PipelineExecution, StepExecution
from sagemaker_emulator.resources.model_building.pipeline import Pipeline, PipelineVersion
from sagemaker_emulator.wire import present

Description = dict[str, Any]


def describe_pipeline(pipeline: Pipeline, version: PipelineVersion) -> Description:
    return present(
        {
            "PipelineArn": pipeline.arn,
            "PipelineName": pipeline.name,
            "PipelineDisplayName": pipeline.display_name,
            "PipelineDefinition": version.definition,
            "PipelineDescription": pipeline.description,
            "RoleArn": pipeline.role_arn,
            "PipelineStatus": "Active",
            "CreationTime": pipeline.created,
            "LastModifiedTime": pipeline.modified,
            "LastRunTime": pipeline.last_run,
            "CreatedBy": {},
            "LastModifiedBy": {},
            "ParallelismConfiguration": _parallelism(pipeline.parallelism),
            "PipelineVersionDisplayName": version.display_name,
            "PipelineVersionDescription": version.description,
            "PipelineVersionAliases": list(version.aliases) or None,
        }
    )


def summarize_pipeline(pipeline: Pipeline) -> Description:
    return present(
        {
            "PipelineArn": pipeline.arn,
            "PipelineName": pipeline.name,
            "PipelineDisplayName": pipeline.display_name,
            "PipelineDescription": pipeline.description,
            "RoleArn": pipeline.role_arn,
            "CreationTime": pipeline.created,
            "LastModifiedTime": pipeline.modified,
            "LastExecutionTime": pipeline.last_run,
        }
    )


def summarize_version(pipeline: Pipeline, version: PipelineVersion) -> Description:
    return present(
        {
            "PipelineArn": pipeline.arn,
            "PipelineVersionId": version.number,
            "CreationTime": version.created,
            "PipelineVersionDescription": version.description,
            "PipelineVersionDisplayName": version.display_name,
            "LastExecutionPipelineExecutionArn": version.last_execution_arn,
            "PipelineVersionAliases": list(version.aliases) or None,
        }
    )


def describe_execution(execution: PipelineExecution, version: PipelineVersion, experiment: Description) -> Description:
    """Return the answer of DescribePipelineExecution. `experiment` is PipelineExperimentConfig, evaluated."""
    selective = {
        "SourcePipelineExecutionArn": execution.source_arn,
        "SelectedSteps": [{"StepName": name} for name in execution.selected],
    }
    return present(
        {
            "PipelineArn": execution.pipeline_arn,
            "PipelineExecutionArn": execution.arn,
            "PipelineExecutionDisplayName": execution.display_name,
            "PipelineExecutionStatus": execution.status,
            "PipelineExecutionDescription": execution.description,
            "PipelineExperimentConfig": experiment or None,
            "FailureReason": execution.failure_reason,
            "CreationTime": execution.created,
            "LastModifiedTime": execution.modified,
            "CreatedBy": {},
            "LastModifiedBy": {},
            "ParallelismConfiguration": _parallelism(execution.parallelism),
            "SelectiveExecutionConfig": present(selective) if execution.selected else None,
            "PipelineVersionId": execution.version,
            "PipelineVersionAliases": list(version.aliases) or None,
            "RoleArn": execution.role_arn,
        }
    )


def summarize_execution(execution: PipelineExecution) -> Description:
    return present(
        {
            "PipelineExecutionArn": execution.arn,
            "StartTime": execution.created,
            "PipelineExecutionStatus": execution.status,
            "PipelineExecutionDescription": execution.description,
            "PipelineExecutionDisplayName": execution.display_name,
            "PipelineExecutionFailureReason": execution.failure_reason,
        }
    )


def summarize_step(record: StepExecution) -> Description:
    """Return the entry of ListPipelineExecutionSteps."""
    return present(
        {
            "StepName": record.step,
            "StepDisplayName": record.display_name,
            "StepDescription": record.description,
            "StartTime": record.started,
            "EndTime": record.ended,
            "StepStatus": record.status,
            "CacheHitResult": _source(record.cached_from),
            "FailureReason": record.failure_reason,
            "Metadata": record.metadata,
            "AttemptCount": record.attempts,
            "SelectiveExecutionResult": _source(record.selected_from),
        }
    )


def list_parameters(values: dict[str, Any]) -> list[Description]:
    return [{"Name": name, "Value": text_of(value)[:1024]} for name, value in values.items()]


def execution_event(execution: PipelineExecution) -> Description:
    """Return the detail of "SageMaker Model Building Pipeline Execution Status Change"."""
    return present(
        {
            "pipelineExecutionDisplayName": execution.display_name,
            "currentPipelineExecutionStatus": execution.status,
            "previousPipelineExecutionStatus": execution.previous_status,
            "executionStartTime": instant(execution.created),
            "executionEndTime": instant(execution.ended) if execution.ended else None,
            "pipelineExecutionDescription": execution.description,
            "pipelineArn": execution.pipeline_arn,
            "pipelineExecutionArn": execution.arn,
        }
    )


def step_event(record: StepExecution) -> Description:
    """Return the detail of "SageMaker Model Building Pipeline Execution Step Status Change"."""
    source = {"sourcePipelineExecutionArn": record.cached_from} if record.cached_from else None
    return present(
        {
            "metadata": _in_camel_case(record.metadata),
            "stepStartTime": instant(record.started) if record.started else None,
            "stepEndTime": instant(record.ended) if record.ended else None,
            "stepName": record.step,
            "stepType": record.type,
            "previousStepStatus": record.previous_status,
            "currentStepStatus": record.status,
            "cacheHitResult": source,
            "failureReason": record.failure_reason,
            "pipelineArn": record.pipeline_arn,
            "pipelineExecutionArn": record.execution_arn,
        }
    )


def _in_camel_case(value: Any) -> Any:
    """Return a value with its members as events spell them: `processingJob` instead of ProcessingJob."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _in_camel_case(part) for name, part in value.items()}
    return [_in_camel_case(part) for part in value] if isinstance(value, list) else value


def _source(arn: str | None) -> Description | None:
    return {"SourcePipelineExecutionArn": arn} if arn else None


def _parallelism(limit: int | None) -> Description | None:
    return {"MaxParallelExecutionSteps": limit} if limit else None
