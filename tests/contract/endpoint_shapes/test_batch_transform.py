"""Batch transform with an inference pipeline."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
APPEND = """
import os
told = ",".join(f"{name}={handler.headers[name]}" for name in ("Content-Type", "Accept"))
answer = body.strip() + os.environ["LETTER"].encode() + b"(" + told.encode() + b")"
handler._answer(int(os.environ.get("STATUS", "200")), answer, "text/" + os.environ["LETTER"])
"""


def container(letter: str, **environment: str) -> dict[str, Any]:
    return {"Image": IMAGE, "Environment": {"ANSWER": APPEND, "LETTER": letter, **environment}}


def create(sagemaker: Any, s3: Any, name: str, containers: list[dict[str, Any]], **changes: Any) -> None:
    mode = {"InferenceExecutionConfig": changes.pop("Execution")} if "Execution" in changes else {}
    sagemaker.create_model(ModelName=name, Containers=containers, ExecutionRoleArn=ROLE, **mode)
    s3.put_object(Bucket="contract", Key=f"rows/{name}/lines.txt", Body=b"1\n2\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://contract/rows/{name}/"}
    request = {
        "TransformJobName": name,
        "ModelName": name,
        "BatchStrategy": "SingleRecord",
        "TransformInput": {"DataSource": {"S3DataSource": source}, "SplitType": "Line", "ContentType": "text/plain"},
        "TransformOutput": {"S3OutputPath": f"s3://contract/out/{name}", "AssembleWith": "Line", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    sagemaker.create_transform_job(**{**request, **changes})


def ended(sagemaker: Any, until: Any, name: str) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        job = sagemaker.describe_transform_job(TransformJobName=name)
        return job if job["TransformJobStatus"] in ("Completed", "Failed") else None

    job: dict[str, Any] = until(over, f"the end of transform job {name}")
    return job


def test_records_pass_through_all_containers_of_a_pipeline(sagemaker: Any, s3: Any, until: Any) -> None:
    create(sagemaker, s3, "row-job", [container("a"), container("b"), container("c")])
    job = ended(sagemaker, until, "row-job")
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    lines = s3.get_object(Bucket="contract", Key="out/row-job/lines.txt.out")["Body"].read().decode().splitlines()
    passed = (
        "a(Content-Type=text/plain,Accept=None)b(Content-Type=text/a,Accept=None)c(Content-Type=text/b,Accept=text/csv)"
    )
    assert lines == [f"1{passed}", f"2{passed}"]


def test_an_error_of_a_container_in_the_middle_fails_the_job(sagemaker: Any, s3: Any, until: Any) -> None:
    create(sagemaker, s3, "row-error", [container("a"), container("b", STATUS="415"), container("c")])
    job = ended(sagemaker, until, "row-error")
    assert (job["TransformJobStatus"], job["FailureReason"]) == (
        "Failed",
        "ClientError: See job logs for more information",
    )


def test_each_container_has_a_log_of_its_own(sagemaker: Any, s3: Any, until: Any) -> None:
    loud = {"AT_START": "print('started', flush=True)"}
    create(sagemaker, s3, "row-logs", [container("a", **loud), container("b", **loud)])
    ended(sagemaker, until, "row-logs")
    streams = boto3.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix="row-logs/"
    )["logStreams"]
    endings = {stream["logStreamName"].rpartition("/")[2] for stream in streams}
    assert endings == {"container-1", "container-2", "data-log"}


def test_a_model_for_direct_invocation_is_refused(sagemaker: Any, s3: Any) -> None:
    with pytest.raises(ClientError, match="has containers for direct invocation, which a transform job does not") as e:
        create(sagemaker, s3, "row-direct", [container("a"), container("b")], Execution={"Mode": "Direct"})
    assert e.value.response["Error"]["Code"] == "ValidationException"


def test_a_captured_job_leaves_manifests_and_inference_ids(sagemaker: Any, s3: Any, until: Any) -> None:
    capture = {"DestinationS3Uri": "s3://contract/captured-job", "GenerateInferenceId": True}
    create(sagemaker, s3, "captured-job", [container("a")], DataCaptureConfig=capture)
    job = ended(sagemaker, until, "captured-job")
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert job["DataCaptureConfig"] == capture
    output = s3.get_object(Bucket="contract", Key="out/captured-job/lines.txt.out")["Body"].read().decode()
    rows = [line.rsplit(",", 2) for line in output.splitlines()]
    assert [row[0][:2] for row in rows] == ["1a", "2a"]
    assert len({row[1] for row in rows}) == 2
    hour = job["TransformStartTime"].strftime("%Y/%m/%d/%H")
    manifests = {}
    for side in ("input", "output"):
        (entry,) = s3.list_objects_v2(Bucket="contract", Prefix=f"captured-job/{side}/{hour}/")["Contents"]
        manifests[side] = json.loads(s3.get_object(Bucket="contract", Key=entry["Key"])["Body"].read())
    assert manifests == {
        "input": [{"prefix": "s3://contract/rows/captured-job/"}, "lines.txt"],
        "output": [{"prefix": "s3://contract/out/captured-job/"}, "lines.txt.out"],
    }
