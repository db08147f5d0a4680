from typing import Any

import pytest

from localstack_plugin.cloudformation.templates.references import TemplateError, check

QUEUE = {"Type": "Queue"}
ATTRIBUTES = {"Queue": {"Arn", "QueueName", "Endpoint"}}


def template(value: Any, **blocks: Any) -> dict[str, Any]:
    """Return a template whose output has the value."""
    return {"Resources": {"Q": QUEUE}, "Outputs": {"O": {"Value": value}}, **blocks}


@pytest.mark.parametrize(
    "body",
    [
        template({"Ref": "Q"}),
        template({"Ref": "P"}, Parameters={"P": {"Type": "String"}}),
        template({"Ref": "AWS::Region"}),
        template({"Fn::GetAtt": ["Q", "Arn"]}),
        template({"Fn::GetAtt": "Q.Endpoint.Address"}),
        template({"Fn::GetAtt": ["Q", {"Ref": "AWS::Region"}]}),
        template({"Fn::GetAtt": ["U", "AnyName"]}, Resources={"U": {"Type": "Unknown"}}),
        template({"Fn::Sub": "${Q}-${Q.Arn}-${AWS::Region}-${!Literal}"}),
        template({"Fn::Sub": ["${X} ${Q}", {"X": {"Ref": "Q"}}]}),
        template({"Fn::Join": ["", [{"Ref": "Q"}]]}),
        template({"Fn::If": ["C", "a", {"Ref": "Q"}]}, Conditions={"C": {"Fn::Equals": ["a", "b"]}}),
        template("a", Resources={"Q": {**QUEUE, "Condition": "C"}}, Conditions={"C": {"Fn::Equals": ["a", "b"]}}),
        template("a", Resources={"Q": {**QUEUE, "Properties": {"Condition": {"StringEquals": {"a": "b"}}}}}),
        template("a", Resources={"Q": {**QUEUE, "DependsOn": "R"}, "R": QUEUE}),
        template({"Ref": "ServerlessRestApi"}, Transform="AWS::Serverless-2016-10-31"),
        {"Transform": "AWS::Serverless-2016-10-31"},
        template({"Ref": "X"}, Resources={"Fn::ForEach::Queues": []}),
    ],
)
def test_a_template_whose_references_exist_is_accepted(body: dict[str, Any]) -> None:
    check(body, ATTRIBUTES.get)


UNRESOLVED = "Template format error: Unresolved resource dependencies [{}] in the {} block of the template"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "Template format error: unsupported structure."),
        ({}, "Template format error: At least one Resources member must be defined."),
        ({"Resources": {}}, "Template format error: At least one Resources member must be defined."),
        (template({"Ref": "X"}), UNRESOLVED.format("X", "Outputs")),
        (template({"Fn::GetAtt": ["X", "Arn"]}), UNRESOLVED.format("X", "Outputs")),
        (template({"Fn::GetAtt": ["P", "Arn"]}, Parameters={"P": {}}), UNRESOLVED.format("P", "Outputs")),
        (template({"Fn::Sub": "${B} ${A.Arn}"}), UNRESOLVED.format("A, B", "Outputs")),
        (template({"Fn::Sub": ["${X}", {"X": {"Ref": "Y"}}]}), UNRESOLVED.format("Y", "Outputs")),
        (template("a", Resources={"Q": {**QUEUE, "DependsOn": ["X"]}}), UNRESOLVED.format("X", "Resources")),
        (
            template("a", Resources={"Q": {**QUEUE, "Properties": {"QueueName": [{"Ref": "X"}]}}}),
            UNRESOLVED.format("X", "Resources"),
        ),
        (
            template({"Fn::GetAtt": ["Q", "Nope"]}),
            "Template error: resource Q does not support attribute type Nope in Fn::GetAtt",
        ),
        (
            template({"Fn::Sub": "${Q.Nope}"}),
            "Template error: resource Q does not support attribute type Nope in Fn::GetAtt",
        ),
        (
            template({"Fn::If": ["C", 1, 2]}),
            "Template format error: Unresolved condition dependency C in the Outputs block of the template",
        ),
        (
            template("a", Resources={"Q": {**QUEUE, "Condition": "C"}}),
            "Template format error: Unresolved condition dependency C in the Resources block of the template",
        ),
        (
            template("a", Resources={"P": {"DependsOn": "Q"}, "Q": {"Properties": {"P": {"Ref": "P"}}}, "R": QUEUE}),
            "Circular dependency between resources: [P, Q]",
        ),
        (
            template("a", Resources={"P": {"Properties": {"P": {"Fn::Sub": "${P}"}}}}),
            "Circular dependency between resources: [P]",
        ),
    ],
)
def test_a_template_with_a_broken_reference_is_refused_in_the_words_of_cloudformation(body: Any, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        check(body, ATTRIBUTES.get)
    assert str(refusal.value) == message
