"""The workflow's own stack, if the account has one: its bucket, queues, classes and threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.aws.client import Aws
from console.errors import BadRequest, ConsoleError

KEPT_S = 10.0
NEAR_BAY, FAR_BAY, REVIEW = "Near bay", "Far bay", "Review"
OUTPUTS = ("StateMachineArn", "ReviewQueueUrl", "Bucket")


@dataclass(frozen=True)
class Queue:
    """A queue of the workflow. `purpose` says what goes into it."""

    name: str
    url: str
    purpose: str


@dataclass(frozen=True)
class Workflow:
    """The workflow's stack: its parameters and outputs."""

    stack: str
    bucket: str
    state_machine: str
    endpoint: str
    classes: tuple[str, ...]
    threshold: float
    queues: tuple[Queue, ...]
    near_classes: tuple[str, ...]
    """The classes whose orders go to the near bay; all others go to the far one."""
    monitor: str
    """The ARN of the monitor's state machine; empty if the stack has none."""
    pipeline: str = ""
    """The ARN of the state machine that trains and deploys; empty if the stack has none."""

    @property
    def machine_name(self) -> str:
        return self.state_machine.rpartition(":")[2]

    @property
    def review_queue(self) -> Queue:
        return next(queue for queue in self.queues if queue.name == REVIEW)

    def name_of(self, number: int) -> str:
        """Return the name of the class with this number; `class 7` if the workflow has fewer."""
        return self.classes[number] if 0 <= number < len(self.classes) else f"class {number}"

    def check_class(self, number: int) -> None:
        """Raise BadRequest unless the workflow has a class of this number."""
        if not 0 <= number < len(self.classes):
            raise BadRequest(f"class {number} does not exist: the workflow has {', '.join(self.classes)}")

    @property
    def has_bays(self) -> bool:
        return {NEAR_BAY, FAR_BAY} <= {queue.name for queue in self.queues}

    def bay_of(self, label: str) -> Queue:
        """Return the queue of the loading bay that gets the orders of a class. The stack must have both bays."""
        name = NEAR_BAY if label in self.near_classes else FAR_BAY
        return next(queue for queue in self.queues if queue.name == name)


async def workflow(aws: Aws) -> Workflow | None:
    """Return the first stack that has the workflow's outputs, or None."""
    return next(iter(await workflows(aws)), None)


async def workflows(aws: Aws) -> list[Workflow]:
    """Return all stacks that have the workflow's outputs."""
    answer = await aws.call("cloudformation", "describe_stacks", KEPT_S)
    listed = []
    for stack in answer["Stacks"]:
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
        if all(name in outputs for name in OUTPUTS):
            listed.append(_workflow(stack, outputs))
    return listed


async def workflow_of(aws: Aws, machine_arn: str) -> Workflow | None:
    """Return the workflow whose state machine this is; None for another machine, or if the role may not read stacks."""
    try:
        return next((each for each in await workflows(aws) if each.state_machine == machine_arn), None)
    except ConsoleError:
        return None


async def readable_workflow(aws: Aws) -> Workflow | None:
    """Return the workflow's stack; None if there is none, or if the role may not read stacks."""
    try:
        return await workflow(aws)
    except ConsoleError:
        return None


def _workflow(stack: Mapping[str, Any], outputs: Mapping[str, str]) -> Workflow:
    parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())}
    near = _names(parameters.get("NearClasses", ""))
    queues = (
        Queue(NEAR_BAY, outputs.get("NearOrdersQueueUrl", ""), ", ".join(near)),
        Queue(FAR_BAY, outputs.get("FarOrdersQueueUrl", ""), "all other classes"),
        Queue(REVIEW, outputs["ReviewQueueUrl"], "a person decides"),
    )
    return Workflow(
        stack=stack["StackName"],
        bucket=outputs["Bucket"],
        state_machine=outputs["StateMachineArn"],
        endpoint=parameters.get("EndpointName", ""),
        classes=_names(parameters.get("Classes", "")),
        near_classes=near,
        threshold=float(parameters.get("Threshold") or 0.93),
        queues=tuple(queue for queue in queues if queue.url),
        monitor=outputs.get("MonitorStateMachineArn", ""),
        pipeline=outputs.get("PipelineStateMachineArn", ""),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)
