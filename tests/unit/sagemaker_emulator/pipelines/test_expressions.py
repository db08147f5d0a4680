"""Expressions of pipeline definitions: Get, Std:Join and Std:JsonGet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sagemaker_emulator.pipelines.definitions.errors import ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import evaluate, parts_of, references, step_references

JOINED = {"Std:Join": {"On": "/", "Values": ["s3://b", "x"]}}
REPORT = {"metrics": [{"mse": {"value": 4.5}}], "a.b": {"c": 1}}


@dataclass
class Values:
    """The values of one execution, with a step `S` that has a job's description."""

    read: list[str] = field(default_factory=list)

    def parameter(self, name: str) -> Any:
        return {"Text": "bay", "Count": 3, "Flag": True, "Rate": 0.5}[name]

    def variable(self, name: str) -> str:
        return f"<{name}>"

    def properties(self, step: str) -> Any:
        outputs = [{"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}}, {"OutputName": "test"}]
        return {
            "Outputs": outputs,
            "FinalMetricDataList": [{"MetricName": "val:acc", "Value": 0.9}],
            "OutputParameters": {"n": 1},
        }

    def property_file(self, step: str, name: str) -> Any:
        return REPORT

    def json_object(self, uri: str) -> Any:
        self.read.append(uri)
        return REPORT


def json_get(path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.S.PropertyFiles.Report"}, "Path": path}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Get": "Parameters.Text"}, "bay"),
        ({"Get": "Parameters.Count"}, 3),
        ({"Get": "Execution.PipelineName"}, "<PipelineName>"),
        ({"Get": "Steps.S.Outputs['train'].S3Output.S3Uri"}, "s3://b/train"),
        ({"Get": 'Steps.S.Outputs["train"].S3Output.S3Uri'}, "s3://b/train"),
        ({"Get": "Steps.S.Outputs[0].S3Output.S3Uri"}, "s3://b/train"),
        ({"Get": "Steps.S.FinalMetricDataList['val:acc'].Value"}, 0.9),
        ({"Get": "Steps.S.OutputParameters['n']"}, 1),
        ({"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.Text"}, 7, True, 0.5]}}, "s3://bay/7/true/0.5"),
        ({"Std:Join": {"Values": ["a", {"Std:Join": {"On": "-", "Values": ["b", "c"]}}]}}, "ab-c"),
        (json_get("metrics[0].mse.value"), 4.5),
        (json_get("$.metrics[0].mse.value"), 4.5),
        (json_get("['a.b'].c"), 1),
        ({"Std:JsonGet": {"S3Uri": JOINED, "Path": "metrics[0].mse"}}, {"value": 4.5}),
        ({"Get": "Steps.S.PropertyFiles.Report"}, REPORT),
        ({"deep": [{"Get": "Parameters.Text"}, 1, None]}, {"deep": ["bay", 1, None]}),
        ({"Get": "not alone", "other": 1}, {"Get": "not alone", "other": 1}),
    ],
)  # fmt: skip
def test_an_expression_has_its_value(expression: Any, value: Any) -> None:
    assert evaluate(expression, Values()) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({"Get": "Steps.S.Outputs['none'].S3Uri"}, "leads nowhere at 'none'"),
        ({"Get": "Steps.S.Outputs[9]"}, "leads nowhere at 9"),
        ({"Get": "Steps.S.Missing.Deeper"}, "leads nowhere at 'Missing'"),
        ({"Get": "Somewhere.Else"}, "refers to no parameter"),
        (json_get("metrics[0].none"), "leads nowhere at 'none'"),
    ],
)
def test_an_expression_without_a_value_is_refused(expression: Any, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        evaluate(expression, Values())


def test_a_json_file_is_read_where_the_uri_says() -> None:
    values = Values()
    evaluate(
        {"Std:JsonGet": {"S3Uri": {"Std:Join": {"On": "/", "Values": ["s3://b", "x"]}}, "Path": "metrics"}}, values
    )
    assert values.read == ["s3://b/x"]


def test_references_are_found_however_deep() -> None:
    value = {"a": [{"Std:Join": {"On": "", "Values": [{"Get": "Parameters.P"}]}}, json_get("x")]}
    assert list(references(value)) == ["Parameters.P", "Steps.S.PropertyFiles.Report"]
    assert list(step_references(value)) == [("S", ["PropertyFiles", "Report"])]


@pytest.mark.parametrize("path", ["a..b", "a[", "a[x]", "a['b", "a."])
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(ExpressionError, match="cannot be read"):
        parts_of(path)
