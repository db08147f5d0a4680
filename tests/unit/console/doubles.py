"""An AWS for the console: a session whose clients answer from a table, and note what they were asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from console.aws.review.ground_truth import key_of, record_of

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\nrest"
Answers = dict[str, Any]
"""An answer by `service.operation`: a value, an exception, or a function of the request."""


class Client:
    """A client of one service. Every method is an operation."""

    def __init__(
        self, service: str, endpoint_url: str, answers: Answers, calls: list[tuple[str, dict[str, Any]]]
    ) -> None:
        self._service, self._answers, self._calls = service, answers, calls
        self.meta = SimpleNamespace(endpoint_url=endpoint_url)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            name = f"{self._service}.{operation}"
            self._calls.append((name, request))
            answer = self._answers.get(name, error("ResourceNotFound", f"{name}: the double has no answer"))
            answer = answer(**request) if callable(answer) else answer
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Session:
    """A session of boto3. `elsewhere` are the services of a real account."""

    region_name, profile_name = "eu-central-1", "tests"

    def __init__(
        self, answers: Answers, endpoint_url: str = "http://127.0.0.1:4000", elsewhere: Collection[str] = ()
    ) -> None:
        self.answers, self.endpoint_url, self.elsewhere = answers, endpoint_url, elsewhere
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def client(self, service: str, config: object) -> Client:
        url = f"https://{service}.eu-central-1.amazonaws.com" if service in self.elsewhere else self.endpoint_url
        return Client(service, url, self.answers, self.calls)

    def asked(self, name: str) -> list[dict[str, Any]]:
        return [request for called, request in self.calls if called == name]


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def nothing() -> Answers:
    """Return the answers of an account in which nothing has happened yet."""
    return {
        "sts.get_caller_identity": {"Account": "123456789012"},
        "cloudformation.describe_stacks": {"Stacks": []},
        "sagemaker.list_endpoints": {"Endpoints": []},
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": []},
        "stepfunctions.list_state_machines": {"stateMachines": []},
        "cloudwatch.describe_alarms": {"MetricAlarms": []},
    }


def job(name: str = "bikes", status: str = "Completed", **changed: Any) -> dict[str, Any]:
    """Return DescribeTrainingJob's answer."""
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:eu-central-1:123456789012:training-job/{name}",
        "TrainingJobStatus": status,
        "SecondaryStatus": status,
        "CreationTime": NOW,
        "TrainingStartTime": NOW + timedelta(seconds=5),
        **({"TrainingEndTime": NOW + timedelta(seconds=65)} if status != "InProgress" else {}),
        "AlgorithmSpecification": {
            "TrainingImage": "algorithm:1",
            "MetricDefinitions": [
                {"Name": "train:accuracy", "Regex": "Train-accuracy=(\\S+)"},
                {"Name": "validation:accuracy", "Regex": "Validation-accuracy=(\\S+)"},
            ],
        },
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge"},
        "HyperParameters": {"epochs": "3", "learning_rate": "0.1"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://images/train/"}}}],
        "ModelArtifacts": {"S3ModelArtifacts": f"s3://images/models/{name}/output/model.tar.gz"},
        "FinalMetricDataList": [{"MetricName": "validation:accuracy", "Value": 0.9375, "Timestamp": NOW}],
        "SecondaryStatusTransitions": [{"Status": "Training", "StartTime": NOW, "StatusMessage": "Training"}],
        **changed,
    }


def log(*lines: str) -> Answers:
    """Return the answers that a log of one stream gives."""

    def events(nextToken: str = "", **_: Any) -> Mapping[str, Any]:  # noqa: N803 - AWS's name
        start = int(nextToken or 0)
        stamp = int(NOW.timestamp() * 1000)
        rest = [{"timestamp": stamp + start + n, "message": line} for n, line in enumerate(lines[start:])]
        return {"events": rest, "nextForwardToken": str(len(lines))}

    return {
        "logs.describe_log_streams": {"logStreams": [{"logStreamName": "bikes/algo-1", "lastEventTimestamp": 1}]},
        "logs.get_log_events": events,
    }


def definition() -> dict[str, Any]:
    """Return a machine with a task, a choice, two ends and a catch."""
    return {
        "Comment": "Decides",
        "StartAt": "Read",
        "States": {
            "Read": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Next": "Choose",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
            },
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.near", "BooleanEquals": True, "Next": "Near"}],
                "Default": "Failed",
            },
            "Near": {"Type": "Succeed"},
            "Failed": {"Type": "Fail", "Error": "NotNear"},
        },
    }


def history() -> list[dict[str, Any]]:
    """Return the history of an execution whose task is tried twice, and that goes near."""

    def at(milliseconds: int) -> datetime:
        return NOW + timedelta(milliseconds=milliseconds)

    entered, exited = "stateEnteredEventDetails", "stateExitedEventDetails"
    events: list[dict[str, Any]] = [
        {"type": "ExecutionStarted", "timestamp": at(0)},
        {"type": "TaskStateEntered", "timestamp": at(1), entered: {"name": "Read", "input": '{"key": 1}'}},
        {"type": "TaskScheduled", "timestamp": at(2)},
        {"type": "TaskFailed", "timestamp": at(20), "taskFailedEventDetails": {"error": "Busy", "cause": "later"}},
        {"type": "TaskScheduled", "timestamp": at(30)},
        {"type": "TaskSucceeded", "timestamp": at(40)},
        {"type": "TaskStateExited", "timestamp": at(41), exited: {"name": "Read", "output": '{"near": true}'}},
        {"type": "ChoiceStateEntered", "timestamp": at(42), entered: {"name": "Choose", "input": "{}"}},
        {"type": "ChoiceStateExited", "timestamp": at(43), exited: {"name": "Choose", "output": "{}"}},
        {"type": "SucceedStateEntered", "timestamp": at(44), entered: {"name": "Near", "input": "{}"}},
        {"type": "SucceedStateExited", "timestamp": at(45), exited: {"name": "Near", "output": "{}"}},
        {"type": "ExecutionSucceeded", "timestamp": at(46)},
    ]
    return [{"id": number, "previousEventId": number - 1, **event} for number, event in enumerate(events, 1)]


def machine_answers(status: str = "SUCCEEDED", events: list[dict[str, Any]] | None = None) -> Answers:
    """Return the answers of an account with one state machine and one execution."""
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:decide"
    execution = "arn:aws:states:eu-central-1:123456789012:execution:decide:first"
    described = {
        "name": "first",
        "executionArn": execution,
        "stateMachineArn": arn,
        "status": status,
        "startDate": NOW,
        "stopDate": NOW + timedelta(milliseconds=46),
        "input": '{"s3_bucket": "images", "s3_key": "a b.png"}',
        "output": '{"near": true}',
    }
    return {
        "stepfunctions.list_state_machines": {
            "stateMachines": [{"name": "decide", "stateMachineArn": arn, "type": "STANDARD", "creationDate": NOW}]
        },
        "stepfunctions.list_executions": {"executions": [described]},
        "stepfunctions.describe_state_machine": {"definition": json.dumps(definition())},
        "stepfunctions.describe_execution": described,
        "stepfunctions.get_execution_history": {"events": history() if events is None else events},
        "s3.get_object": lambda **_: {"Body": BytesIO(PNG)},
    }


def bucket(objects: dict[str, bytes]) -> Answers:
    """Return an S3 with these objects, which changes with what is put and deleted. All were written at NOW."""

    def described(key: str) -> dict[str, Any]:
        return {"Key": key, "LastModified": NOW, "ETag": version_of(objects[key])}

    def listed(Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        rests = [key.removeprefix(Prefix) for key in objects if key.startswith(Prefix)]
        return {
            "Contents": [described(Prefix + rest) for rest in rests if "/" not in rest],
            "CommonPrefixes": [
                {"Prefix": f"{Prefix}{each}/"} for each in {rest.split("/")[0] for rest in rests if "/" in rest}
            ],
        }

    def head(Key: str, **_: Any) -> Any:  # noqa: N803 - AWS's name
        return described(Key) if Key in objects else error("404", "Not Found")

    def read(Key: str, Range: str = "", **_: Any) -> Any:  # noqa: N803 - AWS's names
        if Key not in objects:
            return error("NoSuchKey", "The specified key does not exist.")
        whole = objects[Key]
        body = part_of(whole, Range)
        return described(Key) | {"Body": BytesIO(body), "ContentRange": f"bytes 0-{len(body) - 1}/{len(whole)}"}

    def put(Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's names
        objects[Key] = Body
        return {}

    def delete(Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        objects.pop(Key, None)
        return {}

    return {
        "s3.delete_objects": deletes(objects),
        "s3.list_objects_v2": listed,
        "s3.head_object": head,
        "s3.get_object": read,
        "s3.put_object": put,
        "s3.delete_object": delete,
    }


def deletes(objects: dict[str, bytes]) -> Callable[..., dict[str, Any]]:
    """Return DeleteObjects over these objects."""

    def deleted(Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        for each in Delete["Objects"]:
            objects.pop(each["Key"], None)
        return {}

    return deleted


def version_of(body: bytes) -> str:
    """Return the ETag of an object."""
    return f'"{hash(body)}"'


def send_batch(send: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return SendMessageBatch over a function that sends one message."""

    def sent(QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert len(Entries) <= 10
        for each in Entries:
            send(QueueUrl=QueueUrl, MessageBody=each["MessageBody"])
        return {"Successful": [{"Id": each["Id"]} for each in Entries]}

    return sent


def part_of(body: bytes, asked: str) -> bytes:
    """Return the part of an object that a request's `Range` names; the whole without one."""
    if not asked:
        return body
    first, last = asked.removeprefix("bytes=").split("-")
    return body[int(first) : int(last) + 1]


def ground_truth(endpoint: str, execution: str, label: int, time: datetime) -> tuple[str, bytes]:
    """Return the key and the record of an answer."""
    key = key_of(endpoint, execution, time)
    return key, record_of(key, label)


def record(event: str, probabilities: list[float], time: datetime = NOW) -> str:
    """Return one line of a capture file: a PNG in, probabilities out."""
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + event.encode()).decode()
    sides = {
        "endpointInput": {"observedContentType": "image/png", "mode": "INPUT", "data": png, "encoding": "BASE64"},
        "endpointOutput": {"mode": "OUTPUT", "data": json.dumps(probabilities), "encoding": "JSON"},
    }
    metadata = {"eventId": event, "inferenceId": f"execution-{event}", "inferenceTime": time.isoformat()}
    return json.dumps({"captureData": sides, "eventMetadata": metadata, "eventVersion": "0"})


def endpoint_answers(files: Mapping[str, bytes]) -> Answers:
    """Return the answers of an account with one endpoint, whose capture files are given by their keys."""

    def read(Key: str, Range: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's names
        if Key not in files:
            raise error("NoSuchKey", "The specified key does not exist.")
        return {"Body": BytesIO(part_of(files[Key], Range))}

    def listed(Prefix: str, Delimiter: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's names
        rests = [key.removeprefix(Prefix) for key in sorted(files) if key.startswith(Prefix)]
        return {
            "Contents": [{"Key": Prefix + rest} for rest in rests if Delimiter not in rest],
            "CommonPrefixes": [
                {"Prefix": Prefix + folder + Delimiter}
                for folder in sorted({rest.partition(Delimiter)[0] for rest in rests if Delimiter in rest})
            ],
        }

    variant = {"VariantName": "AllTraffic", "CurrentWeight": 1.0, "DesiredWeight": 1.0}
    return {
        "sagemaker.describe_endpoint": {
            "EndpointName": "bikes",
            "EndpointArn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/bikes",
            "EndpointStatus": "InService",
            "EndpointConfigName": "bikes-config",
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
            "ProductionVariants": [{**variant, "CurrentInstanceCount": 1, "DesiredInstanceCount": 2}],
            "DataCaptureConfig": {"DestinationS3Uri": "s3://images/data_capture", "CurrentSamplingPercentage": 100},
        },
        "sagemaker.describe_endpoint_config": {
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.m5.large"}]
        },
        "sagemaker.describe_model": {
            "PrimaryContainer": {"ModelDataUrl": "s3://images/models/bikes-1/output/model.tar.gz"}
        },
        "cloudwatch.get_metric_data": _metrics,
        "s3.list_objects_v2": listed,
        "s3.get_object": read,
    }


def _metrics(MetricDataQueries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
    values = {"Invocations": [3.0, 1.0], "Invocation5XXErrors": [0.0, 1.0], "ModelLatency": [2000.0, 10000.0]}
    times = [NOW, NOW + timedelta(minutes=1)]
    results = []
    for query in MetricDataQueries:
        found = values.get(query["MetricStat"]["Metric"]["MetricName"], [])
        results.append({"Id": query["Id"], "Timestamps": times[: len(found)], "Values": found})
    return {"MetricDataResults": results}
