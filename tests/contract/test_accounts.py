"""Each account and region has resources of its own, which no other sees."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.contract.conftest import DEADLINE_S, Emulator, Hosting, Jobs
from tests.contract.pipeline_definitions import ROLE, definition, fail

HERE, THERE = "000000000000", "111122223333"
CONFIG = Config(retries={"max_attempts": 1}, read_timeout=DEADLINE_S)


def client(emulator: Emulator, account: str, region: str = "us-east-1", service: str = "sagemaker") -> Any:
    """Return a client that signs as an account's. `test` is the key that everybody has in the local AWS."""
    key = "test" if account == HERE else account
    return boto3.client(
        service,
        endpoint_url=emulator.url,
        aws_access_key_id=key,
        aws_secret_access_key="test",
        region_name=region,
        config=CONFIG,
    )


def jobs_of(emulator: Emulator, account: str, region: str = "us-east-1") -> list[str]:
    listed = client(emulator, account, region).list_training_jobs()["TrainingJobSummaries"]
    return [job["TrainingJobArn"] for job in listed]


def test_a_job_belongs_to_the_account_and_region_that_sign_the_request(emulator: Emulator, s3: Any) -> None:
    places = [(HERE, "us-east-1"), (THERE, "us-east-1"), (THERE, "eu-west-1")]
    for account, region in places:
        jobs = Jobs(client(emulator, account, region), s3)
        jobs.create("same-name")  # of the same name at the same time
    for account, region in places:
        arn = f"arn:aws:sagemaker:{region}:{account}:training-job/same-name"
        assert jobs_of(emulator, account, region) == [arn]
        job = Jobs(client(emulator, account, region), s3).ended("same-name")
        assert (job["TrainingJobStatus"], job["TrainingJobArn"]) == ("Completed", arn)
    assert jobs_of(emulator, "999988887777") == []


def test_an_endpoint_is_found_by_its_own_account_only(emulator: Emulator, s3: Any) -> None:
    hosting = Hosting(client(emulator, THERE), s3)
    assert hosting.simple("private", "of another account")["EndpointStatus"] == "InService"
    invoke = client(emulator, THERE, service="sagemaker-runtime").invoke_endpoint
    answer = json.loads(invoke(EndpointName="private", Body=b"x", ContentType="text/plain")["Body"].read())
    assert answer["model"] == "of another account"
    for account, region in [(HERE, "us-east-1"), (THERE, "us-west-2")]:
        runtime = client(emulator, account, region, "sagemaker-runtime")
        with pytest.raises(ClientError, match=f"Endpoint private of account {account} not found"):
            runtime.invoke_endpoint(EndpointName="private", Body=b"x")
    hosting.client.delete_endpoint(EndpointName="private")


@pytest.mark.parametrize("place", ["us-east-1:111122223333", "eu-west-1:000000000000"])
def test_the_arn_of_another_account_or_region_leads_to_nothing_of_this_one(emulator: Emulator, place: str) -> None:
    here = client(emulator, HERE)
    here.create_model_package_group(ModelPackageGroupName="mine")
    here.create_pipeline(PipelineName="mine", PipelineDefinition=definition(fail("End")), RoleArn=ROLE)
    arn = f"arn:aws:sagemaker:{place}"
    with pytest.raises(ClientError, match=f"Pipeline '{arn}:pipeline/mine' does not exist"):
        here.start_pipeline_execution(PipelineName=f"{arn}:pipeline/mine")
    with pytest.raises(ClientError, match=f"ModelPackageGroup {arn}:model-package-group/mine does not exist"):
        here.delete_model_package_group(ModelPackageGroupName=f"{arn}:model-package-group/mine")
    here.delete_pipeline(PipelineName="mine")
    here.delete_model_package_group(ModelPackageGroupName="mine")


def test_an_account_without_work_has_no_threads_for_it(emulator: Emulator) -> None:
    """A test run may use hundreds of accounts."""

    def workers() -> int:
        return len([thread for thread in threading.enumerate() if thread.name in ("metrics", "data capture")])

    before = workers()
    for number in range(5):
        assert client(emulator, f"22223333444{number}").list_models()["Models"] == []
    assert workers() == before


def test_logs_are_those_of_the_account_and_region(emulator: Emulator, s3: Any) -> None:
    jobs = Jobs(client(emulator, HERE, "ap-south-1"), s3)
    jobs.create("logged-there")
    jobs.ended("logged-there")

    def streams(region: str) -> list[str]:
        logs = boto3.client("logs", region_name=region)
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/TrainingJobs")["logGroups"]
        return [
            stream["logStreamName"].partition("/")[0]
            for group in groups
            for stream in logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
        ]

    assert "logged-there" in streams("ap-south-1")
    assert "logged-there" not in streams("us-east-1")


def test_resources_of_all_accounts_are_there_after_a_restart(restartable: Callable[..., Any], s3: Any) -> None:
    with restartable() as emulator:
        for account in (HERE, THERE):
            Hosting(client(emulator, account), s3).simple("kept", f"of {account}")
    with restartable() as emulator:
        for account in (HERE, THERE):
            Hosting(client(emulator, account), s3).settled("kept")
            runtime = client(emulator, account, service="sagemaker-runtime")
            answer = json.loads(runtime.invoke_endpoint(EndpointName="kept", Body=b"x")["Body"].read())
            assert answer["model"] == f"of {account}"


def test_state_of_a_version_without_accounts_is_that_of_its_account_and_region(
    restartable: Callable[..., Any], tmp_path: Path, s3: Any
) -> None:
    with restartable() as emulator:
        Jobs(client(emulator, HERE), s3).create("old")
        Jobs(client(emulator, HERE), s3).ended("old")
    (tmp_path / "root-scope").unlink()  # earlier versions wrote none
    with restartable() as emulator:
        assert jobs_of(emulator, HERE) == [f"arn:aws:sagemaker:us-east-1:{HERE}:training-job/old"]


def test_state_stays_with_its_region_when_the_emulators_own_region_changes(
    restartable: Callable[..., Any], s3: Any
) -> None:
    with restartable() as emulator:
        Hosting(client(emulator, HERE), s3).model("eastern")
    with restartable(region="eu-west-1") as emulator:
        assert client(emulator, HERE, "eu-west-1").list_models()["Models"] == []
        (model,) = client(emulator, HERE).list_models()["Models"]
        assert model["ModelArn"] == f"arn:aws:sagemaker:us-east-1:{HERE}:model/eastern"
