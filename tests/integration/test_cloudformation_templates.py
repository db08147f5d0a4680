"""Templates that CloudFormation refuses, and imports that fail while a stack is deployed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.stacks import AnyClient, AnyStack

QUEUE = {"Type": "AWS::SQS::Queue"}


@pytest.fixture
def stack(client: AnyClient) -> Iterator[AnyStack]:
    stack = AnyStack(client, "template")
    yield stack
    stack.remove()


def with_output(value: Any) -> str:
    return json.dumps({"Resources": {"Queue": QUEUE}, "Outputs": {"Output": {"Value": value}}})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", r"JSON not well-formed\. \(line 1, column 2\)"),
        ("Resources: [", "YAML not well-formed"),
        ("{}", "At least one Resources member must be defined"),
        (with_output({"Fn::GetAtt": ["Queue", "Nope"]}), "does not support attribute type Nope in Fn::GetAtt"),
        (with_output({"Fn::GetAtt": "Nope.Arn"}), r"dependencies \[Nope\] in the Outputs block"),
        ("Resources: {Queue: {Type: AWS::SQS::Queue, DependsOn: Nope}}", r"\[Nope\] in the Resources block"),
    ],
)
def test_a_template_that_cannot_be_deployed_is_refused(stack: AnyStack, body: str, message: str) -> None:
    named = {"StackName": stack.name, "TemplateBody": body}
    change_set = {"ChangeSetName": "new", "ChangeSetType": "CREATE"}
    requests: list[tuple[str, dict[str, str]]] = [
        ("create_stack", named),
        ("create_change_set", named | change_set),
        ("validate_template", {"TemplateBody": body}),
    ]
    for operation, arguments in requests:
        with pytest.raises(ClientError, match=message) as refusal:
            getattr(stack.cloudformation, operation)(**arguments)
        assert refusal.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="does not exist"):
        stack.cloudformation.describe_stacks(StackName=stack.name)


def test_an_update_to_a_template_that_is_refused_leaves_the_stack(stack: AnyStack) -> None:
    stack.create_from(with_output({"Fn::GetAtt": ["Queue", "Arn"]}))
    with pytest.raises(ClientError, match="does not support attribute type Nope"):
        stack.update_to(with_output({"Fn::GetAtt": ["Queue", "Nope"]}))
    assert stack.ended()["StackStatus"] == "CREATE_COMPLETE"


def test_the_arn_of_an_event_source_mapping_is_an_attribute(stack: AnyStack) -> None:
    template = {
        "Resources": {"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": "f"}}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Mapping", "EventSourceMappingArn"]}}},
    }
    stack.cloudformation.validate_template(TemplateBody=json.dumps(template))


def test_a_template_in_s3_is_checked(stack: AnyStack) -> None:
    stack.s3.create_bucket(Bucket=stack.name)
    stack.s3.put_object(Bucket=stack.name, Key="t.json", Body=with_output({"Ref": "Nope"}).encode())
    url = f"{stack.s3.meta.endpoint_url}/{stack.name}/t.json"
    with pytest.raises(ClientError, match=r"dependencies \[Nope\]"):
        stack.cloudformation.create_stack(StackName=stack.name, TemplateURL=url)
    stack.s3.delete_object(Bucket=stack.name, Key="t.json")
    stack.s3.delete_bucket(Bucket=stack.name)


def test_the_import_of_an_export_that_does_not_exist_fails(stack: AnyStack) -> None:
    ended = stack.create_from(with_output({"Fn::ImportValue": "no-such-export"}))
    assert ended["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "No export named no-such-export found" in stack.reasons()
