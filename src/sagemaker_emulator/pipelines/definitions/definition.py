"""A whole pipeline definition: its parameters, its steps, and which step waits for which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sagemaker_emulator.pipelines.definitions.errors import DefinitionError, ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import (
    check_expressions,
    parts_of,
    references,
    step_references,
)
from sagemaker_emulator.pipelines.definitions.parameters import Parameter
from sagemaker_emulator.pipelines.definitions.steps import Step, parse_steps
from sagemaker_emulator.repeated import repeated

VERSION = "2020-12-01"
MEMBERS = frozenset({"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps", "MlflowConfig"})
VARIABLES = frozenset(
    {
        "StartDateTime",
        "CurrentDateTime",
        "PipelineName",
        "PipelineArn",
        "PipelineExecutionId",
        "PipelineExecutionArn",
        "TrainingJobName",
        "ProcessingJobName",
    }
)
NOT_PARSED = "Unable to parse pipeline definition."


@dataclass(frozen=True)
class Definition:
    """A definition. steps: by name, in the definition's order; a branch's steps come after its Condition step."""

    parameters: tuple[Parameter, ...]
    steps: Mapping[str, Step]
    experiment: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Definition:
        """Parse a definition. Raises DefinitionError, in AWS's words, for what AWS refuses or is not emulated."""
        try:
            return cls._of(_document(text))
        except RecursionError:
            raise DefinitionError(f"{NOT_PARSED} It is nested too deeply.") from None
        except (DefinitionError, ExpressionError) as error:
            raise DefinitionError(f"{NOT_PARSED} {error}") from None

    @classmethod
    def _of(cls, document: dict[str, Any]) -> Definition:
        parameters = tuple(Parameter.parse(wire) for wire in document.get("Parameters") or ())
        _refuse_twice("Parameter", [parameter.name for parameter in parameters])
        check_expressions(document.get("PipelineExperimentConfig"))
        steps = tuple(parse_steps(document.get("Steps")))
        _refuse_twice("Step", [step.name for step in steps])
        definition = cls(
            parameters, {step.name: step for step in steps}, document.get("PipelineExperimentConfig") or {}
        )
        for path in references(dict(definition.experiment)):
            definition._refuse_reference("PipelineExperimentConfig", path)
        for step in steps:
            definition._refuse_references(step)
        definition._refuse_cycles()
        return definition

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """Return every step that one of the steps waits for, directly or indirectly."""
        ancestors: set[str] = set()
        waiting = [dependency for name in names for dependency in self.steps[name].dependencies]
        while waiting:
            name = waiting.pop()
            if name not in ancestors:
                ancestors.add(name)
                waiting += self.steps[name].dependencies
        return ancestors

    def _refuse_references(self, step: Step) -> None:
        for name in step.dependencies:
            if name not in self.steps:
                raise DefinitionError(f"Step '{step.name}': it refers to a step '{name}', which does not exist.")
        for path in references([dict(step.arguments), dict(step.members)]):
            self._refuse_reference(f"Step '{step.name}'", path)
        for name, rest in step_references([dict(step.arguments), dict(step.members)]):
            files = [one.name for one in self.steps[name].property_files]
            if rest[:1] == ["PropertyFiles"] and (len(rest) < 2 or rest[1] not in files):
                raise DefinitionError(f"Step '{step.name}': step '{name}' has no property file {rest[1:2]}.")

    def _refuse_reference(self, where: str, path: str) -> None:
        root, *rest = parts_of(path)
        known = {"Parameters": {one.name for one in self.parameters}, "Execution": VARIABLES, "Steps": self.steps}
        if root not in known or not rest or rest[0] not in known[str(root)]:
            raise DefinitionError(f"{where}: the reference {path!r} leads nowhere.")

    def _refuse_cycles(self) -> None:
        try:
            TopologicalSorter({step.name: step.dependencies for step in self.steps.values()}).prepare()
        except CycleError as error:
            raise DefinitionError(f"The steps {error.args[1]} wait for each other.") from None


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"It is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise DefinitionError("Expecting start of Json Object.")
    if document.get("Version") != VERSION:
        raise DefinitionError(f"Version must be {VERSION!r}, not {document.get('Version')!r:.50}.")
    if unknown := sorted(set(document) - MEMBERS):
        raise DefinitionError(f"Unknown member '{unknown[0]}'.")
    for member, kind in (("Parameters", list), ("PipelineExperimentConfig", dict)):
        if not isinstance(document.get(member) or kind(), kind):
            raise DefinitionError(f"{member} must be {'a list' if kind is list else 'an object'}.")
    return document


def _refuse_twice(what: str, names: list[str]) -> None:
    for name, count in repeated(names).items():
        raise DefinitionError(f"{what} names must be unique: {name!r} occurs {count} times.")
