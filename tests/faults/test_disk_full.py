"""A disk that is full: new work is refused by name, nothing acknowledged is lost, and later all works again."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import BUCKET
from tests.contract.transforms import Transforms
from tests.faults.conftest import SmallDisk, captured_bodies
from tests.faults.test_s3_away import CAPTURE, model_of
from tests.waiting import until

FULL = "The disk of the SageMaker emulator is full"


def test_a_full_disk_refuses_new_work_by_name_and_everything_else_answers(
    serve: Any, hosting_of: Any, small_disk: SmallDisk
) -> None:
    with serve(small_disk.state_dir) as emulator:
        hosting, client = hosting_of(emulator), emulator.client("sagemaker")
        hosting.simple("before")
        small_disk.fill()
        refused = _refused_models(client)
        assert refused, "the store found room for a thousand models"
        assert all("ResourceLimitExceeded" in error and FULL in error for error in refused.values())
        assert client.describe_endpoint(EndpointName="before")["EndpointStatus"] == "InService"
        emulator.client("sagemaker-runtime").invoke_endpoint(EndpointName="before", Body=b"x")
        small_disk.make_room()
        hosting.simple("after")
        names = {one["ModelName"] for one in client.list_models(MaxResults=100)["Models"]}
        assert {"before", "after"} <= names
        assert not names & set(refused)
    with serve(small_disk.state_dir) as emulator:
        names = {one["ModelName"] for one in emulator.client("sagemaker").list_models(MaxResults=100)["Models"]}
        assert {"before", "after"} <= names


def _refused_models(client: Any) -> dict[str, str]:
    """Create models until the disk refuses some; return the errors by name."""
    refused: dict[str, str] = {}
    environment = {f"V{number}": "x" * 1000 for number in range(15)}
    for number in range(1000):
        container = {"Image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1", "Environment": environment}
        try:
            client.create_model(ModelName=f"m{number}", PrimaryContainer=container)
        except ClientError as error:
            refused[f"m{number}"] = str(error)
            if len(refused) == 3:
                break
    return refused


def test_invocations_succeed_on_a_full_disk_and_captured_records_arrive(
    serve: Any, hosting_of: Any, small_disk: SmallDisk, s3: Any
) -> None:
    body = "7" * 1000
    with serve(small_disk.state_dir, capture_idle_s=600.0) as emulator:
        hosting_of(emulator).simple("full", DataCaptureConfig=CAPTURE)
        runtime = emulator.client("sagemaker-runtime")
        for number in range(20):
            runtime.invoke_endpoint(EndpointName="full", Body=f"{number},{body}", ContentType="text/csv")
        small_disk.fill()
        for number in range(20, 40):
            runtime.invoke_endpoint(EndpointName="full", Body=f"{number},{body}", ContentType="text/csv")
        small_disk.make_room()
        for number in range(40, 60):
            runtime.invoke_endpoint(EndpointName="full", Body=f"{number},{body}", ContentType="text/csv")
    arrived = {int(one.partition(",")[0]) for one in captured_bodies(s3, "full")}
    assert set(range(20)) | set(range(40, 60)) <= arrived


def test_a_finished_model_waits_for_room(
    serve: Any, jobs_of: Any, small_disk: SmallDisk, s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(small_disk.state_dir) as emulator:
        jobs = jobs_of(emulator)
        jobs.create("no-room", {"seconds": "2"})
        model = small_disk.state_dir / "training" / "no-room" / "algo-1" / "model" / "model.txt"
        until(lambda: model.exists() and model.stat().st_size, "the model")
        small_disk.fill()
        until(lambda: "waits until there is room" in caplog.text, "the job to wait for room")
        assert jobs.client.describe_training_job(TrainingJobName="no-room")["TrainingJobStatus"] == "InProgress"
        small_disk.make_room()
        job = jobs.ended("no-room")
        assert (job["TrainingJobStatus"], job.get("FailureReason")) == ("Completed", None)
    assert model_of(s3, "no-room")


def test_a_download_without_room_fails_by_name_and_the_next_job_succeeds(
    serve: Any, jobs_of: Any, small_disk: SmallDisk, s3: Any
) -> None:
    s3.put_object(Bucket=BUCKET, Key="large/one.bin", Body=bytes(12 << 20))
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/large/"}
    with serve(small_disk.state_dir) as emulator:
        jobs = jobs_of(emulator)
        twice = [{"ChannelName": name, "DataSource": {"S3DataSource": source}} for name in ("a", "b")]
        jobs.create("too-large", InputDataConfig=twice)
        job = jobs.ended("too-large")
        assert job["TrainingJobStatus"] == "Failed"
        assert "No space left on device" in job["FailureReason"]
        jobs.create("fits")
        assert jobs.ended("fits")["TrainingJobStatus"] == "Completed"


def test_asynchronous_requests_are_refused_or_answered(
    serve: Any, hosting_of: Any, small_disk: SmallDisk, s3: Any
) -> None:
    with serve(small_disk.state_dir) as emulator:
        hosting, runtime = hosting_of(emulator), emulator.client("sagemaker-runtime")
        hosting.model("async-full")
        config = {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/async-full"}}
        variant = {"VariantName": "AllTraffic", "ModelName": "async-full"}
        hosting.config("async-full", variant, AsyncInferenceConfig=config)
        hosting.endpoint("async-full", "async-full")
        accepted = [runtime.invoke_endpoint_async(EndpointName="async-full", Body=b"x" * 1000)]
        small_disk.fill()
        with pytest.raises(ClientError, match=FULL) as refused:
            accepted += (
                runtime.invoke_endpoint_async(EndpointName="async-full", Body=b"x" * 100_000) for _ in range(100)
            )
        assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"
        small_disk.make_room()
        accepted.append(runtime.invoke_endpoint_async(EndpointName="async-full", Body=b"x" * 1000))
        for answer in accepted:
            until(partial(_exists, s3, answer["OutputLocation"]), "the output of an accepted request")


def _exists(s3: Any, uri: str) -> bool:
    key = uri.removeprefix(f"s3://{BUCKET}/")
    return bool(s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("KeyCount"))


def test_a_transform_without_room_fails_by_name_and_the_next_one_succeeds(
    serve: Any, hosting_of: Any, small_disk: SmallDisk, s3: Any
) -> None:
    with serve(small_disk.state_dir) as emulator:
        transforms = Transforms(emulator.client("sagemaker"), s3, until)
        hosting_of(emulator).model("transformed")
        transforms.create("no-room", {"large.csv": bytes(20 << 20)})
        job = transforms.ended("no-room")
        assert job["TransformJobStatus"] == "Failed"
        assert job["FailureReason"].startswith("InternalServerError: No space left on device")
        transforms.create("room", {"small.csv": b"1"})
        assert transforms.ended("room")["TransformJobStatus"] == "Completed"
