"""Batch transform jobs, as boto3 sees them: statuses, the container's surroundings, failures, stops, refusals."""

from __future__ import annotations

import json
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError
from tests.contract.transforms import LINES, Transforms, log_of

SHOUT = "handler._answer(200, body.upper(), 'text/plain')"
VARIABLES = """
import json, os
names = [name for name in os.environ if name.startswith('SAGEMAKER_') and ('BATCH' in name or 'MAX' in name)]
seen = {**{name: os.environ[name] for name in names}, 'accept': handler.headers['Accept']}
handler._answer(200, json.dumps(seen).encode(), 'application/json')
"""
FAIL_TWICE = """
import builtins
count = builtins.__dict__['count'] = builtins.__dict__.get('count', 0) + 1
handler._answer(500 if count < 3 else 200, b'not yet' if count < 3 else body, 'text/plain')
"""


@pytest.fixture(scope="module")
def transforms(sagemaker: Any, s3: Any, hosting: Any, until: Any) -> Transforms:
    hosting.model("transformed")
    return Transforms(sagemaker, s3, until)


def test_every_file_has_an_output_file_of_its_name(transforms: Any) -> None:
    arn = transforms.create("whole", {"a/one.txt": b"one", "two.txt": b"two"}, SHOUT)
    job = transforms.ended("whole")
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformJobArn"] == arn
    assert arn.endswith(":transform-job/whole")
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert transforms.output("whole") == {"a/one.txt.out": b"ONE", "two.txt.out": b"TWO"}


def test_the_waiter_of_boto3_returns(transforms: Any, sagemaker: Any) -> None:
    transforms.create("waited", {"one.txt": b"one"})
    waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="waited", WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def test_describe_repeats_the_create_request(transforms: Any, sagemaker: Any) -> None:
    arn = transforms.create(
        "repeated", {"one.txt": b"one"}, MaxPayloadInMB=3, Tags=[{"Key": "team", "Value": "scones"}]
    )
    job = transforms.ended("repeated")
    assert (job["ModelName"], job["MaxPayloadInMB"]) == ("transformed", 3)
    assert (job["TransformInput"]["SplitType"], job["TransformOutput"]["AssembleWith"]) == ("None", "None")
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert job["TransformResources"] == {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "scones"}]


def test_the_model_receives_its_archive_and_the_content_type(transforms: Any) -> None:
    files = {"one.csv": b"1,2"}
    answer = transforms.answered("served", files, None, TransformInput={"ContentType": "text/csv"})["one.csv.out"]
    assert json.loads(answer) == {"model": "v1", "got": "1,2", "type": "text/csv"}


def test_the_container_gets_the_variables_of_a_batch_transform(transforms: Any) -> None:
    output = transforms.answered(
        "told", {"one.txt": b"one"}, VARIABLES,
        BatchStrategy="SingleRecord", MaxPayloadInMB=2, MaxConcurrentTransforms=4,
        TransformOutput={"Accept": "application/json"},
    )  # fmt: skip
    assert json.loads(output["one.txt.out"]) == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
        "accept": "application/json",
    }


def test_the_container_chooses_the_parameters_that_the_request_leaves_open(transforms: Any) -> None:
    parameters = {"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
    output = transforms.answered(
        "asked",
        {"rows.csv": LINES},
        Environment={"PARAMETERS": json.dumps(parameters)},
        TransformInput={"SplitType": "Line"},
    )
    assert output == {"rows.csv.out": b"<1,2,3><4,5,6><7,8,9>"}
    assert "MaxConcurrentTransforms=2, MaxPayloadInMB=1, BatchStrategy=SINGLE_RECORD" in log_of("asked", "/data-log")[0]


def test_a_failing_invocation_is_retried(transforms: Any) -> None:
    assert transforms.answered("patient", {"a.txt": b"one"}, FAIL_TWICE) == {"a.txt.out": b"one"}


def test_a_timed_out_answer_fails_the_job(transforms: Any) -> None:
    config = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    transforms.create("slow", {"a.txt": b"sleep 600"}, None, ModelClientConfig=config)
    job = transforms.ended("slow")
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert "a.txt: Unable to get response from algorithm" in log_of("slow", "/data-log")[-1]


@pytest.mark.parametrize(("status", "fault"), [(415, "ClientError"), (503, "AlgorithmError")])
def test_one_bad_file_fails_the_job_and_the_others_are_transformed(transforms: Any, status: int, fault: str) -> None:
    answer = f"handler._answer({status} if body == b'bad' else 200, body, 'text/plain')"
    name = f"partly-{status}"
    files = {"a.txt": b"good", "b.txt": b"bad", "c.txt": b"fine"}
    transforms.create(name, files, answer, ModelClientConfig={"InvocationsMaxRetries": 0})
    job = transforms.ended(name)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == f"{fault}: See job logs for more information"
    assert transforms.output(name) == {"a.txt.out": b"good", "c.txt.out": b"fine"}
    lines = [line.partition("[sagemaker logs]: ")[2] for line in log_of(name, "/data-log")]
    assert f"b.txt: Bad HTTP status received from algorithm: {status}" in lines
    assert "b.txt: bad" in lines


def test_a_container_that_exits_fails_the_job_with_the_end_of_its_log(transforms: Any) -> None:
    answer = "print('out of memory', flush=True); __import__('os')._exit(9)"
    transforms.create("dying", {"a.txt": b"one"}, answer, ModelClientConfig={"InvocationsMaxRetries": 0})
    job = transforms.ended("dying")
    assert "AlgorithmError: The model container exited with code 9." in job["FailureReason"]
    assert "out of memory" in job["FailureReason"]


def test_a_container_that_does_not_start_fails_the_job(transforms: Any) -> None:
    transforms.create("refusing", {"a.txt": b"one"}, Environment={"REFUSE_TO_START": "1"})
    job = transforms.ended("refusing")
    assert "AlgorithmError: The model container exited with code 1." in job["FailureReason"]
    assert log_of("refusing") == ["this model is no good"]


def test_an_output_bucket_that_does_not_exist_fails_the_job_in_awss_words(transforms: Any) -> None:
    transforms.create("homeless", {"a.csv": LINES}, TransformOutput={"S3OutputPath": "s3://no-such-bucket/out"})
    reason = transforms.ended("homeless")["FailureReason"]
    target = "s3://no-such-bucket/out/a.csv.out"
    assert reason.startswith(f"ClientError: Artifact upload failed:Unable to upload file to {target} (An error")
    assert "NoSuchBucket" in reason


def test_a_stop_cuts_requests_off(transforms: Any, sagemaker: Any) -> None:
    transforms.create("stopped", {"a.txt": b"sleep 600"}, None)
    transforms.begun("stopped")
    sagemaker.stop_transform_job(TransformJobName="stopped")
    job = transforms.ended("stopped")
    assert job["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert transforms.output("stopped") == {}
    with pytest.raises(ClientError, match="the transform job is in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="stopped")


def test_jobs_are_listed_in_pages_newest_first(transforms: Any, sagemaker: Any) -> None:
    for number in range(3):
        transforms.create(f"listed-{number}", {"a.txt": b"one"})
    for number in range(3):
        transforms.ended(f"listed-{number}")
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains="listed-", StatusEquals="Completed", PaginationConfig={"PageSize": 2}
    )
    names = [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]
    assert [name for name in names if name != "listed-files"] == [f"listed-{number}" for number in (2, 1, 0)]


def test_a_second_job_of_the_same_name_is_resource_in_use(transforms: Any, sagemaker: Any) -> None:
    transforms.create("unique", {"a.txt": b"one"})
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="a transform job with this name already exists"):
        transforms.create("unique", {"a.txt": b"one"})


@pytest.mark.parametrize("operation", ["describe_transform_job", "stop_transform_job"])
def test_a_missing_job_is_a_validation_exception(sagemaker: Any, operation: str) -> None:
    with pytest.raises(ClientError, match="Could not find requested job with name: missing") as error:
        getattr(sagemaker, operation)(TransformJobName="missing")
    assert error.value.response["Error"]["Code"] == "ValidationException"


CAPTURE_WITH_IDS = {"DestinationS3Uri": "s3://contract/x", "GenerateInferenceId": True}
CSV_IN = {"SplitType": "Line", "ContentType": "text/csv"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ModelName": "missing"}, "Could not find model"),
        ({"DataCaptureConfig": CAPTURE_WITH_IDS}, "GenerateInferenceId needs TransformOutput.Accept to be one of"),
        ({"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 3}, "cannot exceed 100 MB"),
        ({"DataProcessing": {"InputFilter": "$..a"}, "TransformInput": CSV_IN}, "is not supported from '..a' on"),
        ({"DataProcessing": {"InputFilter": "$.a"}}, "needs TransformInput.ContentType to be text/csv"),
        ({"DataProcessing": {"JoinSource": "Input"}, "TransformInput": CSV_IN}, "needs TransformOutput.Accept to be"),
        ({"DataProcessing": {"InputFilter": "$[1:]"}, "TransformInput": {"ContentType": "text/csv"}}, "SplitType Line"),
    ],
)
def test_an_invalid_job_is_refused(transforms: Any, sagemaker: Any, changes: Any, text: str) -> None:
    with pytest.raises(ClientError, match=text) as error:
        transforms.create("refused", {"a.txt": b"one"}, **changes)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find requested job"):
        sagemaker.describe_transform_job(TransformJobName="refused")


def test_more_instances_than_the_quota_are_refused(transforms: Any, sagemaker: Any) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded, match=r"ml\.m5\.large for transform job usage"):
        transforms.create("crowd", {"a.txt": b"one"}, instances=21)


def test_impossible_parameters_of_a_container_are_ignored(transforms: Any) -> None:
    parameters = {"MaxConcurrentTransforms": "many", "BatchStrategy": None, "MaxPayloadInMB": -1}
    files, environment = {"a.txt": b"one"}, {"PARAMETERS": json.dumps(parameters)}
    assert transforms.answered("senseless", files, Environment=environment) == {"a.txt.out": b"<one>"}


def test_a_prefix_without_objects_is_refused(transforms: Any) -> None:
    with pytest.raises(ClientError, match="No S3 objects found under S3 URL"):
        transforms.create("nothing", {})


def test_an_interrupted_job_fails_with_the_reason(restartable: Any, make_hosting: Any, s3: Any, until: Any) -> None:
    before = set(psutil.Process().children(recursive=True))
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        make_hosting(client, s3).model("transformed")
        interrupted = Transforms(client, s3, until)
        interrupted.create("interrupted", {"a.txt": b"sleep 600"}, None)
        interrupted.begun("interrupted")
    assert not set(psutil.Process().children(recursive=True)) - before
    with restartable() as emulator:
        job = emulator.client("sagemaker").describe_transform_job(TransformJobName="interrupted")
    assert job["TransformJobStatus"] == "Failed"
    assert "shut down while the job was running" in job["FailureReason"]
