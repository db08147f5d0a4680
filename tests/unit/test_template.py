"""The template passes AWS's linter, is complete, grants least privilege, and deploys."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint import api
from cfnlint.config import ManualArgs
from cfnlint.decode import cfn_yaml
from moto import mock_aws

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "template.yaml").read_text()
DEFINITIONS = {
    "ClassifyDefinition": ROOT / "local_stepfunctions" / "classify.asl.json",
    "ClassifyBatchDefinition": ROOT / "local_stepfunctions" / "classify-batch.asl.json",
    "TrainAndDeployDefinition": ROOT / "local_stepfunctions" / "train-and-deploy.asl.json",
    "MonitorDefinition": ROOT / "local_stepfunctions" / "monitor.asl.json",
}
TEMPLATE: dict[str, Any] = cfn_yaml.loads(TEXT)
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = ("serialize", "classify", "filter")
PIPELINE_FUNCTIONS = ("inspect_data", "evaluate", "smoke_test", "monitor_window")
PARAMETERS = {
    "Bucket": "images",
    "MakeBucket": "no",
    "CaptureRetentionDays": "30",
    "RoleArn": "",
    "EndpointScaling": "no",
    "EndpointMaxInstances": "4",
    "InvocationsPerInstance": "1000",
    "NotificationEmail": "",
    "CodeBucket": "images",
    "EndpointName": "scones",
    "Threshold": "0.8",
    "Classes": "bicycle,motorcycle",
    "NearClasses": "bicycle",
    "SerializeCode": "code/serialize.zip",
    "ClassifyCode": "code/classify.zip",
    "FilterCode": "code/filter.zip",
    "ClassifyDefinition": "code/classify.asl.json",
    "ClassifyBatchDefinition": "code/classify-batch.asl.json",
    "InspectDataCode": "code/inspect_data.zip",
    "EvaluateCode": "code/evaluate.zip",
    "SmokeTestCode": "code/smoke_test.zip",
    "TrainAndDeployDefinition": "code/train-and-deploy.asl.json",
    "MonitorWindowCode": "code/monitor_window.zip",
    "MonitorDefinition": "code/monitor.asl.json",
    "MonitorProgram": "stack/programs/image_monitoring.zip",
    "MonitorImage": "image:1",
    "MonitorSchedule": "rate(1 hour)",
    "MonitorInstanceType": "ml.m5.large",
    "AlarmOnNoTraffic": "no",
    "PipelineOnDrift": "no",
    "PipelineOnNewData": "yes",
    "PipelineInput": '{"image": "one"}',
    "LogRetentionDays": "7",
}


def of_type(name: str) -> dict[str, Any]:
    return {key: resource["Properties"] for key, resource in RESOURCES.items() if resource["Type"] == name}


def statements_of(role: str) -> list[dict[str, Any]]:
    policies = RESOURCES[role]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def test_cfn_lint_reports_nothing() -> None:
    assert api.lint(TEXT, config=ManualArgs(regions=["us-east-1"])) == []


def test_definitions_and_substitutions_name_the_same_variables() -> None:
    for workflow in of_type("AWS::StepFunctions::StateMachine").values():
        text = DEFINITIONS[workflow["DefinitionS3Location"]["Key"]["Ref"]].read_text()
        assert set(re.findall(r"\$\{(\w+)\}", text)) == set(workflow["DefinitionSubstitutions"])


def test_the_deployment_sets_every_parameter() -> None:
    assert set(TEMPLATE["Parameters"]) == set(PARAMETERS)


ROLES = list(of_type("AWS::IAM::Role"))
WILDCARD = re.compile(r'^(?!\s*#)[^#]*(\*["\s]|\*$|:\*:)')


def unexplained_wildcards(text: str) -> list[str]:
    """Return the lines with a wildcard and without a comment on them or above them."""
    lines = text.splitlines()
    return [
        line
        for above, line in pairwise(lines)
        if WILDCARD.match(line) and "#" not in line and not above.lstrip().startswith("#")
    ]


def test_every_wildcard_of_a_policy_is_explained() -> None:
    assert unexplained_wildcards(TEXT) == []
    assert unexplained_wildcards("Statement:\n  Action: s3:*\n") == ["  Action: s3:*"]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_has_a_wildcard_action(role: str) -> None:
    for statement in statements_of(role):
        assert statement["Effect"] == "Allow"
        assert "*" not in json.dumps(statement["Action"])


def test_only_sagemakers_role_is_passed_and_only_to_sagemaker() -> None:
    statements = (statement for role in ROLES for statement in statements_of(role))
    passing = [statement for statement in statements if "iam:PassRole" in statement["Action"]]
    assert len(passing) == 2  # of the pipeline and of the monitor
    for one in passing:
        assert one["Resource"]["Fn::If"][2] == {"Ref": "RoleArn"}
        assert one["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_a_drift_starts_nothing_by_default() -> None:
    assert TEMPLATE["Parameters"]["PipelineOnDrift"]["Default"] == "no"
    assert RESOURCES["DriftRule"]["Properties"]["State"] == {"Fn::If": ["StartsOnDrift", "ENABLED", "DISABLED"]}


@pytest.mark.parametrize("workflow", ["ClassifyWorkflow", "TrainAndDeployWorkflow", "MonitorWorkflow"])
def test_a_workflow_that_times_out_raises_an_alarm(workflow: str) -> None:
    """A timeout is not among the failed executions, and no state of the workflow sees it."""
    dimensions = [{"Name": "StateMachineArn", "Value": {"Ref": workflow}}]
    (timed_out,) = [
        alarm
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("Dimensions") == dimensions and alarm.get("MetricName") == "ExecutionsTimedOut"
    ]
    assert timed_out["AlarmActions"] == [{"Ref": "NotificationsTopic"}]


def test_new_data_starts_nothing_by_default() -> None:
    assert TEMPLATE["Parameters"]["PipelineOnNewData"]["Default"] == "no"
    assert RESOURCES["NewDataRule"]["Properties"]["State"] == {"Fn::If": ["StartsOnNewData", "ENABLED", "DISABLED"]}


def test_each_function_has_its_own_role_and_log_group() -> None:
    functions = of_type("AWS::Lambda::Function")
    names = {key.removesuffix("Function") for key in functions}
    assert {json.dumps(function["Role"]) for function in functions.values()} == {
        json.dumps({"Fn::GetAtt": [f"{name}Role", "Arn"]}) for name in names
    }
    assert set(of_type("AWS::Logs::LogGroup")) == {f"{name}Logs" for name in names}


def test_a_model_that_takes_a_minute_does_not_time_the_function_out() -> None:
    assert RESOURCES["ClassifyFunction"]["Properties"]["Timeout"] > 60


def test_no_account_number_is_in_the_template() -> None:
    assert not re.search(r"\d{12}", TEXT)


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with mock_aws():
        upload()
        yield deploy()


def upload() -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="images", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for parameter, file in DEFINITIONS.items():
        s3.put_object(Bucket="images", Key=PARAMETERS[parameter], Body=file.read_bytes())
    for name in FUNCTIONS + PIPELINE_FUNCTIONS:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.write(ROOT / "src" / "functions" / name / "app.py", "app.py")
        s3.put_object(Bucket="images", Key=f"code/{name}.zip", Body=code.getvalue())


def deploy() -> dict[str, str]:
    cloudformation = boto3.client("cloudformation")
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()]
    cloudformation.create_stack(
        StackName="scones", TemplateBody=TEXT, Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
    )
    (stack,) = cloudformation.describe_stacks(StackName="scones")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")  # moto's CloudFormation lacks some types
def test_the_stack_deploys_functions_that_know_their_settings(outputs: dict[str, str]) -> None:
    assert outputs["StateMachineArn"].endswith(":stateMachine:scones-classify")
    names = {name: outputs[f"{name.title()}FunctionName"] for name in FUNCTIONS}
    configurations = {
        name: boto3.client("lambda").get_function(FunctionName=names[name])["Configuration"] for name in FUNCTIONS
    }
    assert configurations["classify"]["Environment"]["Variables"] == {
        "ENDPOINT_NAME": "scones",
        "CLASSES": "bicycle,motorcycle",
    }
    assert float(configurations["filter"]["Environment"]["Variables"]["THRESHOLD"]) == 0.8
    groups = boto3.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        f"/aws/lambda/{name}": 7
        for name in [*names.values(), *(f"scones-{name.replace('_', '-')}" for name in PIPELINE_FUNCTIONS)]
    }
    (rule,) = boto3.client("events").list_rules(NamePrefix="scones-new-data")["Rules"]
    (target,) = boto3.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert (target["Arn"], target["Input"]) == (outputs["PipelineStateMachineArn"], PARAMETERS["PipelineInput"])
