"""The template's policies pass parliament, an IAM checker, and state machines' roles fit their definitions."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import parliament
import pytest
from cfnlint.decode import cfn_yaml

from scones.deployment.deploy import compact

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "template.yaml").read_text()
HOSTED = (ROOT / "ci" / "deploy_role.yaml").read_text()
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "scones-unlimited",
}
PARAMETERS = {
    "Bucket": "scones-images",
    "EndpointName": "scones-vehicles",
    "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
    "CodeBucket": "scones-code",
    "Repository": "scones/unlimited",
    "Environment": "staging",
    "SageMakerRoleArn": "arn:aws:iam::123456789012:role/sagemaker",
    "Stack": "scones-unlimited",
    "MonitorProgram": "scones-unlimited/programs/image_monitoring.zip",
}
ARNS = {
    "AWS::Events::Rule": "arn:aws:events:eu-west-1:123456789012:rule/{}",
    "AWS::IAM::OIDCProvider": "arn:aws:iam::123456789012:oidc-provider/{}",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/{}",
    "AWS::Lambda::Function": "arn:aws:lambda:eu-west-1:123456789012:function:{}",
    "AWS::Logs::LogGroup": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/{}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::scones-images",
    "AWS::SNS::Topic": "arn:aws:sns:eu-west-1:123456789012:{}",
    "AWS::SQS::Queue": "arn:aws:sqs:eu-west-1:123456789012:{}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:eu-west-1:123456789012:stateMachine:{}",
}
Node = dict[str, Any]


@dataclass(frozen=True)
class Template:
    text: str
    resources: dict[str, Node]

    @classmethod
    def of(cls, text: str) -> "Template":
        return cls(text, cfn_yaml.loads(text)["Resources"])

    def resolved(self, node: Any) -> Any:
        """Return a value as CloudFormation would pass it to IAM."""
        match node:
            case {"Ref": name}:
                return self.value(name)
            case {"Fn::GetAtt": [name, _]}:
                return self.value(name)
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([\w:]+)(\.\w+)?\}", lambda match: self.value(match[1]), text)
            case {"Fn::If": [_, chosen, _]}:
                return self.resolved(chosen)
            case dict():
                return {key: self.resolved(value) for key, value in node.items()}
            case list():
                return [self.resolved(item) for item in node]
            case _:
                return node

    def value(self, name: str) -> str:
        if name in self.resources:
            return ARNS[self.resources[name]["Type"]].format(name)
        return PSEUDO.get(name) or PARAMETERS[name]

    def documents(self) -> Iterator[tuple[str, Node]]:
        """Yield every policy, trust policies included, with the logical id of its resource."""
        for name, resource in self.resources.items():
            properties = resource.get("Properties", {})
            policies = [*properties.get("Policies", []), properties] if isinstance(properties, dict) else []
            for policy in policies:
                for kind in ("PolicyDocument", "AssumeRolePolicyDocument"):
                    if kind in policy:
                        yield name, policy[kind]

    def comments(self, statement: Node) -> str:
        """Return the comments in a statement's lines and directly above it."""
        lines = self.text.splitlines()
        first, last = statement.start_mark.line, statement.end_mark.line  # type: ignore[attr-defined]
        while lines[first - 1].lstrip().startswith("#"):
            first -= 1
        return "\n".join(line.partition("#")[2] for line in lines[first:last])


def findings(document: Node) -> set[str]:
    """Return the checker's findings. A trust policy gets a resource for the checker, and may expose credentials."""
    trust = all("Resource" not in statement for statement in document["Statement"])
    statements = [{"Resource": PARAMETERS["RoleArn"], **statement} for statement in document["Statement"]]
    issues = checked(json.dumps({**document, "Statement": statements}), not trust)
    return set(issues) | {"WILDCARD_ACTION" for statement in statements if allows_by_pattern(statement)}


@cache
def checked(policy: str, for_what_is_risky: bool) -> frozenset[str]:
    analyzed = parliament.analyze_policy_string(policy, include_community_auditors=for_what_is_risky)
    return frozenset(finding.issue for finding in analyzed.findings)


def allows_by_pattern(statement: Node) -> bool:
    return statement["Effect"] == "Allow" and any("*" in action for action in listed(statement["Action"]))


def listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def unexplained(text: str) -> set[tuple[str, str]]:
    """Return findings that no comment of the statement names, and findings of the whole policy only."""
    template, unnamed = Template.of(text), set()
    for name, document in template.documents():
        by_itself: set[str] = set()
        for statement in document["Statement"]:
            issues = findings(template.resolved({**document, "Statement": [statement]}))
            by_itself |= issues
            unnamed |= {(name, issue) for issue in issues if issue not in template.comments(statement)}
        unnamed |= {(name, issue) for issue in findings(template.resolved(document)) - by_itself}
    return unnamed


@pytest.mark.parametrize("text", [TEXT, HOSTED], ids=["template.yaml", "deploy_role.yaml"])
def test_every_finding_of_the_checker_is_explained_in_place(text: str) -> None:
    assert unexplained(text) == set()


@pytest.mark.parametrize("text", [TEXT, HOSTED], ids=["template.yaml", "deploy_role.yaml"])
def test_every_policy_is_checked(text: str) -> None:
    assert len(list(Template.of(text).documents())) == len(
        re.findall(r"^ +(?:- )?\w*PolicyDocument:$", text, re.MULTILINE)
    )


SENDS = """                Action: sqs:SendMessage
                Resource:
                  - !GetAtt NearOrdersQueue.Arn
"""
FAULTS = {
    "a misspelled action": (
        "Action: sagemaker:InvokeEndpoint\n",
        "Action: sagemaker:InvokeEndpiont\n",
        "UNKNOWN_ACTION",
    ),
    "an action for another kind of resource": (
        "Action: lambda:InvokeFunction\n",
        "Action: sns:Publish\n",
        "RESOURCE_MISMATCH",
    ),
    "all actions": ("Action: lambda:InvokeFunction\n", "Action: lambda:*\n", "WILDCARD_ACTION"),
    "all resources": (SENDS, SENDS.replace("- !GetAtt NearOrdersQueue.Arn", '- "*"'), "RESOURCE_STAR"),
    "an unknown condition": ('{"iam:PassedToService"', '{"iam:PassedToServise"', "UNKNOWN_CONDITION_FOR_ACTION"),
    "a missing explanation": ("# CREDENTIALS_EXPOSURE:", "# it is meant so:", "CREDENTIALS_EXPOSURE"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_bad_policy_is_found(what: str) -> None:
    good, bad, issue = FAULTS[what]
    assert good in TEXT
    assert {finding for _, finding in unexplained(TEXT.replace(good, bad))} >= {issue}


# ---- each state machine's role allows exactly what its definition does ----

MACHINES = {
    "ClassifyWorkflowRole": "classify",
    "ClassifyBatchRole": "classify-batch",
    "TrainAndDeployRole": "train-and-deploy",
    "MonitorRole": "monitor",
}
MANAGED_RULE = {"events:PutRule", "events:PutTargets", "events:DescribeRule"}
# source: docs.aws.amazon.com/step-functions/latest/dg, sagemaker-iam, stepfunctions-iam, iam-policies-eg-dist-map
OTHERWISE: dict[str, set[str]] = {
    "s3:listObjectsV2": {"s3:ListBucket"},
    "s3:putObject": {"s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"},
    "lambda:invoke": {"lambda:InvokeFunction"},
    "sagemaker:createModel": {"sagemaker:CreateModel", "sagemaker:DescribeModelPackage", "iam:PassRole"},
    "sagemaker:createProcessingJob.sync": {"sagemaker:CreateProcessingJob", "iam:PassRole"},
    "s3:getObject": {"s3:GetObject"},
    "cloudwatch:putMetricData": {"cloudwatch:PutMetricData"},
    "states:startExecution.sync:2": {"states:StartExecution", "states:DescribeExecution", "states:StopExecution"},
}
MAP_RUN = {"states:StartExecution", "states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"}


def actions_of(call: str) -> set[str]:
    """Return the permissions that a state's resource needs, such as `sagemaker:createTrainingJob.sync`."""
    service, operation = call.removeprefix("aws-sdk:").split(":", 1)
    name, _, pattern = operation.partition(".")
    needed = OTHERWISE.get(call, {f"{service}:{name[0].upper()}{name[1:]}"})
    if not pattern:
        return needed
    if service == "sagemaker":
        job = name.removeprefix("create")
        needed = needed | {f"sagemaker:{verb}{job}" for verb in ("Describe", "Stop")}
        needed |= {"sagemaker:AddTags", "sagemaker:ListTags"}
    return needed | MANAGED_RULE


@pytest.mark.parametrize(("role", "workflow"), MACHINES.items())
def test_a_state_machines_role_allows_exactly_what_it_does(role: str, workflow: str) -> None:
    text = (ROOT / "local_stepfunctions" / f"{workflow}.asl.json").read_text()
    calls = re.findall(r'"Resource": "arn:aws:states:::([^"]+)"', text)
    needed = set().union(*map(actions_of, calls)) | (MAP_RUN if '"DISTRIBUTED"' in text else set())
    statements = Template.of(TEXT).resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = {action for statement in statements for action in listed(statement["Action"])}
    assert allowed == needed


def test_the_template_is_small_enough_to_be_sent_inline() -> None:
    """CloudFormation limits a template in a request; LocalStack and moto do not check it."""
    assert len(compact(TEXT).encode()) <= 51_200
