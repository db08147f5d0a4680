"""Definitions: what is refused, in which words, and which step waits for which."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sagemaker_emulator.pipelines.definitions.definition import Definition
from sagemaker_emulator.pipelines.definitions.errors import DefinitionError

TRAINING: dict[str, Any] = {
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket"},
    "RoleArn": {"Get": "Parameters.Role"},
}
PARAMETERS = [{"Name": "Role", "Type": "String", "DefaultValue": "role"}]


def fail(name: str, message: Any = "x", **members: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **members}


def train(name: str, arguments: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Training", "Arguments": {**TRAINING, **(arguments or {})}, **members}


def quality_check(name: str, **arguments: Any) -> dict[str, Any]:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    job = {
        "AppSpecification": {"ImageUri": "image"},
        "RoleArn": {"Get": "Parameters.Role"},
        "ProcessingResources": {"ClusterConfig": cluster},
        **arguments,
    }
    return {"Name": name, "Type": "QualityCheck", "Arguments": job, "CheckType": "DATA_QUALITY"}


def condition(name: str, if_steps: list[Any], else_steps: list[Any], left: Any = 1) -> dict[str, Any]:
    conditions = [{"Type": "Equals", "LeftValue": left, "RightValue": 1}]
    arguments = {"Conditions": conditions, "IfSteps": if_steps, "ElseSteps": else_steps}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


def text_of(*steps: Any, **members: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Parameters": PARAMETERS, "Steps": list(steps), **members})


def test_steps_wait_for_names_references_and_their_condition() -> None:
    uri = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    definition = Definition.parse(
        text_of(
            train("Train"),
            fail("Named", DependsOn=["Train"]),
            fail("Referring", {"Std:Join": {"On": "", "Values": ["x", uri]}}),
            condition("Check", [fail("Yes")], [fail("No", DependsOn=["Named"])], left=uri),
        )
    )
    waiting = {name: set(step.dependencies) for name, step in definition.steps.items()}
    assert waiting == {
        "Train": set(), "Named": {"Train"}, "Referring": {"Train"}, "Check": {"Train"}, "Yes": {"Check"},
        "No": {"Check", "Named"},
    }  # fmt: skip
    assert {name: step.branch for name, step in definition.steps.items() if step.parent} == {"Yes": True, "No": False}
    assert definition.ancestors(["No"]) == {"Check", "Named", "Train"}


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not JSON", "It is not JSON"),
        ("[]", "Expecting start of Json Object."),
        (json.dumps({"Version": "1999", "Steps": []}), "Version must be '2020-12-01', not '1999'."),
        (text_of(Other=1), "Unknown member 'Other'."),
        (text_of(Parameters={"a": 1}), "Parameters must be a list."),
        (text_of({"Type": "Fail"}), "Each step needs a Name"),
        (text_of(fail("a b")), "Each step needs a Name of 1 to 64 characters"),
        (text_of(fail("a"), fail("a")), "Step names must be unique: 'a' occurs 2 times."),
        (text_of(Parameters=PARAMETERS * 2), "Parameter names must be unique: 'Role' occurs 2 times."),
        (text_of({"Name": "a", "Type": "EMR"}), "Step 'a': steps of type EMR are not emulated"),
        (text_of({"Name": "a", "Type": "Magic"}), "Step 'a': Type must be one of Training, Processing"),
        (text_of({"Name": "a", "Type": "Fail", "Arguments": [1]}), "Arguments: Expecting start of Json Object."),
        (text_of({"Name": "a", "Type": "Fail", "Arguments": {}}), "Step 'a': Arguments needs ErrorMessage"),
        (text_of({"Name": "a", "Type": "Lambda"}), "Step 'a': FunctionArn is required for steps of type Lambda."),
        (text_of({"Name": "a", "Type": "Condition", "Arguments": {}}), "Step 'a': Arguments needs Conditions"),
        (text_of(train("a", {"Typo": 1})), "Step 'a': Unknown Argument member 'Typo' at Arguments."),
        (text_of(train("a", {"InputDataConfig": {}})), "Expecting start of Json Array at Arguments.InputDataConfig"),
        (text_of(train("a", {"OutputDataConfig": None})), "Missing required Argument member 'OutputDataConfig'"),
        (
            text_of(train("a", {"AlgorithmSpecification": {"TrainingInputMode": "Slow"}})),
            "Step 'a': Model Validation failed: Value 'Slow' at Arguments.AlgorithmSpecification.TrainingInputMode "
            "failed to satisfy enum value set: [Pipe, File, FastFile]",
        ),
        (text_of(fail("a", DependsOn=["b"])), "Step 'a': it refers to a step 'b', which does not exist."),
        (text_of(fail("a", {"Get": "Steps.b.X"})), "Step 'a': it refers to a step 'b', which does not exist."),
        (text_of(fail("a", {"Get": "Parameters.None"})), "Step 'a': the reference 'Parameters.None' leads nowhere."),
        (text_of(fail("a", {"Get": "Execution.Moon"})), "Step 'a': the reference 'Execution.Moon' leads nowhere."),
        (text_of(fail("a", {"Get": "Steps.b.PropertyFiles.F"}), train("b")), "Step 'a': step 'b' has no property file"),
        (text_of(fail("a", DependsOn=["b"]), fail("b", DependsOn=["a"])), "wait for each other"),
        (text_of(fail("a", DependsOn="b")), "Step 'a': DependsOn must be a list"),
        (text_of(fail("a", RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 1}])), "not supported"),
        (text_of(train("a", RetryPolicies=[{"ExceptionType": ["No"], "MaxAttempts": 1}])), "ExceptionType must name"),
        (text_of(train("a", RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"]}])), "one of MaxAttempts and"),
        (text_of(train("a", CacheConfig={"Enabled": "yes"})), "Step 'a': CacheConfig needs Enabled"),
        (text_of(train("a", CacheConfig={"Enabled": True, "ExpireAfter": "soon"})), "ExpireAfter must be an ISO 8601"),
        (text_of(fail("a", CacheConfig={"Enabled": True})), "CacheConfig is not supported for steps of type Fail."),
        (text_of(fail("a", PropertyFiles=[{}])), "Step 'a': PropertyFiles is for steps of type Processing."),
        (text_of(Parameters=[{"Name": "P", "Type": "Text"}]), "Parameter 'P': Type must be one of"),
        (text_of(Parameters=[{"Name": "P", "Type": "Integer", "DefaultValue": "1"}]), "DefaultValue must be of the"),
        (text_of(Parameters=[{"Name": "P", "Type": "Integer", "DefaultValue": True}]), "DefaultValue must be of the"),
        (text_of(quality_check("a")), "Step 'a': ProcessingOutputConfig needs Outputs"),
        (text_of(quality_check("a", ProcessingOutputConfig={"Outputs": []})), "ProcessingOutputConfig needs Outputs"),
        ("[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_definition_is_refused_with_the_step_and_the_member(text: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Definition.parse(text)
    assert str(caught.value).startswith("Unable to parse pipeline definition. ")
    assert words in str(caught.value)


def test_an_expression_stands_for_any_value() -> None:
    anywhere = {"ResourceConfig": {"Get": "Parameters.Role"}, "HyperParameters": {"a": {"Get": "Parameters.Role"}}}
    definition = Definition.parse(text_of(train("a", anywhere)))
    assert definition.steps["a"].arguments["ResourceConfig"] == {"Get": "Parameters.Role"}
