"""Fill a local AWS with a large account: 10,000 captures, 1,000 jobs with logs, 1,000 executions and the stack around.

`scones exec --start -- python benchmarks/large_account.py` takes about two minutes; then `make bench-console` measures
the console over it. `scones report --stack scones-large --bucket scones-large --endpoint-name scones-large
--out out/report-large` writes the report of a run of 1,000 images, whose record this program leaves in that folder, or
in the one that LARGE_ACCOUNT_OUT names. Use a state folder of its own (SCONES_STATE_DIR). Jobs are written into the
emulator's store, since running a thousand would take hours; everything else goes through the API.
"""

from __future__ import annotations

import base64
import json
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from invoke_endpoint import IMAGE, model_archive, picture_bytes

from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.training_job import Metric, SecondaryStatus, TrainingJob
from sagemaker_emulator.storage.store import Store

JOBS, EPOCHS = 1_000, 15
CAPTURE_FILES, RECORDS_OF_A_FILE = 200, 50
EXECUTIONS, MONITOR_RUNS, TESTS_OF_A_RUN = 1_000, 48, 100
GROUPS, VERSIONS_OF_A_GROUP = 20, 50
PIPELINES, EXECUTIONS_OF_A_PIPELINE = 20, 10
REVIEWS, MINUTES_OF_TRAFFIC = 60, 180
NAME = "scones-large"
CAPTURED = "data_capture"
CLASSES = ("bicycle", "motorcycle")
ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-local"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
PATTERNS = [
    {"Name": f"{phase.lower()}:{name}", "Regex": f"{phase}-{name}=(\\S+)"}
    for phase in ("Train", "Validation")
    for name in ("accuracy", "loss")
]
THREADS = 12
OUT = "out/report-large"
"""Never the folder of the user's own report: OUT is that, and `scones report` reads which run it is about there."""


def main() -> int:
    parts = (fill_stack, fill_jobs, fill_logs, fill_endpoint, fill_captures, fill_executions, fill_registry, fill_run)
    for part in parts:
        began = time.monotonic()
        part()
        say(f"{part.__name__.removeprefix('fill_'):12} {time.monotonic() - began:6.1f} s")
    return 0


def client(service: str) -> Any:
    return boto3.client(service, config=Config(max_pool_connections=THREADS, retries={"mode": "standard"}))


def in_threads(function: Callable[[int], object], numbers: Iterable[int]) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(function, numbers))


def fill_stack() -> None:
    """Create a stack with the outputs of the workflow's own, which the console looks for."""
    machine = {
        "StartAt": "Classify",
        "States": {
            "Classify": {"Type": "Pass", "Next": "IsCertain"},
            "IsCertain": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.confidence", "NumericGreaterThan": 0.93, "Next": "IsNear"}],
                "Default": "Review",
            },
            "IsNear": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.class", "StringEquals": CLASSES[0], "Next": "NearBay"}],
                "Default": "FarBay",
            },
            "NearBay": {"Type": "Pass", "End": True},
            "FarBay": {"Type": "Pass", "End": True},
            "Review": {"Type": "Fail", "Error": "ThresholdConfidenceNotMet", "Cause": "The model is not certain"},
        },
    }
    passes = {"StartAt": "Report", "States": {"Report": {"Type": "Pass", "End": True}}}
    cloudformation = client("cloudformation")
    parameters = {"EndpointName": NAME, "Classes": ",".join(CLASSES), "NearClasses": CLASSES[0], "Threshold": "0.93"}
    cloudformation.create_stack(
        StackName=NAME,
        TemplateBody=json.dumps(_template(machine, passes, list(parameters))),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})


def _template(machine: dict[str, Any], monitor: dict[str, Any], parameters: list[str]) -> dict[str, Any]:
    queues = ("Near", "Far", "Review")
    machines = {"Machine": (NAME, machine), "Monitor": (f"{NAME}-monitor", monitor)}
    resources: dict[str, Any] = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": NAME}}}
    for queue in queues:
        name = f"{NAME}-{queue.lower()}"
        resources[f"{queue}Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    for key, (name, definition) in machines.items():
        resources[key] = {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"StateMachineName": name, "RoleArn": ROLE, "DefinitionString": json.dumps(definition)},
        }
    outputs = {
        "Bucket": "Bucket",
        "StateMachineArn": "Machine",
        "MonitorStateMachineArn": "Monitor",
        "NearOrdersQueueUrl": "NearQueue",
        "FarOrdersQueueUrl": "FarQueue",
        "ReviewQueueUrl": "ReviewQueue",
    }
    return {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": resources,
        "Outputs": {name: {"Value": {"Ref": resource}} for name, resource in outputs.items()},
    }


def fill_jobs() -> None:
    folder = Path(os.environ.get("SCONES_STATE_DIR", ".scones"))
    store = Store(folder / "sagemaker" / "sagemaker.sqlite3")
    start = time.time() - 3600 * 24
    with store.transaction():
        for number in range(JOBS):
            store.add(_job(number, start + 60 * number))
    store.close()


def _job(number: int, created: float) -> TrainingJob:
    name = _job_name(number)
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": PATTERNS,
        },
        "RoleArn": ROLE,
        "HyperParameters": {"epochs": str(EPOCHS), "mini_batch_size": str(16 << number % 3)}
        | ({"learning_rate": str(10 ** -(1 + number % 4))} if number % 5 else {})
        | {f"parameter_{index}": str(index) for index in range(12)},
        "InputDataConfig": [
            {"ChannelName": each, "DataSource": {"S3DataSource": {"S3Uri": f"s3://{NAME}/{each}/"}}}
            for each in ("train", "validation")
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{NAME}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    job = TrainingJob.requested(f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}", request, created)
    for delay, phase in enumerate((SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING, SecondaryStatus.UPLOADING)):
        job = job.entered(phase, created + 2 + 10 * delay)
    if number % 10 == 0:
        return job.moved_to(JobStatus.FAILED, created + 40, "AlgorithmError: the loss is not a number, exit code: 1")
    metrics = tuple(Metric(each["Name"], _value(number, EPOCHS - 1, each["Name"]), created + 30) for each in PATTERNS)
    return _with_results(job.moved_to(JobStatus.COMPLETED, created + 40), metrics)


def _with_results(job: TrainingJob, metrics: tuple[Metric, ...]) -> TrainingJob:
    return replace(job, metrics=metrics, model_artifacts=f"s3://{NAME}/models/{job.name}/output/model.tar.gz")


def _job_name(number: int) -> str:
    return f"bikes-{number:04d}"


def fill_logs() -> None:
    logs = client("logs")
    _unless_there(logs.create_log_group, logGroupName=LOG_GROUP)

    def put(number: int) -> None:
        stream = f"{_job_name(number)}/algo-1-1"
        lines = [_line(number, epoch, each["Name"]) for epoch in range(EPOCHS) for each in PATTERNS]
        now = int(time.time() * 1000) - 1000 * len(lines)
        _unless_there(logs.create_log_stream, logGroupName=LOG_GROUP, logStreamName=stream)
        events = [{"timestamp": now + 1000 * place, "message": line} for place, line in enumerate(lines)]
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    in_threads(put, range(JOBS))


def _line(number: int, epoch: int, metric: str) -> str:
    phase, _, name = metric.partition(":")
    return f"Epoch[{epoch}] {phase.capitalize()}-{name}={_value(number, epoch, metric)}"


def _value(number: int, epoch: int, metric: str) -> float:
    """Return a metric of a job after an epoch. The epoch before the last is the best; two jobs have the best value."""
    share = (0.85 + 0.0002 * (number % 500)) * (1 - math.exp(-epoch / 4))
    if epoch == EPOCHS - 1 and metric.startswith("validation"):
        share -= 0.02
    return round(share if metric.endswith("accuracy") else 1 - share, 4)


def _unless_there(create: Callable[..., object], **request: Any) -> None:
    try:
        create(**request)
    except Exception as error:  # a service's own class of exception, with its code
        if "AlreadyExists" not in str(error):
            raise


def fill_endpoint() -> None:
    """Create an endpoint that serves a model of the first job and captures, with three hours of traffic of metrics."""
    sagemaker, cloudwatch = client("sagemaker"), client("cloudwatch")
    uri = f"models/{_job_name(1)}/output/model.tar.gz"
    client("s3").put_object(Bucket=NAME, Key=uri, Body=model_archive())
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{NAME}/{uri}"}
    model = _job_name(1)  # as `scones endpoint` names it
    sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{NAME}/{CAPTURED}",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant], DataCaptureConfig=capture)
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=NAME, WaiterConfig={"Delay": 1})
    now = datetime.now(UTC)
    dimensions = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "AllTraffic"}]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": now - timedelta(minutes=minute), "Value": value}
        for minute in range(MINUTES_OF_TRAFFIC)
        for name, value in (("Invocations", 50.0), ("ModelLatency", 9_000.0 + minute), ("OverheadLatency", 900.0))
    ]
    cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def fill_captures() -> None:
    s3, image = client("s3"), base64.b64encode(picture_bytes()).decode()
    now = datetime.now(UTC)

    def put(number: int) -> None:
        began = now - timedelta(minutes=7 * number)
        records = [_record(number * RECORDS_OF_A_FILE + each, began, image) for each in range(RECORDS_OF_A_FILE)]
        key = f"{CAPTURED}/{NAME}/AllTraffic/{began:%Y/%m/%d/%H/%M-%S}-000-large.jsonl"
        s3.put_object(Bucket=NAME, Key=key, Body="\n".join(map(json.dumps, records)))

    in_threads(put, range(CAPTURE_FILES))


def _record(number: int, began: datetime, image: str) -> dict[str, Any]:
    confidence = 0.5 + 0.5 * random.Random(number).random() ** 0.3  # noqa: S311 - no secret
    answer = [confidence, 1 - confidence] if number % 2 else [1 - confidence, confidence]
    side = {"observedContentType": "image/png", "mode": "INPUT", "data": image, "encoding": "BASE64"}
    told = {"observedContentType": "application/json", "mode": "OUTPUT", "data": json.dumps(answer), "encoding": "JSON"}
    time_of = began + timedelta(seconds=number % RECORDS_OF_A_FILE)
    return {
        "captureData": {"endpointInput": side, "endpointOutput": told},
        "eventMetadata": {
            "eventId": f"event-{number}",
            "inferenceId": f"image-{number:04d}",
            "inferenceTime": f"{time_of:%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }


def fill_executions() -> None:
    states, sqs = client("stepfunctions"), client("sqs")
    outputs = client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]["Outputs"]
    named = {each["OutputKey"]: each["OutputValue"] for each in outputs}

    def start(number: int) -> None:
        value = {"s3_bucket": NAME, "s3_key": f"test/{number}.png", "class": CLASSES[number % 2]}
        told = json.dumps(value | {"confidence": 0.9 if number % 10 == 0 else 0.99})
        states.start_execution(stateMachineArn=named["StateMachineArn"], name=f"image-{number:04d}", input=told)

    def monitor(number: int) -> None:
        states.start_execution(stateMachineArn=named["MonitorStateMachineArn"], input=json.dumps(_report(number)))

    in_threads(start, range(EXECUTIONS))
    in_threads(monitor, range(MONITOR_RUNS))
    for number in range(REVIEWS):
        message = {"s3_bucket": NAME, "s3_key": f"test/{number}.png", "execution": f"image-{number:04d}"}
        body = json.dumps(message | {"class": CLASSES[0], "confidence": 0.6, "inferences": [0.6, 0.4]})
        sqs.send_message(QueueUrl=named["ReviewQueueUrl"], MessageBody=body)


def _report(number: int) -> dict[str, Any]:
    tests = [
        {
            "family": "pixels" if index % 2 else "embedding",
            "feature": f"feature_{index}",
            "effect": 0.01 * (index % 30) + 0.001 * number,
            "corrected_p": 0.5,
            "before": 0.1,
            "after": 0.2,
        }
        for index in range(TESTS_OF_A_RUN)
    ]
    return {"message": "No drift", "has_violations": False, "metrics": {"records": 500}, "tests": tests, "examples": []}


def fill_registry() -> None:
    """Create model package groups with versions, and pipelines with executions."""
    sagemaker = client("sagemaker")

    def inference(version: int) -> dict[str, Any]:
        data = f"s3://{NAME}/models/{_job_name(1 + version)}/output/model.tar.gz"
        types = {"SupportedContentTypes": ["image/png"], "SupportedResponseMIMETypes": ["application/json"]}
        return {"Containers": [{"Image": IMAGE, "ModelDataUrl": data}], **types}

    def group(number: int) -> None:
        name = f"models-{number:02d}"
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
        for version in range(VERSIONS_OF_A_GROUP):
            sagemaker.create_model_package(
                ModelPackageGroupName=name,
                InferenceSpecification=inference(version),
                ModelApprovalStatus="Approved",
                CustomerMetadataProperties={"accuracy": f"{0.9 + 0.001 * version:.4f}"},
            )

    def pipeline(number: int) -> None:
        name = f"pipeline-{number:02d}"
        step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "it always fails"}}
        definition = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": [step]})
        sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=definition, ClientRequestToken=f"{name:032}", RoleArn=ROLE
        )
        for _ in range(EXECUTIONS_OF_A_PIPELINE):
            sagemaker.start_pipeline_execution(PipelineName=name)

    in_threads(group, range(GROUPS))
    in_threads(pipeline, range(PIPELINES))


def fill_run() -> None:
    """Leave what `scones report` reads of a run: the data set's record, and the executions of the newest images."""
    counts = {"train_images": 1000, "test_images": EXECUTIONS}
    dataset = {"name": NAME, "digest": "0" * 64, "classes": CLASSES, **counts}
    client("s3").put_object(Bucket=NAME, Key="dataset.json", Body=json.dumps(dataset))
    now = datetime.now(UTC) - timedelta(hours=1)
    executions = [_execution(number, now) for number in range(EXECUTIONS)]
    folder = Path(os.environ.get("LARGE_ACCOUNT_OUT", OUT))
    folder.mkdir(parents=True, exist_ok=True)
    run = {"id": "large", "endpoint": NAME, "threshold": 0.93, "executions": executions}
    (folder / "executions.json").write_text(json.dumps(run))


def _execution(number: int, ended: datetime) -> dict[str, Any]:
    probabilities = json.loads(_record(number, ended, "")["captureData"]["endpointOutput"]["data"])
    is_certain = max(probabilities) >= 0.93
    error = None if is_certain else "THRESHOLD_CONFIDENCE_NOT_MET"
    began = ended - timedelta(seconds=number)
    after_s = {"started": 0.0, "classified": 0.3, "stopped": 0.5 + 0.001 * (number % 300)}
    times = {name: (began + timedelta(seconds=seconds)).isoformat() for name, seconds in after_s.items()}
    return {
        "name": f"image-{number:04d}",
        "key": f"test/{number}.png",
        "label": (number + (number % 20 > 0)) % 2,
        "outcome": "succeeded" if is_certain else "below_threshold",
        "probabilities": probabilities,
        "invocations": 1,
        "error": error,
        "cause": error,
        **times,
    }


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
