"""Selective execution: the steps that run, and the results of another execution that they use.

Source: docs.aws.amazon.com/sagemaker/latest/dg/pipelines-selective-ex.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sagemaker_emulator.errors import validation
from sagemaker_emulator.pipelines.definitions.definition import Definition
from sagemaker_emulator.pipelines.run import new_record
from sagemaker_emulator.resources.model_building.execution import PipelineExecution, StepExecution, StepStatus


def require_selectable(definition: Definition, selected: tuple[str, ...]) -> None:
    """Raise ValidationException for unknown steps, and for a selection that omits a step between two of its steps."""
    unknown = sorted(set(selected) - set(definition.steps))
    if unknown:
        raise validation(f"SelectiveExecutionConfig: the pipeline has no steps {unknown}.")
    for name in sorted(definition.ancestors(selected) - set(selected)):
        if between := sorted(definition.ancestors([name]) & set(selected)):
            raise validation(
                f"SelectiveExecutionConfig: step '{name}' is on a path from {between} to another selected step; "
                "select it, too."
            )


def reused_records(
    definition: Definition, execution: PipelineExecution, source: Mapping[str, StepExecution]
) -> list[StepExecution]:
    """Return the records of the steps before the selected ones, with the results of the source.

    Raises ValidationException if a selected step needs a result that the source does not have.
    """
    selected = set(execution.selected)
    for name in execution.selected:
        for needed in sorted(definition.steps[name].dependencies - selected):
            if needed not in source or source[needed].status is not StepStatus.SUCCEEDED:
                raise validation(
                    f"SelectiveExecutionConfig: step '{name}' needs the result of step '{needed}', which is not "
                    "selected. Name a SourcePipelineExecutionArn whose execution has it."
                )
    names = [name for name in definition.steps if name in definition.ancestors(selected) - selected]
    return [
        _reused(definition, execution, source[name])
        for name in names
        if name in source and source[name].status is StepStatus.SUCCEEDED
    ]


def _reused(definition: Definition, execution: PipelineExecution, source: StepExecution) -> StepExecution:
    record = new_record(definition.steps[source.step], execution)
    return replace(
        record,
        status=StepStatus.SUCCEEDED,
        started=source.started,
        ended=source.ended,
        metadata=source.metadata,
        properties=source.properties,
        selected_from=source.execution_arn,
    )
