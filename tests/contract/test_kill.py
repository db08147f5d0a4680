"""`kill -9` at random moments of a mixed workload: nothing acknowledged is lost, and no process is orphaned."""

from __future__ import annotations

import io
import json
import os
import random
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from sagemaker_emulator.engine.process import LABEL, emulator_id

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
CONTAINER = [sys.executable, "-S", str(Path(__file__).with_name("container.py"))]
KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("KILL_SEED", "7"))
WORKERS = 4
START_S = 120
ENDED = ("Completed", "Failed", "Stopped")
PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"
GONE = (BotoCoreError, HTTPClientError, ConnectionError)
ALL_TRAFFIC = {"VariantName": "AllTraffic", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}


@dataclass
class Server:
    """The emulator in its own process, as a user starts it."""

    state_dir: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            **os.environ,
            "SAGEMAKER_EMULATOR_PORT": str(self.port),
            "SAGEMAKER_EMULATOR_STATE_DIR": str(self.state_dir),
            "SAGEMAKER_EMULATOR_OWN_IMAGES": json.dumps({IMAGE: CONTAINER}),
        }
        with (self.state_dir.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sagemaker_emulator"], env=environment, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(START_S)

    @property
    def is_ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=START_S, connect_timeout=START_S)
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.port}", config=config)

    def labeled(self) -> list[psutil.Process]:
        """Return every process that this emulator started, whatever its parent is now."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(LABEL) == emulator_id(self.state_dir):
                    found.append(process)
        return found

    def orphans(self) -> list[psutil.Process]:
        assert self.process is not None
        return [one for one in self.labeled() if self.process.pid not in {parent.pid for parent in one.parents()}]


@dataclass
class Worker:
    """One client. It remembers what was acknowledged; an interrupted request may or may not have taken effect."""

    number: int
    sagemaker: Any
    runtime: Any
    random: random.Random
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    count: int = 0

    def work(self, killed: threading.Event) -> None:
        actions = [self.model, self.config, self.job, self.job, self.stop, self.tag, self.delete, self.invoke]
        actions += [self.endpoint] if self.number == 0 else []
        while not killed.is_set():
            try:
                self.random.choice(actions)()
            except GONE:
                return
            except ClientError as error:
                self.wrong.append(str(error))

    def model(self) -> None:
        container = {"Image": IMAGE}
        self._done("model", PRESENT, self.sagemaker.create_model, ModelName=self._name(), PrimaryContainer=container)

    def config(self) -> None:
        variants = [{**ALL_TRAFFIC, "ModelName": "base"}]
        create = self.sagemaker.create_endpoint_config
        self._done("config", PRESENT, create, EndpointConfigName=self._name(), ProductionVariants=variants)

    def job(self) -> None:
        seconds = self.random.choice(["0", "0.2", "60"])
        self._done(
            "job",
            PRESENT,
            self.sagemaker.create_training_job,
            TrainingJobName=self._name(),
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            HyperParameters={"seconds": seconds},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": "s3://contract/killed"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )

    def endpoint(self) -> None:
        if sum(kind == "endpoint" for kind, _ in self.known) < 1:
            create = self.sagemaker.create_endpoint
            self._done("endpoint", PRESENT, create, EndpointName=self._name(), EndpointConfigName="base")

    def stop(self) -> None:
        if name := self._one("job"):
            with suppress(ClientError):  # it may be over
                self.sagemaker.stop_training_job(TrainingJobName=name)

    def tag(self) -> None:
        arn, key = "arn:aws:sagemaker:us-east-1:000000000000:model/base", f"worker-{self.number}"
        self.known["tag", key] = UNKNOWN
        value = str(self.count)
        self.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": value}])
        self.known["tag", key] = value

    def delete(self) -> None:
        if name := self._one("model"):
            self._done("model", ABSENT, self.sagemaker.delete_model, ModelName=name)

    def invoke(self) -> None:
        answer = self.runtime.invoke_endpoint(EndpointName="base", Body=b"hello")
        assert json.loads(answer["Body"].read())["got"] == "hello"

    def _name(self) -> str:
        self.count += 1
        return f"w{self.number}-{self.count}"

    def _one(self, kind: str) -> str | None:
        names = [name for (of_kind, name), state in self.known.items() if of_kind == kind and state == PRESENT]
        return self.random.choice(names) if names else None

    def _done(self, kind: str, state: str, call: Callable[..., Any], **request: Any) -> None:
        name = next(value for key, value in request.items() if key.endswith("Name") and value != "base")
        self.known[kind, name] = UNKNOWN
        call(**request)
        self.known[kind, name] = state


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(tmp_path / "state", free.getsockname()[1])
    server.start()
    yield server
    if server.process and server.process.poll() is None:
        server.kill()
    for process in server.labeled():
        process.kill()


def test_nothing_acknowledged_is_lost_and_no_process_is_orphaned(server: Server, until: Callable[..., Any]) -> None:
    until(lambda: server.is_ready, "the first start", START_S)
    sagemaker, runtime, chance = server.client("sagemaker"), server.client("sagemaker-runtime"), random.Random(SEED)
    sagemaker.create_model(ModelName="base", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": _uploaded()})
    variants = [{**ALL_TRAFFIC, "ModelName": "base"}]
    sagemaker.create_endpoint_config(EndpointConfigName="base", ProductionVariants=variants)
    sagemaker.create_endpoint(EndpointName="base", EndpointConfigName="base")
    workers = [Worker(number, sagemaker, runtime, random.Random(SEED + number)) for number in range(WORKERS)]
    _until_in_service(sagemaker, "base", until)
    for number in range(KILLS):
        _work_until_killed(server, workers, chance.uniform(0.02, 0.6))
        server.start()
        until(lambda: server.is_ready, f"the start after kill {number + 1}", START_S)
        assert server.orphans() == [], f"after kill {number + 1}"
        _until_in_service(sagemaker, "base", until)
        for worker in workers:
            assert worker.wrong == [], f"before kill {number + 1}"
            _check(sagemaker, worker, until)
    assert server.stop() == 0
    assert server.labeled() == []


def test_a_monitoring_execution_is_taken_up_after_a_kill(server: Server, until: Callable[..., Any]) -> None:
    until(lambda: server.is_ready, "the first start", START_S)
    sagemaker = server.client("sagemaker")
    _schedule_now(sagemaker, until)

    def executions() -> list[dict[str, Any]]:
        listed = sagemaker.list_monitoring_executions(MonitoringScheduleName="watched")
        summaries: list[dict[str, Any]] = listed["MonitoringExecutionSummaries"]
        return summaries

    begun = until(lambda: [one for one in executions() if "ProcessingJobArn" in one], "its processing job", START_S)
    server.kill()
    server.start()
    until(lambda: server.is_ready, "the start after the kill", START_S)
    until(lambda: executions()[0]["MonitoringExecutionStatus"] == "Completed", "the end of the execution", START_S)
    assert len(executions()) == 1
    assert executions()[0]["ProcessingJobArn"] != begun[0]["ProcessingJobArn"]
    assert server.orphans() == []
    assert server.stop() == 0


def _schedule_now(sagemaker: Any, until: Callable[..., Any]) -> None:
    """Monitor a captured record of this hour once, with an analyzer that takes a few seconds."""
    now = datetime.now(UTC)
    for moment in (now, now - timedelta(hours=1)):  # the schedule may be created in the next hour
        key = f"killed/capture/base/AllTraffic/{moment:%Y/%m/%d/%H}/x.jsonl"
        boto3.client("s3").put_object(Bucket="contract", Key=key, Body=b"{}")
    sagemaker.create_model(ModelName="base", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": _uploaded()})
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://contract/killed/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    variants = [{**ALL_TRAFFIC, "ModelName": "base"}]
    sagemaker.create_endpoint_config(EndpointConfigName="base", ProductionVariants=variants, DataCaptureConfig=capture)
    sagemaker.create_endpoint(EndpointName="base", EndpointConfigName="base")
    _until_in_service(sagemaker, "base", until)
    output = {"S3Uri": "s3://contract/killed/reports", "LocalPath": "/opt/ml/processing/output"}
    endpoint = {"EndpointName": "base", "LocalPath": "/opt/ml/processing/input"}
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    definition = {
        "MonitoringInputs": [{"EndpointInput": endpoint}],
        "MonitoringOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "MonitoringResources": {"ClusterConfig": cluster},
        "MonitoringAppSpecification": {"ImageUri": IMAGE, "ContainerArguments": ["sleep=3"]},
        "RoleArn": ROLE,
    }
    window = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watched",
        MonitoringScheduleConfig={
            "MonitoringJobDefinition": definition,
            "ScheduleConfig": {"ScheduleExpression": "NOW", **window},
        },
    )


def _uploaded() -> str:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("model.txt"))
    boto3.client("s3").put_object(Bucket="contract", Key="killed/model.tar.gz", Body=packed.getvalue())
    return "s3://contract/killed/model.tar.gz"


def _work_until_killed(server: Server, workers: list[Worker], seconds: float) -> None:
    killed = threading.Event()
    threads = [threading.Thread(target=worker.work, args=(killed,)) for worker in workers]
    for thread in threads:
        thread.start()
    time.sleep(seconds)  # the random moment itself
    server.kill()
    killed.set()
    for thread in threads:
        thread.join()


def _check(sagemaker: Any, worker: Worker, until: Callable[..., Any]) -> None:
    """Check everything that this worker remembers, then forget it: each round checks only what it created."""
    for (kind, name), state in worker.known.items():
        if kind == "tag":
            arn = "arn:aws:sagemaker:us-east-1:000000000000:model/base"
            tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
            assert state in (UNKNOWN, tags.get(name))
            continue
        found = _described(sagemaker, kind, name)
        assert state == UNKNOWN or (found is not None) == (state == PRESENT), f"{kind} {name} should be {state}"
        if found and kind == "job":
            assert found["TrainingJobStatus"] in ENDED
            assert found["TrainingJobStatus"] != "Failed" or "shut down while the job" in found["FailureReason"]
        if found and kind == "endpoint":
            _until_in_service(sagemaker, name, until)
            sagemaker.delete_endpoint(EndpointName=name)
    worker.known.clear()


def _described(sagemaker: Any, kind: str, name: str) -> Any:
    describe: dict[str, Callable[[], Any]] = {
        "model": lambda: sagemaker.describe_model(ModelName=name),
        "config": lambda: sagemaker.describe_endpoint_config(EndpointConfigName=name),
        "job": lambda: sagemaker.describe_training_job(TrainingJobName=name),
        "endpoint": lambda: sagemaker.describe_endpoint(EndpointName=name),
    }
    try:
        return describe[kind]()
    except ClientError as error:
        if "not found" in str(error) or "Could not find" in str(error):
            return None
        raise


def _until_in_service(sagemaker: Any, name: str, until: Callable[..., Any]) -> None:
    def in_service() -> bool:
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        assert endpoint["EndpointStatus"] != "Failed", endpoint["FailureReason"]
        return bool(endpoint["EndpointStatus"] == "InService" and _counts(endpoint) >= 1)

    until(in_service, f"endpoint {name} to be in service again", START_S)


def _counts(endpoint: dict[str, Any]) -> int:
    return sum(variant.get("CurrentInstanceCount", 0) for variant in endpoint.get("ProductionVariants", ()))
