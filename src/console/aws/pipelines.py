"""SageMaker Pipelines: definitions as graphs, executions, and their steps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.aws.client import SHORT_S, Aws
from display.state_machines.definition import CHOICE, DEFAULT, NEXT, Graph, State, Transition

PAGE = 50
STEPS_MAX = 100
RUNNING = ("Executing", "Stopping")
REFERENCE = re.compile(r'"Steps\.([\w-]+)[.\["]|"StepName": "([\w-]+)"')
"""How an argument names another step: `{"Get": "Steps.Train.ModelArtifacts"}`, or a property file's step."""
CONDITION = "Condition"


@dataclass(frozen=True)
class Execution:
    """An execution of a pipeline. Its id is the end of its ARN."""

    id: str
    arn: str
    status: str
    started: datetime
    failure: str

    @property
    def is_ended(self) -> bool:
        return self.status not in RUNNING


@dataclass(frozen=True)
class Step:
    """A step of an execution. `job` is the ARN of the job or resource that it started, or empty."""

    name: str
    status: str
    started: datetime | None
    ended: datetime | None
    failure: str
    job: str
    outcome: str
    is_cached: bool

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


async def names(aws: Aws, after: str = "") -> tuple[list[str], str]:
    """Return the names of a page of pipelines, the newest first, and the token of the next page."""
    more = {"NextToken": after} if after else {}
    answer = await aws.call("sagemaker", "list_pipelines", SHORT_S, SortOrder="Descending", MaxResults=PAGE, **more)
    return [each["PipelineName"] for each in answer["PipelineSummaries"]], str(answer.get("NextToken") or "")


async def executions(aws: Aws, pipeline: str, after: str = "", limit: int = PAGE) -> tuple[list[Execution], str]:
    """Return a page of executions, the newest first, and the token of the next page."""
    more = {"NextToken": after} if after else {}
    answer = await aws.call(
        "sagemaker",
        "list_pipeline_executions",
        SHORT_S,
        PipelineName=pipeline,
        SortOrder="Descending",
        MaxResults=limit,
        **more,
    )
    rows = [_execution(each, each["StartTime"]) for each in answer["PipelineExecutionSummaries"]]
    return rows, str(answer.get("NextToken") or "")


async def run_since(aws: Aws, since: datetime, limit: int, keep_s: float) -> tuple[list[str], bool]:
    """Return those of the `limit` newest pipelines that ran since a time, and whether there are more pipelines."""
    answer = await aws.call("sagemaker", "list_pipelines", keep_s, SortOrder="Descending", MaxResults=limit)
    rows = [each for each in answer["PipelineSummaries"] if each.get("LastExecutionTime", since) >= since]
    return [each["PipelineName"] for each in rows], bool(answer.get("NextToken"))


async def begun_since(
    aws: Aws, pipeline: str, since: datetime, limit: int, keep_s: float
) -> tuple[list[Execution], bool]:
    """Return the newest executions that began after a time, up to `limit`, and whether there are more."""
    answer = await aws.call(
        "sagemaker",
        "list_pipeline_executions",
        keep_s,
        PipelineName=pipeline,
        CreatedAfter=since,
        SortOrder="Descending",
        MaxResults=limit,
    )
    rows = [_execution(each, each["StartTime"]) for each in answer["PipelineExecutionSummaries"]]
    return [row for row in rows if row.started >= since], bool(answer.get("NextToken"))


async def graph(aws: Aws, pipeline: str) -> Graph:
    """Return the steps of the definition as it is now. Raises NotThere."""
    answer = await aws.call("sagemaker", "describe_pipeline", 5 * SHORT_S, PipelineName=pipeline)
    return graph_of(json.loads(answer["PipelineDefinition"]))


async def described(aws: Aws, pipeline: str, identifier: str) -> Execution:
    """Return an execution of a pipeline. Raises NotThere."""
    answer = await aws.call("sagemaker", "describe_pipeline", 5 * SHORT_S, PipelineName=pipeline)
    arn = f"{answer['PipelineArn']}/execution/{identifier}"
    description = await aws.call("sagemaker", "describe_pipeline_execution", SHORT_S, PipelineExecutionArn=arn)
    return _execution(description, description["CreationTime"])


async def steps(aws: Aws, execution: Execution) -> list[Step]:
    """Return the steps of an execution, in the order in which they began."""
    answer = await aws.call(
        "sagemaker",
        "list_pipeline_execution_steps",
        SHORT_S,  # also of an execution that has ended: RetryPipelineExecution continues it
        PipelineExecutionArn=execution.arn,
        SortOrder="Ascending",
        MaxResults=STEPS_MAX,
    )
    return [_step(each) for each in answer["PipelineExecutionSteps"]]


def graph_of(definition: Mapping[str, Any]) -> Graph:
    """Return the graph of a definition. The steps of a condition's two branches follow the condition."""
    entries = list(_entries(definition.get("Steps", ())))
    names = {step["Name"] for step, _ in entries}
    transitions: dict[tuple[str, str], Transition] = {}
    for step, above in entries:
        for source, kind, told in [*above, *((name, NEXT, "") for name in _needed(step))]:
            if source in names and source != step["Name"]:
                transitions.setdefault((source, step["Name"]), Transition(source, step["Name"], kind, told))
    sources = {each.source for each in transitions.values()}
    targets = {each.target for each in transitions.values()}
    states = tuple(
        State(
            step["Name"], _kind(step), step.get("Type", "?"), step["Name"] not in sources, step.get("Description", "")
        )
        for step, _ in entries
    )
    starts = tuple(step["Name"] for step, _ in entries if step["Name"] not in targets)
    return Graph(starts, states, tuple(transitions.values()))


Above = list[tuple[str, str, str]]


def _entries(steps: Any, above: Above | None = None) -> Iterator[tuple[Mapping[str, Any], Above]]:
    for step in steps:
        yield step, above or []
        arguments = step.get("Arguments", {})
        if step.get("Type") == CONDITION:
            yield from _entries(arguments.get("IfSteps", ()), [(step["Name"], CHOICE, "if the condition holds")])
            yield from _entries(arguments.get("ElseSteps", ()), [(step["Name"], DEFAULT, "otherwise")])


def _needed(step: Mapping[str, Any]) -> list[str]:
    """Return the steps that must have ended before: those that it names, and those whose results it uses."""
    arguments = step.get("Arguments", {})
    if step.get("Type") == CONDITION:
        arguments = arguments.get("Conditions", ())
    used = [match[1] or match[2] for match in REFERENCE.finditer(json.dumps(arguments))]
    return [*step.get("DependsOn", ()), *used]


def _kind(step: Mapping[str, Any]) -> str:
    return "Choice" if step.get("Type") == CONDITION else "Task"


def _execution(answer: Mapping[str, Any], started: datetime) -> Execution:
    arn = answer["PipelineExecutionArn"]
    reason = answer.get("PipelineExecutionFailureReason") or answer.get("FailureReason") or ""
    return Execution(arn.rpartition("/")[2], arn, answer["PipelineExecutionStatus"], started, reason)


def _step(each: Mapping[str, Any]) -> Step:
    metadata = each.get("Metadata", {})
    started = next((value["Arn"] for value in metadata.values() if isinstance(value, dict) and "Arn" in value), "")
    return Step(
        name=each["StepName"],
        status=each["StepStatus"],
        started=each.get("StartTime"),
        ended=each.get("EndTime"),
        failure=each.get("FailureReason", ""),
        job=started,
        outcome=metadata.get("Condition", {}).get("Outcome", ""),
        is_cached="SourcePipelineExecutionArn" in each.get("CacheHitResult", {}),
    )
