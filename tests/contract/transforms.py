"""Batch transform jobs of the contract container, for the tests of jobs and of payloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3

BUCKET = "contract"
LINES = b"1,2,3\n4,5,6\n7,8,9\n"
BRACKETS = "handler._answer(200, b'<' + body + b'>', 'text/plain')"


@dataclass
class Transforms:
    """Transform jobs of the contract container. The answer of the model is a few lines of Python."""

    client: Any
    s3: Any
    until: Any

    def create(self, name: str, files: dict[str, bytes], answer: str | None = BRACKETS, **changes: Any) -> str:
        """`changes` replace members of the request; those of TransformInput and TransformOutput are merged."""
        for key, body in files.items():
            self.s3.put_object(Bucket=BUCKET, Key=f"transform/{name}/{key}", Body=body)
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/transform/{name}/"}
        environment = {**({"ANSWER": answer} if answer else {}), **changes.pop("Environment", {})}
        request = {
            "TransformJobName": name,
            "ModelName": "transformed",
            "TransformInput": {"DataSource": {"S3DataSource": source}, **changes.pop("TransformInput", {})},
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out/{name}", **changes.pop("TransformOutput", {})},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": changes.pop("instances", 1)},
            "Environment": environment,
        }
        arn: str = self.client.create_transform_job(**{**request, **changes})["TransformJobArn"]
        return arn

    def ended(self, name: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            job = self.client.describe_transform_job(TransformJobName=name)
            return job if job["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

        job: dict[str, Any] = self.until(over, f"the end of transform job {name}")
        return job

    def begun(self, name: str) -> None:
        self.until(
            lambda: "TransformStartTime" in self.client.describe_transform_job(TransformJobName=name),
            f"{name} to have started",
        )

    def output(self, name: str) -> dict[str, bytes]:
        prefix = f"out/{name}/"
        objects = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
        bodies = {entry["Key"]: self.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read() for entry in objects}
        return {key.removeprefix(prefix): body for key, body in bodies.items()}

    def answered(self, name: str, files: dict[str, bytes], answer: str = BRACKETS, **changes: Any) -> dict[str, bytes]:
        """Create a job, wait for Completed, and return the contents of the output files."""
        self.create(name, files, answer, **changes)
        job = self.ended(name)
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        return self.output(name)


def log_of(job: str, ending: str = "") -> list[str]:
    """Return the container's log, or the one that `ending` names."""
    logs, group = boto3.client("logs"), "/aws/sagemaker/TransformJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/i-")["logStreams"]
    names = [stream["logStreamName"] for stream in streams]
    return [
        event["message"]
        for name in names
        if name.endswith("/data-log") == bool(ending)
        for event in logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)["events"]
    ]
