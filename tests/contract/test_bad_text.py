"""Put bad texts into every field of the Create requests: none may cause an internal error of the server.

A NUL is refused with the name of its field. A job with a text that is accepted ends without an internal error.
"""

from __future__ import annotations

import copy
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

pytestmark = pytest.mark.slow
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
TAGS = [{"Key": "team", "Value": "red"}]
VALUES = {
    "NUL": "a\0b",
    "lone surrogate": "a\ud800b",
    "escape": "a\x1b[31mb",
    "long": "x" * 100_000,
    "way out": "../../../../etc/passwd",
    "long part": "/opt/ml/processing/" + "x" * 300,
    "nested": "[" * 5000,
}
REFUSALS = {"ValidationException", "SerializationException", "ResourceNotFound", "ResourceLimitExceeded"}
CLIENTS = 8
Path = tuple[Any, ...]

SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://contract/input/"}}
CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
REQUESTS: dict[str, dict[str, Any]] = {
    "CreateTrainingJob": {
        "TrainingJobName": "NAME",
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "a=(.*)"}],
            "ContainerEntrypoint": ["python", "-c", "pass"],
            "ContainerArguments": ["word"],
        },
        "RoleArn": ROLE,
        "HyperParameters": {"name": "value"},
        "Environment": {"NAME": "value"},
        "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/plain", "DataSource": SOURCE}],
        "OutputDataConfig": {"S3OutputPath": "s3://contract/bad"},
        "CheckpointConfig": {"S3Uri": "s3://contract/bad-checkpoints", "LocalPath": "/opt/ml/checkpoints"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Tags": TAGS,
    },
    "CreateProcessingJob": {
        "ProcessingJobName": "NAME",
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python", "-c", "pass"],
            "ContainerArguments": ["word"],
        },
        "RoleArn": ROLE,
        "Environment": {"NAME": "value"},
        "ProcessingInputs": [
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": "s3://contract/input/",
                    "LocalPath": "/opt/ml/processing/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://contract/bad",
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {"ClusterConfig": CLUSTER},
        "Tags": TAGS,
    },
    "CreateModel": {
        "ModelName": "NAME",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {
            "Image": IMAGE,
            "ModelDataUrl": "s3://contract/bad/model.tar.gz",
            "Environment": {"NAME": "value"},
        },
        "Tags": TAGS,
    },
    "CreateEndpointConfig": {
        "EndpointConfigName": "NAME",
        "ProductionVariants": [
            {"VariantName": "v", "ModelName": "bad-text", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        ],
        "DataCaptureConfig": {
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://contract/bad-capture",
            "CaptureOptions": [{"CaptureMode": "Input"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
        "Tags": TAGS,
    },
    "CreateTransformJob": {
        "TransformJobName": "NAME",
        "ModelName": "bad-text",
        "Environment": {"NAME": "value"},
        "TransformInput": {"DataSource": SOURCE, "ContentType": "text/plain"},
        "TransformOutput": {"S3OutputPath": "s3://contract/bad", "Accept": "text/plain"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$", "OutputFilter": "$"},
        "Tags": TAGS,
    },
    "CreateModelPackageGroup": {
        "ModelPackageGroupName": "NAME",
        "ModelPackageGroupDescription": "text",
        "Tags": TAGS,
    },
}
NAMED = {
    "CreateTrainingJob": "TrainingJob",
    "CreateProcessingJob": "ProcessingJob",
    "CreateTransformJob": "TransformJob",
}
numbers = count()


@dataclass(frozen=True)
class Case:
    """A request with one bad text, at `path`."""

    operation: str
    path: Path
    value: str
    request: dict[str, Any]

    @property
    def name(self) -> str:
        return str(next(iter(self.request.values())))

    def __str__(self) -> str:
        return f"{self.operation} {'.'.join(map(str, self.path))} = {self.value}"


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Yield the path of each text, and whether the text is a key of a map, such as a hyperparameter's name."""
    if isinstance(value, dict):
        for name, part in value.items():
            if path and path[-1] in ("Environment", "HyperParameters"):
                yield (*path, name), True
            yield from texts(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from texts(part, (*path, number))
    elif isinstance(value, str):
        yield path, False


def changed(request: dict[str, Any], path: Path, is_key: bool, text: str) -> dict[str, Any]:
    whole = copy.deepcopy(request)
    first = next(iter(whole))
    whole[first] = f"bad-{next(numbers)}"
    holder: Any = whole
    for part in path[:-1]:
        holder = holder[part]
    if is_key:
        holder[text] = holder.pop(path[-1])
    else:
        holder[path[-1]] = text
    return whole


def cases() -> Iterator[Case]:
    for operation, request in REQUESTS.items():
        for path, is_key in texts(request):
            for value, text in VALUES.items():
                yield Case(operation, path, value, changed(request, path, is_key, text))


def post(url: str, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    headers = {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=120) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def answers(emulator: Any, hosting: Any, jobs: Any) -> list[tuple[Case, int, dict[str, Any]]]:
    hosting.model("bad-text")
    jobs.request("unused")  # puts the input
    hosting.s3.put_object(
        Bucket="contract", Key="bad/model.tar.gz", Body=b""
    )  # CreateModel only looks whether it is there

    def ask(case: Case) -> tuple[Case, int, dict[str, Any]]:
        return case, *post(emulator.url, case.operation, json.dumps(case.request).encode())

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(ask, cases()))


def test_no_text_is_a_failure_of_the_server(answers: list[tuple[Case, int, dict[str, Any]]]) -> None:
    wrong = [
        f"{case}: {status} {body}"[:300]
        for case, status, body in answers
        if status != 200 and (status != 400 or body["__type"] not in REFUSALS)
    ]
    assert wrong == []
    print(f"{len(answers)} requests, {sum(status == 200 for _, status, _ in answers)} accepted, 0 failed")


def test_a_nul_is_refused_with_the_name_of_its_field(answers: list[tuple[Case, int, dict[str, Any]]]) -> None:
    wrong = []
    for case, status, body in answers:
        field = [part for part in case.path if isinstance(part, str)][-1]
        parent = [part for part in case.path if isinstance(part, str)][-2:][0]  # the map, for its keys and values
        message = str(body.get("message", body.get("Message", "")))
        is_named = field.lower() in message.lower() or parent.lower() in message.lower()
        if case.value == "NUL" and not (status == 400 and body["__type"] == "ValidationException" and is_named):
            wrong.append(f"{case}: {status} {body}"[:300])
    assert wrong == []


def test_jobs_that_are_accepted_end_without_an_internal_error(
    emulator: Any, answers: list[tuple[Case, int, dict[str, Any]]], until: Callable[..., Any]
) -> None:
    wrong = []
    for case, status, _ in answers:
        if status != 200 or case.operation not in NAMED:
            continue
        kind = NAMED[case.operation]

        def ended(case: Case = case, kind: str = kind) -> dict[str, Any] | None:
            body = json.dumps({f"{kind}Name": case.name}).encode()
            _, job = post(emulator.url, f"Describe{kind}", body)
            return job if job[f"{kind}Status"] in ("Completed", "Failed", "Stopped") else None

        reason = until(ended, f"the end of {case}").get("FailureReason", "")
        if "InternalServerError" in reason or "\x1b" in reason or "\0" in reason:
            wrong.append(f"{case}: {reason}"[:300])
    assert wrong == []


def test_no_thread_is_left(
    emulator: Any, answers: list[tuple[Case, int, dict[str, Any]]], until: Callable[..., Any]
) -> None:
    prefixes = ("TrainingJob", "training", "processing", "transform", "output of", "log ", "checkpoints", "pipe ")

    def left() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith(prefixes)]

    until(lambda: not left(), "the threads of the jobs to end")


@pytest.mark.parametrize(
    "body",
    [
        b'{"TrainingJobName": "caf\xe9"}',
        b'{"TrainingJobName": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"TrainingJobName": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b"\xff\xfe" + '{"TrainingJobName": "x"}'.encode("utf-16-le"),
        b"[]",
        b'"\\ud800"',
        b"\0",
    ],
)
def test_a_body_that_is_no_request_is_refused(emulator: Any, body: bytes) -> None:
    status, answer = post(emulator.url, "CreateTrainingJob", body)
    assert (status, answer["__type"] in REFUSALS) == (400, True)
