"""The local cloud that is attacked, its ports, and what was damaged."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import psutil
from botocore.config import Config

from local_cloud.processes import find
from local_cloud.settings import Settings
from local_cloud.state import ServerRecords

BUCKET, KEY, CONTENT = "victim", "precious.txt", b"precious"
FUNCTION = "def lambda_handler(event, context): return event"


@dataclass
class Cloud:
    """The victim."""

    settings: Settings

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        config = Config(retries={"max_attempts": 1})
        return boto3.client(service, endpoint_url=self.settings.localstack_url, config=config, **keys)

    def prepare(self) -> None:
        """Create what attacks could damage: an object in a bucket. And a function, for the port of its Runtime API."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", FUNCTION)
        functions = self.client("lambda")
        functions.create_function(
            FunctionName="victim",
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/victim",
            Handler="app.lambda_handler",
            Code={"ZipFile": code.getvalue()},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="victim")
        functions.invoke(FunctionName="victim", Payload=b"{}")

    @cached_property
    def ports(self) -> dict[str, int]:
        """Every port that the cloud listens on, by name."""
        own = {"LocalStack": self.settings.localstack_port, "emulator": self.settings.sagemaker_port}
        listening = set()
        for record in ServerRecords(self.settings.state_dir / "cloud.json").read().values():
            process = find(record.pid, record.created)
            assert process is not None
            listening |= {c.laddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        others = sorted(listening - set(own.values()))
        return own | {f"Runtime API {number}": port for number, port in enumerate(others, 1)}

    def harm(self) -> list[str]:
        """Everything that an attack could have created or deleted."""
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        queues = self.client("sqs").list_queues().get("QueueUrls", [])
        objects = self.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
        buckets = self.client("s3").list_buckets()["Buckets"]
        sagemaker = self.client("sagemaker")
        jobs = sagemaker.list_training_jobs()["TrainingJobSummaries"]
        groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        lost = [] if any(entry["Key"] == KEY for entry in objects) else [KEY]
        return [
            *(f"stack {stack['StackName']}" for stack in stacks),
            *(f"queue {queue}" for queue in queues),
            *(f"object {entry['Key']}" for entry in objects if entry["Key"] != KEY),
            *(f"bucket {bucket['Name']}" for bucket in buckets if bucket["Name"] != BUCKET),
            *(f"training job {job['TrainingJobName']}" for job in jobs),
            *(f"model package group {group['ModelPackageGroupName']}" for group in groups),
            *(f"lost object {key}" for key in lost),
        ]
