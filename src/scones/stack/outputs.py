"""What the stack says of itself: the state machine, the threshold, the role."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones.context import Context
from scones.errors import MissingError
from scones.stack.cloudformation import USABLE, Stack

STATE_MACHINE = "AWS::StepFunctions::StateMachine"
CLASSIFY = "ClassifyWorkflow"


@dataclass(frozen=True)
class Workflow:
    state_machine: str
    threshold: float


def stack_of(context: Context) -> Stack:
    return Stack(context.settings.stack, context.client("cloudformation"), context.console)


def outputs(found: Mapping[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}


def parameters(found: Mapping[str, Any]) -> dict[str, str]:
    return {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])}


def require_stack(context: Context) -> Mapping[str, Any]:
    found = stack_of(context).describe()
    if found is None or found["StackStatus"] not in USABLE:
        status = "is not there" if found is None else f"is {found['StackStatus']}"
        raise MissingError(f"stack {context.settings.stack} {status}: run `scones deploy` first")
    return found


def output_of(context: Context, found: Mapping[str, Any], name: str) -> str:
    if name not in (known := outputs(found)):
        raise MissingError(f"stack {context.settings.stack} has no output {name}: run `scones deploy` again")
    return known[name]


def require_output(context: Context, name: str) -> str:
    return output_of(context, require_stack(context), name)


def require_deployed(context: Context) -> Workflow:
    found = require_stack(context)
    machines = stack_of(context).resources(STATE_MACHINE)
    if CLASSIFY not in machines:
        raise MissingError(f"stack {context.settings.stack} has no state machine {CLASSIFY}: run `scones deploy` again")
    return Workflow(machines[CLASSIFY], float(parameters(found)["Threshold"]))
