"""S3 is frozen or killed: finished work waits for it, and everything else answers."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import BUCKET, IMAGE, ROLE
from tests.contract.transforms import Transforms
from tests.faults.conftest import FROZEN_S, KILLED_S, captured_bodies
from tests.faults.door import Door
from tests.waiting import until

ANSWER_S = 5.0  # for what takes milliseconds
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}


def model_of(s3: Any, job: str) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=f"models/{job}/output/model.tar.gz")["Body"].read()
    return body


def uploading(client: Any, name: str) -> dict[str, Any]:
    def delayed() -> dict[str, Any] | None:
        job: dict[str, Any] = client.describe_training_job(TrainingJobName=name)
        assert job["TrainingJobStatus"] == "InProgress", job.get("FailureReason")
        return job if "delayed" in job["SecondaryStatusTransitions"][-1]["StatusMessage"] else None

    return until(delayed, f"{name} to wait for S3")


def test_a_killed_s3_delays_the_upload_of_a_finished_model(serve: Any, jobs_of: Any, door: Door, s3: Any) -> None:
    with serve() as emulator:
        jobs = jobs_of(emulator)
        jobs.create("killed-s3", {"seconds": "1"})
        jobs.in_training("killed-s3")
        door.shut()
        job = uploading(jobs.client, "killed-s3")
        assert job["SecondaryStatus"] == "Uploading"
        time.sleep(KILLED_S)  # the outage itself
        door.reopen()
        assert jobs.ended("killed-s3")["TrainingJobStatus"] == "Completed"
    assert model_of(s3, "killed-s3")


def test_a_frozen_s3_delays_the_upload_and_nothing_else(serve: Any, jobs_of: Any, door: Door, s3: Any) -> None:
    with serve() as emulator:
        jobs = jobs_of(emulator)
        jobs.create("frozen-s3", {"seconds": "1"})
        jobs.in_training("frozen-s3")
        door.freeze()
        thaws = time.monotonic() + FROZEN_S
        while time.monotonic() < thaws:
            began = time.monotonic()
            assert jobs.client.describe_training_job(TrainingJobName="frozen-s3")["TrainingJobStatus"] == "InProgress"
            assert time.monotonic() - began < ANSWER_S
            time.sleep(0.2)
        door.thaw()
        assert jobs.ended("frozen-s3")["TrainingJobStatus"] == "Completed"
    assert model_of(s3, "frozen-s3")


def test_an_upload_goes_on_after_a_restart(serve: Any, jobs_of: Any, door: Door, s3: Any) -> None:
    with serve() as emulator:
        jobs = jobs_of(emulator)
        metrics = [{"Name": "validation:accuracy", "Regex": "Validation-accuracy=(.*)"}]
        algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": metrics}
        jobs.create("restarted", {"seconds": "1"}, AlgorithmSpecification=algorithm)
        jobs.in_training("restarted")
        door.shut()
        uploading(jobs.client, "restarted")
    door.reopen()
    with serve() as emulator:
        job = jobs_of(emulator).ended("restarted")
    assert job["TrainingJobStatus"] == "Completed"
    assert [one["Value"] for one in job["FinalMetricDataList"]] == [0.875]
    assert model_of(s3, "restarted")


def test_a_stop_ends_a_job_that_waits_for_s3(serve: Any, jobs_of: Any, door: Door) -> None:
    with serve(stop_grace_s=0.5) as emulator:
        jobs = jobs_of(emulator)
        jobs.create("stopped", {"seconds": "1"})
        jobs.in_training("stopped")
        door.shut()
        uploading(jobs.client, "stopped")
        jobs.client.stop_training_job(TrainingJobName="stopped")
        assert jobs.ended("stopped")["TrainingJobStatus"] == "Stopped"


def test_after_the_limit_the_job_fails_and_blames_the_platform(serve: Any, jobs_of: Any, door: Door) -> None:
    with serve(upload_retry_s=1.0) as emulator:
        jobs = jobs_of(emulator)
        jobs.create("limited", {"seconds": "1"})
        jobs.in_training("limited")
        door.shut()
        job = jobs.ended("limited")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("InternalServerError: The upload was not possible within 1 seconds")


def test_a_missing_bucket_fails_the_job_at_once(serve: Any, jobs_of: Any, door: Door) -> None:
    with serve() as emulator:
        jobs = jobs_of(emulator)
        jobs.create("no-bucket", OutputDataConfig={"S3OutputPath": "s3://there-is-no-such-bucket/models"})
        job = jobs.ended("no-bucket")
    assert job["FailureReason"].startswith("ClientError: ")
    assert "NoSuchBucket" in job["FailureReason"]


def test_a_processing_jobs_outputs_wait_for_s3_also_across_a_restart(serve: Any, door: Door, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="faults/input/one.txt", Body=b"one")
    output = {
        "S3Uri": f"s3://{BUCKET}/faults/output",
        "LocalPath": "/opt/ml/processing/out",
        "S3UploadMode": "EndOfJob",
    }
    source = {"S3Uri": f"s3://{BUCKET}/faults/input", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix"}
    request: dict[str, Any] = {
        "ProcessingJobName": "waits",
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerArguments": ["copy=/opt/ml/processing/in:/opt/ml/processing/out", "sleep=1", "message=done"],
        },
        "ProcessingInputs": [{"InputName": "in", "S3Input": {**source, "S3InputMode": "File"}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    with serve() as emulator:
        client, state = emulator.client("sagemaker"), emulator.instance.settings.state_dir
        client.create_processing_job(**request)
        until(lambda: "ProcessingStartTime" in client.describe_processing_job(ProcessingJobName="waits"), "the start")
        door.shut()
        until((state / "processing" / "waits" / "ended.json").exists, "the end of the containers")
    door.reopen()
    with serve() as emulator:
        client = emulator.client("sagemaker")
        job = until(
            lambda: (
                (one := client.describe_processing_job(ProcessingJobName="waits"))["ProcessingJobStatus"]
                in ("Completed", "Failed")
                and one
            ),
            "the end of the job",
        )
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "done")
    assert s3.get_object(Bucket=BUCKET, Key="faults/output/algo-1/one.txt")["Body"].read() == b"one"


def test_captured_records_wait_for_s3(serve: Any, hosting_of: Any, door: Door, s3: Any) -> None:
    with serve() as emulator:
        hosting_of(emulator).simple("waiting", DataCaptureConfig=CAPTURE)
        runtime = emulator.client("sagemaker-runtime")
        door.shut()
        for number in range(20):
            runtime.invoke_endpoint(EndpointName="waiting", Body=str(number), ContentType="text/csv")
        time.sleep(KILLED_S)  # the outage itself
        door.reopen()
        until(lambda: len(captured_bodies(s3, "waiting")) == 20, "20 records")
    assert sorted(captured_bodies(s3, "waiting"), key=int) == [str(number) for number in range(20)]


@pytest.mark.parametrize("creates", [32])
def test_creates_that_wait_for_s3_leave_the_control_plane_to_others(
    serve: Any, jobs_of: Any, door: Door, creates: int
) -> None:
    with serve() as emulator:
        jobs = jobs_of(emulator)
        jobs.request("any")  # uploads the input
        door.freeze()
        outcomes: list[str] = []
        threads = [
            threading.Thread(target=_created, args=(jobs.client, jobs.request(f"waits-{number}"), outcomes))
            for number in range(creates)
        ]
        for thread in threads:
            thread.start()
        for call in (jobs.client.list_models, jobs.client.list_training_jobs):
            began = time.monotonic()
            call()
            assert time.monotonic() - began < ANSWER_S
        door.thaw()
        for thread in threads:
            thread.join()
        assert outcomes == ["created"] * creates


def test_a_model_is_neither_refused_nor_created_while_s3_is_away(serve: Any, hosting_of: Any, door: Door) -> None:
    with serve() as emulator:
        hosting = hosting_of(emulator)
        hosting.model("before")
        door.shut()
        with pytest.raises(ClientError) as failure:
            hosting.model("during")
        assert failure.value.response["Error"]["Code"] == "InternalFailure"  # SDKs send the request again
        door.reopen()
        hosting.model("during")
        assert len(hosting.client.list_models()["Models"]) == 2


def _created(client: Any, request: dict[str, Any], outcomes: list[str]) -> None:
    client.create_training_job(**request)
    outcomes.append("created")


def test_a_transforms_output_waits_for_s3(serve: Any, hosting_of: Any, door: Door, s3: Any) -> None:
    with serve() as emulator:
        transforms = Transforms(emulator.client("sagemaker"), s3, until)
        hosting_of(emulator).model("transformed")
        answer = "import time; time.sleep(2); handler._answer(200, body, 'text/plain')"
        transforms.create("late", {"one.csv": b"1"}, answer)
        transforms.begun("late")
        folder = emulator.instance.settings.state_dir / "transform" / "late"
        until(lambda: any(path.stat().st_size for path in folder.rglob("*.in")), "the input")
        door.shut()
        until(lambda: any(path.stat().st_size for path in folder.rglob("*.out")), "the answer")
        door.reopen()
        assert transforms.ended("late")["TransformJobStatus"] == "Completed"
        assert transforms.output("late") == {"one.csv.out": b"1"}
