"""Processing jobs, as boto3 sees them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

BUCKET = "contract"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"
COPY = f"copy={INPUT}:{OUTPUT}"


@dataclass
class Processing:
    """Processing jobs of the contract container."""

    client: Any
    until: Any

    def create(self, name: str, *arguments: str, hosts: int = 1, mode: str = "EndOfJob", **changes: Any) -> str:
        application = {"ImageUri": IMAGE, **({"ContainerArguments": list(arguments)} if arguments else {})}
        output = {"S3Uri": f"s3://{BUCKET}/processed/{name}", "LocalPath": OUTPUT, "S3UploadMode": mode}
        request = {
            "ProcessingJobName": name,
            "AppSpecification": application,
            "RoleArn": ROLE,
            "ProcessingInputs": [input_of("in", f"s3://{BUCKET}/processing/", INPUT)],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
            "ProcessingResources": resources(hosts),
        }
        arn: str = self.client.create_processing_job(**{**request, **changes})["ProcessingJobArn"]
        return arn

    def ended(self, name: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            job = self.client.describe_processing_job(ProcessingJobName=name)
            return job if job["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        job: dict[str, Any] = self.until(over, f"the end of processing job {name}")
        return job

    def begun(self, name: str) -> None:
        self.until(
            lambda: "ProcessingStartTime" in self.client.describe_processing_job(ProcessingJobName=name),
            f"{name} to have started",
        )


def input_of(name: str, uri: str, path: str, **changes: Any) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **changes}
    return {"InputName": name, "S3Input": source}


def resources(hosts: int) -> dict[str, Any]:
    return {"ClusterConfig": {"InstanceCount": hosts, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}


@pytest.fixture(scope="module")
def processing(sagemaker: Any, s3: Any, until: Any) -> Processing:
    s3.put_object(Bucket=BUCKET, Key="processing/a/one.txt", Body=b"one")
    s3.put_object(Bucket=BUCKET, Key="processing/two.txt", Body=b"two!")
    return Processing(sagemaker, until)


def test_a_job_downloads_its_inputs_and_uploads_its_outputs(processing: Any, s3: Any) -> None:
    arn = processing.create("whole", COPY, "message=all done")
    job = processing.ended("whole")
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ProcessingJobArn"] == arn
    assert arn.endswith(":processing-job/whole")
    assert job["ExitMessage"] == "all done"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert _objects(s3, "processed/whole/") == {"algo-1/a/one.txt": b"one", "algo-1/two.txt": b"two!"}


def test_the_waiter_of_boto3_returns(processing: Any, sagemaker: Any) -> None:
    processing.create("waited")
    waiter = sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName="waited", WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def test_the_configuration_files_describe_the_job_to_its_container(processing: Any) -> None:
    arn = processing.create("configured", "show=COLOR", hosts=2, Environment={"COLOR": "green"})
    assert processing.ended("configured")["ProcessingJobStatus"] == "Completed"
    seen = [json.loads(line) for line in _log("configured")]
    assert sorted(one["resourceconfig"]["current_host"] for one in seen) == ["algo-1", "algo-2"]
    assert all(one["resourceconfig"]["hosts"] == ["algo-1", "algo-2"] for one in seen)
    assert {one["variable"] for one in seen} == {"green"}
    config = seen[0]["processingjobconfig"]
    assert config["ProcessingJobArn"] == arn
    assert config["AppSpecification"] == {
        "ImageUri": IMAGE, "ContainerEntrypoint": None, "ContainerArguments": ["show=COLOR"],
    }  # fmt: skip
    assert config["ProcessingInputs"][0]["S3Input"]["LocalPath"] == INPUT


def test_an_entrypoint_runs_a_script_from_an_input(processing: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="code/script.py", Body=b"import sys; print('ran with', *sys.argv[1:])")
    processing.create(
        "scripted",
        AppSpecification={
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/script.py"],
            "ContainerArguments": ["--ratio", "0.2"],
        },
        ProcessingInputs=[input_of("code", f"s3://{BUCKET}/code/script.py", "/opt/ml/processing/code")],
    )
    assert processing.ended("scripted")["ProcessingJobStatus"] == "Completed"
    assert _log("scripted") == ["ran with --ratio 0.2"]


def test_two_hosts_share_the_keys(processing: Any, s3: Any) -> None:
    shared = input_of("in", f"s3://{BUCKET}/processing/", INPUT, S3DataDistributionType="ShardedByS3Key")
    processing.create("sharded", COPY, hosts=2, ProcessingInputs=[shared])
    assert processing.ended("sharded")["ProcessingJobStatus"] == "Completed"
    assert set(_objects(s3, "processed/sharded/")) == {"algo-1/a/one.txt", "algo-2/two.txt"}


def test_a_manifest_names_the_input(processing: Any, s3: Any) -> None:
    manifest = [{"prefix": f"s3://{BUCKET}/processing/"}, "a/one.txt"]
    s3.put_object(Bucket=BUCKET, Key="manifests/in.json", Body=json.dumps(manifest))
    named = input_of("in", f"s3://{BUCKET}/manifests/in.json", INPUT, S3DataType="ManifestFile")
    processing.create("named", COPY, ProcessingInputs=[named])
    processing.ended("named")
    assert _objects(s3, "processed/named/") == {"algo-1/a/one.txt": b"one"}


def test_continuous_output_is_in_s3_while_the_job_runs(processing: Any, sagemaker: Any, s3: Any, until: Any) -> None:
    processing.create("continuous", COPY, "sleep=600", mode="Continuous")
    until(lambda: len(_objects(s3, "processed/continuous/")) == 2, "the files of a job that still runs")
    assert sagemaker.describe_processing_job(ProcessingJobName="continuous")["ProcessingJobStatus"] == "InProgress"
    sagemaker.stop_processing_job(ProcessingJobName="continuous")
    assert processing.ended("continuous")["ProcessingJobStatus"] == "Stopped"


def test_a_failed_job_has_its_message_and_uploads_nothing(processing: Any, s3: Any) -> None:
    processing.create("failing", COPY, "say=no such column", "message=bad data", "exit=3")
    job = processing.ended("failing")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert job["ExitMessage"] == "bad data"
    assert _log("failing") == ["no such column"]
    assert _objects(s3, "processed/failing/") == {}


def test_a_job_that_exceeds_its_time_limit_is_stopped(processing: Any) -> None:
    processing.create("endless", "sleep=600", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert processing.ended("endless")["ProcessingJobStatus"] == "Stopped"


def test_stopping_ends_the_program(processing: Any, sagemaker: Any) -> None:
    processing.create("stopped", "sleep=600")
    processing.begun("stopped")
    sagemaker.stop_processing_job(ProcessingJobName="stopped")
    assert processing.ended("stopped")["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="the processing job is in status Stopped"):
        sagemaker.stop_processing_job(ProcessingJobName="stopped")


def test_describe_repeats_the_create_request(processing: Any, sagemaker: Any) -> None:
    arn = processing.create("repeated", Tags=[{"Key": "team", "Value": "scones"}], Environment={"A": "b"})
    job = processing.ended("repeated")
    assert job["Environment"] == {"A": "b"}
    assert job["ProcessingResources"] == resources(1)
    assert job["RoleArn"] == ROLE
    assert job["ProcessingInputs"][0]["S3Input"]["S3DataDistributionType"] == "FullyReplicated"
    assert job["ProcessingOutputConfig"]["Outputs"][0]["AppManaged"] is False
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "scones"}]


def test_jobs_are_listed_in_pages_newest_first(processing: Any, sagemaker: Any) -> None:
    for number in range(3):
        processing.create(f"listed-{number}", "exit=1")
    for number in range(3):
        processing.ended(f"listed-{number}")
    pages = sagemaker.get_paginator("list_processing_jobs").paginate(
        NameContains="listed-", StatusEquals="Failed", PaginationConfig={"PageSize": 2}
    )
    summaries = [job for page in pages for job in page["ProcessingJobSummaries"]]
    assert [job["ProcessingJobName"] for job in summaries] == [f"listed-{number}" for number in (2, 1, 0)]
    assert summaries[0]["FailureReason"].startswith("AlgorithmError")


def test_a_second_job_of_the_same_name_is_resource_in_use(processing: Any, sagemaker: Any) -> None:
    processing.create("unique")
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="a processing job with this name already exists"):
        processing.create("unique")


@pytest.mark.parametrize("operation", ["describe_processing_job", "stop_processing_job"])
def test_a_missing_job_is_a_validation_exception(sagemaker: Any, operation: str) -> None:
    with pytest.raises(ClientError, match="Could not find requested job with name: missing") as error:
        getattr(sagemaker, operation)(ProcessingJobName="missing")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_an_image_that_needs_docker_is_refused_by_name(processing: Any) -> None:
    with pytest.raises(ClientError, match="cannot run the image 'own:1'"):
        processing.create("own", AppSpecification={"ImageUri": "own:1"})


@pytest.mark.parametrize(
    ("input_", "text"),
    [
        (input_of("in", "s3://contract/nothing/", INPUT), "No S3 objects found under S3 URL"),
        (input_of("in", "s3://contract/processing/", "/etc"), "LocalPath must be a path below /opt/ml/processing"),
        (input_of("in", "s3://contract/processing/", f"{INPUT}/../../../x"), "LocalPath must be a path below"),
        (input_of("in", "s3://contract/processing/", INPUT, S3InputMode="Pipe"), "S3InputMode Pipe is not emulated"),
        ({"InputName": "in", "DatasetDefinition": {}}, "DatasetDefinition is not emulated"),
    ],
)
def test_an_input_that_is_not_emulated_is_refused(processing: Any, sagemaker: Any, input_: Any, text: str) -> None:
    with pytest.raises(ClientError, match=text) as error:
        processing.create("refused", ProcessingInputs=[input_])
    assert error.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find"):
        sagemaker.describe_processing_job(ProcessingJobName="refused")


@pytest.mark.parametrize(
    ("inputs", "output", "text"),
    [
        ([("a", "one"), ("a", "two")], "out", r"names must be globally unique: \[a\]"),
        ([("a", "one"), ("b", "two")], "b", r"names must be globally unique: \[b\]"),
        ([("a", "one"), ("b", "one/")], "out", "2 inputs have '/opt/ml/processing/one'"),
    ],
)
def test_inputs_and_outputs_that_share_a_name_or_a_folder_are_refused(
    processing: Any, s3: Any, inputs: list[tuple[str, str]], output: str, text: str
) -> None:
    s3.put_object(Bucket=BUCKET, Key="shared/one", Body=b"1")
    entries = [input_of(name, "s3://contract/shared/", f"/opt/ml/processing/{folder}") for name, folder in inputs]
    target = {"S3Uri": "s3://contract/shared-out", "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    outputs = [{"OutputName": output, "S3Output": target}]
    with pytest.raises(ClientError, match=text) as error:
        processing.create("shared", ProcessingInputs=entries, ProcessingOutputConfig={"Outputs": outputs})
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_an_ended_job_is_deleted_and_its_name_is_free(processing: Any, sagemaker: Any) -> None:
    processing.create("deleted", "sleep=600")
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="stop it before deleting"):
        sagemaker.delete_processing_job(ProcessingJobName="deleted")
    sagemaker.stop_processing_job(ProcessingJobName="deleted")
    processing.ended("deleted")
    sagemaker.delete_processing_job(ProcessingJobName="deleted")
    with pytest.raises(ClientError, match="Could not find requested job"):
        sagemaker.delete_processing_job(ProcessingJobName="deleted")
    processing.create("deleted", "say=again")
    assert processing.ended("deleted")["ProcessingJobStatus"] == "Completed"


def test_more_instances_than_the_quota_are_refused(processing: Any, sagemaker: Any) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded, match=r"ml\.m5\.large for processing job usage"):
        processing.create("crowd", hosts=21)


def test_an_output_that_is_not_emulated_is_refused(processing: Any) -> None:
    outputs = [{"OutputName": "out", "FeatureStoreOutput": {"FeatureGroupName": "group"}}]
    with pytest.raises(ClientError, match="FeatureStoreOutput is not emulated"):
        processing.create("refused", ProcessingOutputConfig={"Outputs": outputs})


def test_an_interrupted_job_fails_with_the_reason(restartable: Any, processing: Any, until: Any) -> None:
    before = set(psutil.Process().children(recursive=True))
    with restartable() as emulator:
        interrupted = Processing(emulator.client("sagemaker"), until)
        interrupted.create("interrupted", "sleep=600")
        interrupted.begun("interrupted")
    assert not set(psutil.Process().children(recursive=True)) - before
    with restartable() as emulator:
        job = emulator.client("sagemaker").describe_processing_job(ProcessingJobName="interrupted")
    assert job["ProcessingJobStatus"] == "Failed"
    assert "shut down while the job was running" in job["FailureReason"]


def _objects(s3: Any, prefix: str) -> dict[str, bytes]:
    objects = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
    bodies = {entry["Key"]: s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read() for entry in objects}
    return {key.removeprefix(prefix): body for key, body in bodies.items()}


def _log(job: str) -> list[str]:
    logs, group = boto3.client("logs"), "/aws/sagemaker/ProcessingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    assert all(stream["logStreamName"].startswith(f"{job}/algo-") for stream in streams)
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)[
            "events"
        ]
    ]
