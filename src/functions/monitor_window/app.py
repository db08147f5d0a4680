"""Monitor window: find the captured records of a window, and the baseline of the model in service.

The answer says whether there is something to analyze, and has the inputs and the environment of the processing job.
Records reach S3 about a minute after they were captured, so a window ends two minutes before the run began. Windows of
an hour that begin every hour follow one another, as exactly as the rule starts their runs. A window begins no earlier
than the service of its model: records of an earlier model are not compared with the baseline of this one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError

VARIANT = "AllTraffic"
SETTLED_AFTER = timedelta(minutes=2)
FILE_SPAN = timedelta(seconds=90)  # a capture file is named after its first record's time, and covers about a minute
INPUT = "/opt/ml/processing/input"
TIME = "%Y-%m-%dT%H:%M:%SZ"

s3 = boto3.client("s3")
sagemaker = boto3.client("sagemaker")


class MonitorWindowError(Exception):
    """The base of this function's errors."""


class EventNotUnderstood(MonitorWindowError):
    """The event does not name the endpoint, the run, or the window."""


@dataclass(frozen=True)
class Request:
    """One run of the monitor: its endpoint, its window, and the URI of the analyzer's program."""

    bucket: str
    endpoint: str
    run: str
    start: datetime
    end: datetime
    program: str
    threshold: str
    needs_ground_truth: bool

    @property
    def folder(self) -> str:
        return f"monitoring/{self.endpoint}"

    @property
    def state_key(self) -> str:
        """The key of what the last run of this kind stored. Drift and quality have states of their own."""
        return f"{self.folder}/{'quality-state' if self.needs_ground_truth else 'state'}.json"

    @property
    def notice(self) -> dict[str, str]:
        """The subject of the message and the type of the event when a drift, or a fall in quality, begins."""
        if self.needs_ground_truth:
            subject = "Scones Unlimited: the quality of the model is below its baseline's"
            return {"subject": subject, "detail_type": "LowQuality"}
        return {"subject": "Scones Unlimited: the endpoint has drifted from its baseline", "detail_type": "Drift"}

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


@dataclass(frozen=True)
class Service:
    """The model that the endpoint serves, and the time since when it may have done so."""

    model: str
    since: datetime


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the status, which is Ready if there is something to analyze, and the inputs and variables of the job."""
    request = parse_event(event)
    answer = {"start": request.start.strftime(TIME), "end": request.end.strftime(TIME), "since": ""}
    if (service := service_of(request.endpoint)) is None:
        return {**answer, "status": "NoEndpoint"}
    model, state = service.model, last_state(request, service.model)
    serving_since = str(state.get("serving_since") or service.since.strftime(TIME))
    request = replace(request, start=max(request.start, datetime.fromisoformat(serving_since)))
    answer = {**answer, "start": request.start.strftime(TIME), "serving_since": serving_since}
    if request.start >= request.end:
        return {**answer, **too_early(request), "model": model}
    keys = captured_keys(request)
    if not keys:
        return {**answer, "status": "NoTraffic", "model": model}
    # only the run that judges the quality reads labels: a fall in quality is no drift
    labels = ground_truth_keys(request) if request.needs_ground_truth else []
    if request.needs_ground_truth and not labels:
        return {**answer, "status": "NoGroundTruth", "model": model}
    baseline = f"{request.folder}/baselines/{model}/"
    if not next(keys_below(request.bucket, f"{baseline}constraints.json"), None):
        return {**answer, "status": "NoBaseline", "model": model}
    since = str(state.get("since", ""))
    inputs = [
        file_input(
            "captured", manifest(request, "captured", f"data_capture/{request.endpoint}/", keys), "ManifestFile"
        ),
        file_input("baseline", request.uri(baseline)),
        file_input("code", request.program),
    ]
    if labels:
        prefix = f"ground_truth/{request.endpoint}/"
        inputs.append(file_input("ground_truth", manifest(request, "ground_truth", prefix, labels), "ManifestFile"))
    return {
        **answer,
        "status": "Ready",
        "model": model,
        "since": since,
        "state_key": request.state_key,
        "notice": request.notice,
        "inputs": inputs,
        "environment": environment(request, since, bool(labels)),
    }


def parse_event(event: dict[str, Any]) -> Request:
    try:
        now = datetime.fromisoformat(event["now"]).astimezone(UTC)
        end = now - SETTLED_AFTER
        return Request(
            str(event["bucket"]),
            str(event["endpoint"]),
            str(event["run"]),
            end - timedelta(minutes=float(event["minutes"])),
            end,
            str(event["program"]),
            str(float(event["threshold"])),
            bool(event.get("needs_ground_truth", False)),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EventNotUnderstood(
            f"{error!r} in the event; it should have bucket, endpoint, run, now, minutes, program and threshold"
        ) from error


def service_of(endpoint: str) -> Service | None:
    """Return the endpoint's service, or None if it is not in service.

    An endpoint is also modified when its instances are scaled, so the state of the last run may know an earlier time.
    """
    try:
        description = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "Could not find" in str(error):
            return None
        raise
    config = sagemaker.describe_endpoint_config(EndpointConfigName=description["EndpointConfigName"])
    model = str(config["ProductionVariants"][0]["ModelName"])
    return Service(model, description["LastModifiedTime"].astimezone(UTC))


def too_early(request: Request) -> dict[str, str]:
    """Return the answer to a run whose window would end before its model came into service."""
    message = (
        f"The model has been in service since {request.start.strftime(TIME)}, and records are compared "
        f"{SETTLED_AFTER.total_seconds() / 60:g} minutes after they were captured: run the monitor again after "
        f"{(request.start + SETTLED_AFTER).strftime(TIME)}."
    )
    return {"status": "TooEarly", "end": request.start.strftime(TIME), "message": message}


# ---- captured records, and their labels ----


def captured_keys(request: Request) -> list[str]:
    """Return the capture files that may have records of the window, relative to the endpoint's prefix."""
    prefix = f"data_capture/{request.endpoint}/"
    keys = hourly_keys(request, f"{prefix}{VARIANT}/")
    return [key.removeprefix(prefix) for key in keys if begins_in_window(request, key)]


def begins_in_window(request: Request, key: str) -> bool:
    """Decide by the time in the key, `…/yyyy/mm/dd/hh/MM-SS-mmm-<uuid>.jsonl`. A file with another name is kept."""
    *_, year, month, day, hour, name = key.split("/")
    try:
        began = datetime.strptime(f"{year}/{month}/{day}/{hour}/{name[:5]}+0000", "%Y/%m/%d/%H/%M-%S%z")
    except ValueError:
        return True
    return request.start - FILE_SPAN <= began < request.end


def ground_truth_keys(request: Request) -> list[str]:
    prefix = f"ground_truth/{request.endpoint}/"
    return [key.removeprefix(prefix) for key in hourly_keys(request, prefix)]


def hourly_keys(request: Request, prefix: str) -> Iterator[str]:
    """Yield the keys in the folders of the window's hours, and of the hour in which a file may have begun."""
    hour = (request.start - FILE_SPAN).replace(minute=0, second=0, microsecond=0)
    while hour < request.end:
        yield from (key for key in keys_below(request.bucket, f"{prefix}{hour:%Y/%m/%d/%H}/") if key.endswith(".jsonl"))
        hour += timedelta(hours=1)


def keys_below(bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (item["Key"] for item in page.get("Contents", []))


def manifest(request: Request, name: str, prefix: str, keys: list[str]) -> str:
    """Write the manifest of an input, and return its URI."""
    key = f"{request.folder}/runs/{request.run}/{name}.manifest"
    body = json.dumps([{"prefix": request.uri(prefix)}, *keys])
    s3.put_object(Bucket=request.bucket, Key=key, Body=body.encode(), ContentType="application/json")
    return request.uri(key)


# ---- the processing job ----


def file_input(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    source = {"S3Uri": uri, "S3DataType": kind, "S3InputMode": "File", "LocalPath": f"{INPUT}/{name}"}
    return {"InputName": name, "S3Input": source}


def environment(request: Request, since: str, has_labels: bool) -> dict[str, str]:
    """Return the variables of Model Monitor's container contract."""
    variables = {
        "dataset_format": '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}',
        "dataset_source": f"{INPUT}/captured",
        "output_path": "/opt/ml/processing/output",
        "baseline_statistics": f"{INPUT}/baseline/statistics.json",
        "baseline_constraints": f"{INPUT}/baseline/constraints.json",
        "publish_cloudwatch_metrics": "Disabled",  # the state machine publishes them
        "sagemaker_endpoint_name": request.endpoint,
        "sagemaker_monitoring_schedule_name": f"{request.endpoint}-monitor",
        "start_time": request.start.strftime(TIME),
        "end_time": request.end.strftime(TIME),
        "low_confidence_below": request.threshold,
    }
    if request.needs_ground_truth:
        variables["analysis_type"] = "MODEL_QUALITY"
    if has_labels:
        variables["ground_truth_source"] = f"{INPUT}/ground_truth"
    return {**variables, **({"drifting_since": since} if since else {})}


def last_state(request: Request, model: str) -> dict[str, Any]:
    """Return what the last run of this kind stored about this model, or an empty state."""
    try:
        state = json.loads(s3.get_object(Bucket=request.bucket, Key=request.state_key)["Body"].read())
    except (s3.exceptions.NoSuchKey, ValueError):
        return {}
    return state if isinstance(state, dict) and state.get("model") == model else {}
