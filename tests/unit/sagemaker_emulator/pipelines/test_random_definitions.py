"""Random changes of a definition: it is taken or refused with a DefinitionError, and what is taken can be evaluated."""

from __future__ import annotations

import copy
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from sagemaker_emulator.pipelines.definitions.caching import cache_key
from sagemaker_emulator.pipelines.definitions.conditions import all_hold
from sagemaker_emulator.pipelines.definitions.definition import Definition
from sagemaker_emulator.pipelines.definitions.errors import DefinitionError, ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import Scope, evaluate
from sagemaker_emulator.pipelines.definitions.parameters import parameter_values

COUNT = int(os.environ.get("RANDOM_DEFINITIONS", "3000"))
SEED = int(os.environ.get("RANDOM_SEED", "20240229"))
OTHERS: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "x",
    "Steps.",
    "Steps.A",
    "Get",
    [],
    [[]],
    {},
    {"Get": 1},
    {"Get": "x"},
]
VALID: dict[str, Any] = {
    "Version": "2020-12-01",
    "Metadata": {},
    "Parameters": [
        {"Name": "P", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
        {"Name": "N", "Type": "Integer", "DefaultValue": 1},
    ],
    "PipelineExperimentConfig": {"ExperimentName": {"Get": "Execution.PipelineName"}, "TrialName": "t"},
    "Steps": [
        {
            "Name": "A",
            "Type": "Processing",
            "Arguments": {
                "AppSpecification": {"ImageUri": {"Get": "Parameters.P"}},
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceCount": {"Get": "Parameters.N"}, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1,
                    }
                },
                "RoleArn": "role",
            },
            "PropertyFiles": [{"PropertyFileName": "F", "OutputName": "o", "FilePath": "f.json"}],
            "CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"},
            "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 2, "IntervalSeconds": 1}],
        },
        {
            "Name": "L",
            "Type": "Lambda",
            "Arguments": {"x": {"Std:Join": {"On": "/", "Values": [{"Get": "Parameters.P"}, 1]}}},
            "FunctionArn": "arn",
            "OutputParameters": [{"OutputName": "n", "OutputType": "Integer"}],
            "DependsOn": ["A"],
            "DisplayName": "shown",
        },
        {
            "Name": "C",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [
                    {
                        "Type": "LessThan",
                        "LeftValue": {
                            "Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.F"}, "Path": "a.b"}
                        },
                        "RightValue": 6.0,
                    },
                    {"Type": "Or", "Conditions": [{"Type": "In", "QueryValue": "x", "Values": ["x", "y"]}]},
                    {"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": 1, "RightValue": 2}},
                ],
                "IfSteps": [{"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}],
                "ElseSteps": [],
            },
        },
    ],
}  # fmt: skip


class Anything:
    """A scope in which everything has a value."""

    def parameter(self, name: str) -> Any:
        return "a"

    def variable(self, name: str) -> str:
        return "v"

    def properties(self, step: str) -> Any:
        return {"n": 1}

    def property_file(self, step: str, name: str) -> Any:
        return {"a": {"b": 4.5}}

    def json_object(self, uri: str) -> Any:
        return {}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container in a value, with a key or an index of it."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def changed(generator: random.Random) -> dict[str, Any]:
    document = copy.deepcopy(VALID)
    for _ in range(generator.choice([1, 1, 2, 3])):
        holder, key = generator.choice(list(places(document)))
        match generator.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 2:
                holder[key] = copy.deepcopy(generator.choice(list(places(VALID)))[0])
            case _:
                holder[key] = copy.deepcopy(generator.choice(OTHERS))
    return document


def outcome_of(text: str) -> str:
    """Parse a definition, evaluate it as a run does, and return the outcome."""
    try:
        definition = Definition.parse(text)
    except DefinitionError:
        return "refused"
    scope = cast(Scope, Anything())
    try:
        parameter_values(definition.parameters, {})
        evaluate(dict(definition.experiment), scope)
        for step in definition.steps.values():
            arguments, members = evaluate(dict(step.arguments), scope), evaluate(dict(step.members), scope)
            assert step.output_types is not None
            if step.cache:
                cache_key(step.type, arguments, members)
            if step.type == "Condition":
                all_hold(step.arguments["Conditions"], scope)
    except (ExpressionError, ValueError):
        return "taken, without a value"
    return "taken"


def test_random_definitions_are_taken_or_refused() -> None:
    generator = random.Random(SEED)
    outcomes: Counter[str] = Counter({outcome_of(json.dumps(VALID)): 1})
    assert outcomes == {"taken": 1}
    for _ in range(COUNT):
        text = json.dumps(changed(generator))
        try:
            outcomes[outcome_of(text)] += 1
        except Exception as error:  # whatever it is, the report needs the seed
            raise AssertionError(f"seed {SEED}: {text}") from error
    assert min(outcomes["taken"], outcomes["refused"]) > COUNT / 20, outcomes
