"""The operations of SageMaker's client that the steps call, implemented by local mode."""

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import boto3
import psutil
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from safety.process_start import started_s
from scones.local_mode.background import in_background
from scones.local_mode.docker_engine import TRAINING_JOB as TRAINING_JOB_LABEL
from scones.local_mode.docker_engine import Docker, remove, stop
from scones.local_mode.endpoint_runs import EndpointRun
from scones.local_mode.records import ENDPOINT, ENDPOINT_CONFIG, KINDS, MODEL, TRAINING_JOB, Kind, Records
from scones.local_mode.training_runs import TrainingRun

RUNNING = {"InProgress", "Stopping"}
MOVING = {"Creating", "Updating"}
END_S = 30
ORPHANED = "the command that ran this job has ended: local mode trains inside that command"

Answer = dict[str, Any]


@dataclass(frozen=True)
class Pages:
    """A paginator with one page."""

    items: Callable[[], list[Answer]]
    member: str

    def paginate(self, **request: Any) -> Iterator[Answer]:
        yield {self.member: self.items(**request)}


@dataclass(frozen=True)
class LocalSageMaker:
    """A client with the interface of boto3's. Jobs run, and endpoints start, in threads of this process."""

    session: boto3.Session
    s3: BaseClient
    logs: BaseClient
    bucket: str
    account: str

    # ---- training jobs ----

    def create_training_job(self, **request: Any) -> Answer:
        self.docker.require(request["AlgorithmSpecification"]["TrainingImage"])
        moves = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Training", "TrainingStartTime": time.time()}
        record = self._created(TRAINING_JOB, {**request, **moves, "Process": _this_process()})
        job = in_background(request["TrainingJobName"], self._train, record, request)
        atexit.register(self._end, job, request["TrainingJobName"])
        return {"TrainingJobArn": record["TrainingJobArn"]}

    def describe_training_job(self, **request: Any) -> Answer:
        record = self._record(TRAINING_JOB, request)
        if record["TrainingJobStatus"] in RUNNING and not _is_alive(record["Process"]):
            remove(self.docker.find(TRAINING_JOB_LABEL, record["TrainingJobName"]))
            record |= {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "FailureReason": ORPHANED}
            self.records.put(TRAINING_JOB, {**record, "TrainingEndTime": time.time()})
        return _answer(record)

    def stop_training_job(self, **request: Any) -> Answer:
        record = self._record(TRAINING_JOB, request)
        if record["TrainingJobStatus"] == "InProgress":
            self.records.put(TRAINING_JOB, {**record, "TrainingJobStatus": "Stopping", "SecondaryStatus": "Stopping"})
        stop(self.docker.find(TRAINING_JOB_LABEL, request["TrainingJobName"]))
        return {}

    def delete_training_job(self, **request: Any) -> Answer:
        return self._deleted(TRAINING_JOB, request)

    def _train(self, record: Answer, request: Answer) -> None:
        run = TrainingRun(self.session, self.s3, self.logs, self.docker, self.bucket)
        outcome = run.run(request)
        if self._record(TRAINING_JOB, request)["TrainingJobStatus"] == "Stopping":
            outcome = {"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}
        self.records.put(TRAINING_JOB, {**record, **outcome, "TrainingEndTime": time.time()})

    def _end(self, job: threading.Thread, name: str) -> None:
        """Stop a job when the process ends: the SDK would leave the container and its files behind."""
        if job.is_alive():
            self.stop_training_job(TrainingJobName=name)
            job.join(END_S)

    # ---- models and endpoint configs ----

    def create_model(self, **request: Any) -> Answer:
        container = {"Environment": {}, **request["PrimaryContainer"]}
        return {"ModelArn": self._created(MODEL, {**request, "PrimaryContainer": container})["ModelArn"]}

    def describe_model(self, **request: Any) -> Answer:
        return _answer(self._record(MODEL, request))

    def delete_model(self, **request: Any) -> Answer:
        return self._deleted(MODEL, request)

    def create_endpoint_config(self, **request: Any) -> Answer:
        return {"EndpointConfigArn": self._created(ENDPOINT_CONFIG, request)["EndpointConfigArn"]}

    def describe_endpoint_config(self, **request: Any) -> Answer:
        return _answer(self._record(ENDPOINT_CONFIG, request))

    def delete_endpoint_config(self, **request: Any) -> Answer:
        return self._deleted(ENDPOINT_CONFIG, request)

    # ---- endpoints ----

    def create_endpoint(self, **request: Any) -> Answer:
        moves = {"EndpointStatus": "Creating", "Process": _this_process()}
        config, model = self._served(request)
        record = self._created(ENDPOINT, {**request, **moves})
        in_background(request["EndpointName"], self._bring_up, record, config, model)
        return {"EndpointArn": record["EndpointArn"]}

    def update_endpoint(self, **request: Any) -> Answer:
        config, model = self._served(request)
        record = {**self._record(ENDPOINT, request), "EndpointStatus": "Updating", "Process": _this_process()}
        self.records.put(ENDPOINT, record)
        in_background(request["EndpointName"], self._bring_up, record, config, model)
        return {"EndpointArn": record["EndpointArn"]}

    def describe_endpoint(self, **request: Any) -> Answer:
        """Describe an endpoint. Delete it first if its container no longer runs, because nothing would restart it."""
        record = self._record(ENDPOINT, request)
        status, name = record["EndpointStatus"], record["EndpointName"]
        is_starting = status in MOVING and _is_alive(record["Process"])
        if status == "Failed" or is_starting or (status == "InService" and self._endpoints.is_served(name)):
            return _answer(record)
        self.delete_endpoint(EndpointName=name)
        raise _missing(ENDPOINT, name)

    def delete_endpoint(self, **request: Any) -> Answer:
        self._endpoints.stop(request["EndpointName"])
        return self._deleted(ENDPOINT, request)

    def _served(self, request: Answer) -> tuple[Answer, Answer]:
        config = self._record(ENDPOINT_CONFIG, request)
        model = self._record(MODEL, config["ProductionVariants"][0])
        self.docker.require(model["PrimaryContainer"]["Image"])
        return config, model

    def _bring_up(self, record: Answer, config: Answer, model: Answer) -> None:
        was_updating = record["EndpointStatus"] == "Updating"
        reason = self._missing_data(model) or self._endpoints.start(record["EndpointName"], config, model)
        if reason is None:
            outcome = {"EndpointStatus": "InService", "EndpointConfigName": config["EndpointConfigName"]}
        else:  # a failed update leaves the earlier containers in service
            outcome = {"EndpointStatus": "InService" if was_updating else "Failed", "FailureReason": reason}
        self.records.put(ENDPOINT, {**record, **outcome})

    def _missing_data(self, model: Answer) -> str | None:
        """Return an error if there is no model data. The SDK would silently download nothing."""
        uri = model["PrimaryContainer"].get("ModelDataUrl")
        if uri is None:
            return None
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            return f"Could not find model data at {uri}: {error}"
        return None

    # ---- lists and tags ----

    def get_paginator(self, operation: str) -> Pages:
        kind = next(kind for kind in KINDS if operation == f"list_{_snake(kind.name)}s")

        def items(NameContains: str = "") -> list[Answer]:  # noqa: N803 - the operation's own spelling
            return [_answer(record) for record in self.records.all(kind) if NameContains in record[kind.id]]

        return Pages(items, kind.plural)

    def list_tags(self, **request: Any) -> Answer:
        arn = request["ResourceArn"]
        records = [record for kind in KINDS for record in self.records.all(kind) if record[kind.arn] == arn]
        return {"Tags": records[0].get("Tags", []) if records else []}

    # ---- shared by all operations ----

    @cached_property
    def docker(self) -> Docker:
        return Docker.connected()

    @property
    def records(self) -> Records:
        return Records(self.s3, self.bucket)

    @property
    def _endpoints(self) -> EndpointRun:
        return EndpointRun(self.session, self.docker, self.bucket)

    def _record(self, kind: Kind, request: Answer) -> Answer:
        if (record := self.records.get(kind, request[kind.id])) is None:
            raise _missing(kind, request[kind.id])
        return record

    def _created(self, kind: Kind, request: Answer) -> Answer:
        name = request[kind.id]
        arn = (
            f"arn:aws:sagemaker:{self.session.region_name}:{self.account}:{_snake(kind.name).replace('_', '-')}/{name}"
        )
        record = {**request, kind.arn: arn, "CreationTime": time.time()}
        self.records.put(kind, record)
        return record

    def _deleted(self, kind: Kind, request: Answer) -> Answer:
        self.records.delete(kind, request[kind.id])
        return {}


def _missing(kind: Kind, name: str) -> ClientError:
    error = {"Code": "ValidationException", "Message": f"Could not find {kind.name} {name!r} of local mode"}
    return ClientError({"Error": error}, f"Describe{kind.name}")


def _answer(record: Answer) -> Answer:
    return {
        name: datetime.fromtimestamp(value, UTC) if name.endswith("Time") else value for name, value in record.items()
    }


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _this_process() -> list[float]:
    return [os.getpid(), _created_s(os.getpid())]


def _created_s(pid: int) -> float:
    """Return the seconds from the boot to the start of the process: a step of the clock does not move it."""
    started = started_s(pid)
    return float(psutil.Process(pid).create_time()) if started is None else started


def _is_alive(process: list[float]) -> bool:
    try:
        return abs(_created_s(int(process[0])) - process[1]) < 2
    except psutil.NoSuchProcess:
        return False
