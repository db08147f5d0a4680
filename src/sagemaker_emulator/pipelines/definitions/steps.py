"""One step of a definition, parsed and checked on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sagemaker_emulator.pipelines.definitions.arguments import check
from sagemaker_emulator.pipelines.definitions.caching import CACHED_TYPES, CacheConfig
from sagemaker_emulator.pipelines.definitions.conditions import check_condition
from sagemaker_emulator.pipelines.definitions.errors import DefinitionError, ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import check_expressions, is_expression, step_references
from sagemaker_emulator.pipelines.definitions.parameters import TYPES
from sagemaker_emulator.pipelines.definitions.retry_policies import RetryPolicy, retry_policies_of
from sagemaker_emulator.pipelines.definitions.step_types import NOT_EMULATED, STEP_TYPES, StepType

NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
BRANCHES = {True: "IfSteps", False: "ElseSteps"}
# members beside Arguments whose values may be expressions
MEMBERS = (
    "FunctionArn",
    "SqsQueueUrl",
    "OutputParameters",
    "CheckType",
    "FailOnViolation",
    "ModelPackageGroupName",
    "RegisterNewBaseline",
    "SkipCheck",
    "SuppliedBaselineConstraints",
    "SuppliedBaselineStatistics",
)


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file among the outputs of a processing step."""

    name: str
    output: str
    path: str


@dataclass(frozen=True)
class Step:
    """One step. `parent` is the Condition step whose `branch` (True for IfSteps) it is in, or None.

    `arguments` and `members` are as in the definition, with expressions.
    """

    name: str
    type: str
    arguments: Mapping[str, Any]
    members: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    display_name: str | None = None
    description: str | None = None
    property_files: tuple[PropertyFile, ...] = ()
    cache: CacheConfig | None = None
    retry_policies: tuple[RetryPolicy, ...] = ()
    parent: str | None = None
    branch: bool | None = None

    @property
    def kind(self) -> StepType:
        return STEP_TYPES[self.type]

    @cached_property
    def dependencies(self) -> frozenset[str]:
        """Return the steps that must have succeeded before: those named, those referred to, and the parent."""
        referred = {step for step, _ in step_references([dict(self.arguments), dict(self.members)])}
        return frozenset({*self.depends_on, *referred, *([self.parent] if self.parent else [])})

    @property
    def output_types(self) -> dict[str, str]:
        """Return the types of a Lambda or Callback step's outputs, by name."""
        return {one["OutputName"]: one.get("OutputType", "String") for one in self.members.get("OutputParameters", ())}


def parse_steps(wires: Any, parent: str | None = None, branch: bool | None = None) -> Iterator[Step]:
    """Yield steps, and those in the branches of each Condition step after it. DefinitionError names the step."""
    if not isinstance(wires, list):
        raise DefinitionError(f"{'Steps' if branch is None else BRANCHES[branch]} must be a list.")
    for wire in wires:
        name = wire.get("Name") if isinstance(wire, dict) else None
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise DefinitionError(f"Each step needs a Name of 1 to 64 characters [A-Za-z0-9-_], not {name!r:.100}.")
        try:
            yield _step(name, wire, parent, branch)
        except DefinitionError as error:
            raise DefinitionError(f"Step '{name}': {error}") from None
        if wire["Type"] == "Condition":
            for value, member in BRANCHES.items():
                yield from parse_steps(wire["Arguments"].get(member) or [], name, value)


def _step(name: str, wire: dict[str, Any], parent: str | None, branch: bool | None) -> Step:
    type_name = str(wire.get("Type"))
    if type_name in NOT_EMULATED:
        raise DefinitionError(f"steps of type {type_name} are not emulated; leave it out, or run the pipeline on AWS.")
    if type_name not in STEP_TYPES:
        raise DefinitionError(f"Type must be one of {', '.join(STEP_TYPES)}, not {type_name!r}.")
    arguments = wire.get("Arguments") or {}
    if not isinstance(arguments, dict):
        raise DefinitionError("Arguments: Expecting start of Json Object.")
    step = Step(
        name,
        type_name,
        _own_arguments(type_name, arguments),
        {member: wire[member] for member in MEMBERS if wire.get(member) is not None},
        _names(wire),
        _text(wire, "DisplayName"),
        _text(wire, "Description"),
        _property_files(type_name, wire.get("PropertyFiles")),
        CacheConfig.parse(wire.get("CacheConfig")),
        retry_policies_of(wire.get("RetryPolicies") or []),
        parent,
        branch,
    )
    _refuse(step)
    try:
        check_expressions([dict(step.arguments), dict(step.members)])
    except ExpressionError as error:
        raise DefinitionError(str(error)) from None
    return step


def _own_arguments(type_name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments without the steps of a Condition's branches."""
    return {name: part for name, part in arguments.items() if type_name != "Condition" or name == "Conditions"}


def _text(wire: dict[str, Any], member: str) -> str | None:
    text = wire.get(member)
    if text is not None and not isinstance(text, str):
        raise DefinitionError(f"{member} must be a string, not {text!r:.100}.")
    return text


def _names(wire: dict[str, Any]) -> tuple[str, ...]:
    names = wire.get("DependsOn") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DefinitionError("DependsOn must be a list of names of steps.")
    return tuple(names)


def _property_files(type_name: str, wires: Any) -> tuple[PropertyFile, ...]:
    if wires and type_name != "Processing":
        raise DefinitionError("PropertyFiles is for steps of type Processing.")
    try:
        files = [(one["PropertyFileName"], one["OutputName"], one["FilePath"]) for one in wires or ()]
        return tuple(PropertyFile(*map(_string, file)) for file in files)
    except (KeyError, TypeError):
        raise DefinitionError("Each of PropertyFiles needs PropertyFileName, OutputName and FilePath.") from None


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _refuse(step: Step) -> None:
    """Raise DefinitionError for a member that steps of this type may not have, or that is missing."""
    if step.retry_policies and not step.kind.retries:
        raise DefinitionError(f"RetryPolicies is not supported for steps of type {step.type}.")
    if step.cache and step.type not in CACHED_TYPES:
        raise DefinitionError(f"CacheConfig is not supported for steps of type {step.type}.")
    for member in step.kind.required:
        if member not in step.members:
            raise DefinitionError(f"{member} is required for steps of type {step.type}.")
    if step.kind.operation:
        _refuse_request(step)
    elif step.type == "Condition":
        _refuse_conditions(step.arguments.get("Conditions"))
    elif step.type == "Fail" and "ErrorMessage" not in step.arguments:
        raise DefinitionError("Arguments needs ErrorMessage for steps of type Fail.")
    _refuse_outputs(step.members.get("OutputParameters", []))


def _refuse_request(step: Step) -> None:
    assert step.kind.operation is not None
    if step.type == "RegisterModel" and "ModelPackageName" in step.arguments:
        raise DefinitionError("Unknown Argument member 'ModelPackageName'.")  # AWS's words
    check(step.kind.operation, step.arguments, frozenset({step.kind.name_member or "ClientToken"}))
    if step.type == "QualityCheck":
        _refuse_no_output(step.arguments.get("ProcessingOutputConfig") or {})


def _refuse_no_output(config: dict[str, Any]) -> None:
    """Raise DefinitionError for a quality check without a first output in S3, where its report is expected."""
    outputs = config.get("Outputs")
    if not is_expression(config) and not (outputs and isinstance(outputs, list) and "S3Output" in outputs[0]):
        raise DefinitionError("ProcessingOutputConfig needs Outputs with an S3Output for steps of type QualityCheck.")


def _refuse_conditions(conditions: Any) -> None:
    if not isinstance(conditions, list):
        raise DefinitionError("Arguments needs Conditions, a list, for steps of type Condition.")
    for condition in conditions:
        check_condition(condition)


def _refuse_outputs(outputs: Any) -> None:
    for output in outputs if isinstance(outputs, list) else [None]:
        if not isinstance(output, dict) or not isinstance(output.get("OutputName"), str):
            raise DefinitionError("Each of OutputParameters needs an OutputName.")
        if str(output.get("OutputType", "String")) not in TYPES:
            raise DefinitionError(
                f"OutputParameters '{output['OutputName']}': OutputType must be one of {', '.join(TYPES)}."
            )
