"""Roles that requests pass: one of the account must exist and trust SageMaker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import BUCKET, IMAGE, Emulator, Hosting, Jobs, create_role

ACCOUNT = "arn:aws:iam::000000000000:role"
ELSEWHERE = "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-20211205T101010"
Create = Callable[[Any, str, str], None]


@pytest.fixture(scope="module", autouse=True)
def _roles(aws: None) -> Iterator[None]:
    create_role("for-lambda", "lambda.amazonaws.com")
    create_role("below-a-path", "sagemaker.amazonaws.com", "/service-role/")
    yield
    for name in ("for-lambda", "below-a-path"):
        boto3.client("iam").delete_role(RoleName=name)


def training_job(client: Any, name: str, role: str) -> None:
    client.create_training_job(**Jobs(client, boto3.client("s3")).request(name, RoleArn=role))


def model(client: Any, name: str, role: str) -> None:
    client.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=role)


def processing_job(client: Any, name: str, role: str) -> None:
    client.create_processing_job(
        ProcessingJobName=name,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        RoleArn=role,
    )


def tuning_job(client: Any, name: str, role: str) -> None:
    definition = Jobs(client, boto3.client("s3")).request(name, RoleArn=role)
    del definition["TrainingJobName"]
    definition["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "score", "Regex": "score=(.*)"}]
    client.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "a", "Values": ["1"]}]},
        },
        TrainingJobDefinition=definition,
    )


def endpoint_config(client: Any, name: str, role: str) -> None:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "for-configurations",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    with suppress(ClientError):  # it exists
        model(client, "for-configurations", "arn:aws:iam::111122223333:role/other")
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], ExecutionRoleArn=role)


CREATES = (training_job, model, processing_job, tuning_job, endpoint_config)


@pytest.mark.parametrize("create", CREATES)
@pytest.mark.parametrize("role", ["nobody", "for-lambda", "other-path/sagemaker"])
def test_a_role_that_sagemaker_cannot_assume_is_refused(sagemaker: Any, create: Create, role: str) -> None:
    with pytest.raises(ClientError) as refusal:
        create(sagemaker, "refused", f"{ACCOUNT}/{role}")
    error = refusal.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"] == (
        f"Could not assume role {ACCOUNT}/{role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )


def test_a_role_below_a_path_is_accepted(sagemaker: Any) -> None:
    model(sagemaker, "below-a-path", f"{ACCOUNT}/service-role/below-a-path")


def test_a_role_of_another_account_is_accepted_and_noted(sagemaker: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        model(sagemaker, "role-elsewhere", ELSEWHERE)
        model(sagemaker, "role-elsewhere-again", ELSEWHERE)
    notes = [record.message for record in caplog.records if ELSEWHERE in record.message]
    assert notes == [f"the role {ELSEWHERE} is of another account and not checked; AWS would refuse it"]


def test_a_placeholder_role_need_not_exist(sagemaker: Any, restartable: Callable[..., Any]) -> None:
    model(sagemaker, "placeholder", f"{ACCOUNT}/any")
    for strict in ({"placeholder_roles": ()}, {"role_check": "all"}):
        with restartable(**strict) as emulator, pytest.raises(ClientError, match="Could not assume role"):
            model(emulator.client("sagemaker"), "strict", f"{ACCOUNT}/any")


def test_a_setting_refuses_roles_of_other_accounts_as_aws_does(restartable: Callable[..., Any]) -> None:
    with restartable(role_check="all") as emulator, pytest.raises(ClientError) as refusal:
        model(emulator.client("sagemaker"), "strict", ELSEWHERE)
    error = refusal.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("AccessDeniedException", "Cross-account pass role is not allowed.")


def test_a_setting_turns_the_check_off(restartable: Callable[..., Any]) -> None:
    with restartable(role_check="off") as emulator:
        model(emulator.client("sagemaker"), "lenient", f"{ACCOUNT}/nobody")


def test_a_role_elsewhere_does_not_lead_a_job_to_another_account(emulator: Emulator, jobs: Jobs) -> None:
    """The job uploads its model with keys of the role: the bucket is in this account."""
    jobs.create("role-elsewhere", RoleArn=ELSEWHERE)
    assert jobs.ended("role-elsewhere")["TrainingJobStatus"] == "Completed"
    assert jobs.s3.head_object(Bucket=BUCKET, Key="models/role-elsewhere/output/model.tar.gz")


def test_a_model_without_a_role_is_accepted(sagemaker: Any) -> None:
    """Isolated models may have none."""
    sagemaker.create_model(ModelName="no-role", PrimaryContainer={"Image": IMAGE})
    assert "ExecutionRoleArn" not in sagemaker.describe_model(ModelName="no-role")
    Hosting(sagemaker, None).client.delete_model(ModelName="no-role")
