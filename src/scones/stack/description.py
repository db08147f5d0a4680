"""A CloudFormation stack, described once and parsed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones.errors import MissingError
from scones.settings import PROJECT_TAG

USABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
# Stacks in these states can only be deleted.
DEAD = {"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"}
# The state of a stack that has a change set and nothing else.
IN_REVIEW = "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class StackDescription:
    """The fields of DescribeStacks that the application reads."""

    name: str
    status: str
    is_ours: bool
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @classmethod
    def from_wire(cls, answer: Mapping[str, Any]) -> "StackDescription":
        return cls(
            name=answer["StackName"],
            status=answer["StackStatus"],
            is_ours=PROJECT_TAG in answer.get("Tags", []),
            parameters={item["ParameterKey"]: item["ParameterValue"] for item in answer.get("Parameters", [])},
            outputs={item["OutputKey"]: item["OutputValue"] for item in answer.get("Outputs", [])},
        )

    @property
    def is_usable(self) -> bool:
        return self.status in USABLE

    @property
    def is_dead(self) -> bool:
        return self.status in DEAD

    @property
    def is_changing(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != IN_REVIEW

    def output(self, name: str) -> str:
        if name not in self.outputs:
            raise MissingError(f"stack {self.name} has no output {name}: run `scones deploy` again")
        return self.outputs[name]
