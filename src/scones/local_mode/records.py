"""Descriptions of local mode's resources, kept as objects in the bucket, where other processes read them."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import code_of

FOLDER = "local-mode"
MISSING = {"NoSuchKey", "NoSuchBucket", "404"}


@dataclass(frozen=True)
class Kind:
    """A kind of resource, with the names that SageMaker's operations use.

    A record of a kind that can change has LastModifiedTime.
    """

    name: str
    plural: str
    can_change: bool = False

    @property
    def id(self) -> str:
        return f"{self.name}Name"

    @property
    def arn(self) -> str:
        return f"{self.name}Arn"


TRAINING_JOB = Kind("TrainingJob", "TrainingJobSummaries", can_change=True)
MODEL = Kind("Model", "Models")
ENDPOINT_CONFIG = Kind("EndpointConfig", "EndpointConfigs")
ENDPOINT = Kind("Endpoint", "Endpoints", can_change=True)
KINDS = (TRAINING_JOB, MODEL, ENDPOINT_CONFIG, ENDPOINT)


@dataclass(frozen=True)
class Records:
    """A store of one JSON object per resource."""

    s3: BaseClient
    bucket: str

    def put(self, kind: Kind, record: dict[str, Any]) -> None:
        if kind.can_change:
            record = {**record, "LastModifiedTime": time.time()}
        self.s3.put_object(Bucket=self.bucket, Key=_key(kind, record[kind.id]), Body=json.dumps(record).encode())

    def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=_key(kind, name))
        except ClientError as error:
            if code_of(error) in MISSING:
                return None
            raise
        record: dict[str, Any] = json.loads(answer["Body"].read())
        return record

    def all(self, kind: Kind) -> Iterator[dict[str, Any]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{FOLDER}/{kind.name}/")
        names = [item["Key"].rpartition("/")[2].removesuffix(".json") for page in _pages(pages) for item in page]
        return (record for name in names if (record := self.get(kind, name)) is not None)

    def delete(self, kind: Kind, name: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=_key(kind, name))


def _pages(pages: Any) -> Iterator[list[dict[str, Any]]]:
    try:
        for page in pages:
            yield page.get("Contents", [])
    except ClientError as error:
        if code_of(error) not in MISSING:
            raise


def _key(kind: Kind, name: str) -> str:
    return f"{FOLDER}/{kind.name}/{name}.json"
