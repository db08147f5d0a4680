"""The monitor's folders in the bucket, and the program that its jobs run."""

from dataclasses import dataclass

from scones.context import Context
from scones.errors import MissingError
from scones.stack.outputs import stack_of

FOLDER, GROUND_TRUTH = "monitoring", "ground_truth"


@dataclass(frozen=True)
class Program:
    """The analyzer's zip file in the code bucket, and the image that runs it, both as deployed with the stack."""

    uri: str
    image: str

    @property
    def file(self) -> str:
        return self.uri.rsplit("/", 1)[-1]


def folder_of(endpoint: str) -> str:
    return f"{FOLDER}/{endpoint}"


def baseline_prefix(endpoint: str, model: str) -> str:
    return f"{folder_of(endpoint)}/baselines/{model}"


def deployed_program(context: Context) -> Program:
    """Return the program that the stack names. Raises MissingError if the stack has no monitor."""
    stack = stack_of(context)
    parameters = stack.require().parameters
    if "MonitorProgram" not in parameters:
        raise MissingError(f"stack {stack.name} has no monitor yet: run `scones deploy` again")
    return Program(f"s3://{parameters['CodeBucket']}/{parameters['MonitorProgram']}", parameters["MonitorImage"])
