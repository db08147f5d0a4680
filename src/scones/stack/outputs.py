"""Find in the deployed stack what the other steps use: the state machines, the threshold and the role."""

from dataclasses import dataclass

from scones.context import Context
from scones.errors import MissingError
from scones.stack.cloudformation import Stack
from scones.stack.description import StackDescription

STATE_MACHINE = "AWS::StepFunctions::StateMachine"
CLASSIFY = "ClassifyWorkflow"


@dataclass(frozen=True)
class Workflow:
    """The state machine that classifies one image, the confidence that it requires, and the endpoint that it asks.

    The endpoint is the stack's: the settings may name another one, which `scones deploy` has not been told of.
    """

    state_machine: str
    threshold: float
    endpoint: str


def stack_of(context: Context) -> Stack:
    return Stack(context.settings.stack, context.client("cloudformation"), context.console)


def require_output(context: Context, name: str) -> str:
    return stack_of(context).require().output(name)


def require_workflow(context: Context) -> Workflow:
    stack = stack_of(context)
    return workflow_in(stack, stack.require())


def workflow_in(stack: Stack, description: StackDescription) -> Workflow:
    """Return the classification workflow of a stack that has just been described."""
    state_machines = stack.resources(STATE_MACHINE)
    if CLASSIFY not in state_machines:
        raise MissingError(f"stack {stack.name} has no state machine {CLASSIFY}: run `scones deploy` again")
    values = description.parameters
    return Workflow(state_machines[CLASSIFY], float(values["Threshold"]), values["EndpointName"])


def sagemaker_role(context: Context) -> str:
    """Return the ARN of SageMaker's execution role: the one in the settings, or the stack's."""
    return context.settings.role or require_output(context, "SageMakerRoleArn")
