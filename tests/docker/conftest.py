"""The emulator over a real Docker engine, with S3 and a custom image. Without an engine the tests are skipped."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import tarfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import docker
import pytest
from aiohttp import web
from botocore.config import Config
from moto.server import ThreadedMotoServer
from tests.waiting import DEADLINE_S, until

from sagemaker_emulator.accounts import Accounts
from sagemaker_emulator.engine.docker import InstanceType, connect, emulator_id
from sagemaker_emulator.engine.docker.labels import BASE_DIR
from sagemaker_emulator.server import Server
from sagemaker_emulator.settings import Settings
from scones.console import Meter
from scones.load.generator import generate, steady
from scones.load.measurements import FAILED, SUCCEEDED, Record
from scones.load.targets import SENDERS, EndpointTarget

IMAGE = "scones-tests/own:1"
ROLE = "arn:aws:iam::111122223333:role/sagemaker"
BUCKET = "docker-engine"
OWN_TYPES = {"ml.m4.xlarge": InstanceType(0.5, 0.0625)}  # smaller than the real type


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """Return a client of the Docker engine."""
    if reason := _reason_to_skip():
        pytest.skip(reason)
    client = docker.from_env()
    yield client
    client.close()


def _reason_to_skip() -> str | None:
    try:
        docker.from_env().close()
    except docker.errors.DockerException as error:
        reason = f"no Docker engine answers: {error}"
    else:
        return None
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # the SDK does not close a socket that it could not connect
    return reason


@pytest.fixture(scope="session")
def image(engine: Any) -> str:
    engine.images.build(path=str(Path(__file__).with_name("image")), tag=IMAGE, rm=True, forcerm=True)
    return IMAGE


@pytest.fixture(scope="session", autouse=True)
def aws() -> Iterator[None]:
    """Start S3, CloudWatch and CloudWatch Logs for the emulator and for the tests."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_CONFIG_FILE"):
            environment.delenv(name, raising=False)
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield
    server.stop()


@dataclass
class Emulator:
    """A running emulator over Docker, with the operations that tests use."""

    url: str
    image: str
    aws_url: str | None = None  # where S3, logs and metrics are; by default the tests' own server

    def aws(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.aws_url)

    @cached_property
    def s3(self) -> Any:
        return self.aws("s3")

    def client(self, service: str) -> Any:
        config = Config(retries={"max_attempts": 1}, read_timeout=60)
        return boto3.client(service, endpoint_url=self.url, config=config)

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    def create(self, name: str, parameters: dict[str, str] | None = None, **changes: Any) -> None:
        resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
            "HyperParameters": parameters or {},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 120},
            **changes,
        }
        request["ResourceConfig"] = {**resources, **changes.get("ResourceConfig", {})}
        self.sagemaker.create_training_job(**request)

    def job(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return described

    def ended(self, name: str, timeout_s: float = DEADLINE_S) -> dict[str, Any]:
        is_over = ("Completed", "Failed", "Stopped")
        until(lambda: self.job(name)["TrainingJobStatus"] in is_over, f"the end of {name}", timeout_s)
        return self.job(name)

    def log(self, job: str) -> list[str]:
        logs, group = self.aws("logs"), "/aws/sagemaker/TrainingJobs"
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [
            event["message"]
            for stream in streams
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def unpacked(self, job: str) -> dict[str, bytes]:
        body = self.s3.get_object(Bucket=BUCKET, Key=f"models/{job}/output/model.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]

    def endpoint(
        self, name: str, job: str, count: int = 1, instance_type: str = "ml.m5.large", **environment: str
    ) -> dict[str, Any]:
        """Serve the model of a job and wait until the endpoint settles."""
        model = f"s3://{BUCKET}/models/{job}/output/model.tar.gz"
        container = {"Image": self.image, "ModelDataUrl": model, "Environment": environment}
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": count}
        client = self.sagemaker
        client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": instance_type}]
        )
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        def status() -> dict[str, Any] | None:
            described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] in ("InService", "Failed") else None

        settled: dict[str, Any] = until(status, f"endpoint {name} to settle")
        return settled

    def load(self, name: str, rate: float, lasts_s: float, meter: Meter) -> Record:
        """Send requests at a fixed rate, without waiting for answers and without retries."""
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=SENDERS, read_timeout=70)
        runtime, record = boto3.client("sagemaker-runtime", endpoint_url=self.url, config=config), Record()
        target = EndpointTarget(name, runtime, [b"picture"], 0.5, record, time.monotonic())
        assert generate(target, steady(rate, lasts_s), record, target.began, meter)
        return record

    def counted(self, endpoint: str, metric: str) -> float:
        """Return the sum of a metric over the last hour."""
        now = datetime.now(UTC)
        dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic"}
        statistics = self.aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=86400,
            Statistics=["Sum"],
        )
        return sum(float(point["Sum"]) for point in statistics["Datapoints"])

    def invoke(self, name: str, body: bytes = b"hello") -> dict[str, Any]:
        answer = self.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body)
        answered: dict[str, Any] = json.loads(answer["Body"].read())
        return answered


@pytest.fixture(scope="session")
def new_emulator() -> type[Emulator]:
    """Return the class, for tests that start the emulator themselves."""
    return Emulator


@contextmanager
def served(state_dir: Path, image: str, network: str | None = None) -> Iterator[Emulator]:
    settings = Settings(state_dir=state_dir, stop_grace_s=5.0, serving_stop_grace_s=5.0, metrics_period_s=0.3)
    docker_engine = connect(emulator_id(state_dir), "scones/image-classification:latest", network, OWN_TYPES)
    loop = asyncio.new_event_loop()
    runner = Server(Accounts(settings, docker_engine)).runner()
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Emulator(f"http://127.0.0.1:{runner.addresses[0][1]}", image)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def emulator(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Serve an emulator on the host, which reaches serving containers at a port of 127.0.0.1."""
    with served(tmp_path_factory.mktemp("state"), image) as emulator:
        yield emulator


@pytest.fixture
def network(engine: Any) -> Iterator[str]:
    """Create a network as Compose does; the emulator reaches the containers in it."""
    network = engine.networks.create(f"scones-tests-{uuid.uuid4().hex[:8]}")
    yield network.name
    network.remove()


@pytest.fixture
def restartable(image: str, tmp_path: Path, network: str) -> Callable[[], Any]:
    """Return a function that serves an emulator, each time over the same state directory, as in Compose."""
    return lambda: served(tmp_path, image, network)


@dataclass
class KillerAt:
    """A meter that kills a container after a number of answers, while the load goes on.

    Waiting for Docker would stop the sender, and all requests under way would have their answers before the signal.
    """

    answers: int
    container: Any
    is_killed: bool = False

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        if (completed or 0) > self.answers and not self.is_killed:
            self.is_killed = True
            threading.Thread(target=self.container.kill, name="killer").start()


@pytest.fixture(scope="session")
def containers_of(engine: Any) -> Callable[[str], list[Any]]:
    """Return a function that lists the containers of an endpoint."""

    def serving(endpoint: str) -> list[Any]:
        running = engine.containers.list(filters={"label": BASE_DIR}, ignore_removed=True)
        return [one for one in running if f"/instances/{endpoint}/" in one.labels[BASE_DIR]]

    return serving


@pytest.fixture(scope="session")
def killed_under_load(containers_of: Callable[[str], list[Any]]) -> Callable[[Emulator, str], Record]:
    """Return a function that kills a container under load and checks that no request is lost from the metrics."""

    def run(emulator: Emulator, endpoint: str, rate: int = 100, lasts_s: int = 6) -> Record:
        before = {one.id for one in containers_of(endpoint)}
        killer = KillerAt(rate, containers_of(endpoint)[0])
        record = emulator.load(endpoint, rate, lasts_s, killer)
        figures = record.figures(lasts_s)
        print(f"{endpoint}: {figures}")
        failed = figures.outcomes[FAILED]
        assert figures.sent == rate * lasts_s
        assert figures.sent == figures.outcomes[SUCCEEDED] + failed, "a request was lost, or it hangs"
        assert failed, "no request was in flight in the killed container"
        assert figures.errors.keys() <= {"ModelError", "ServiceUnavailable"}, "an error that AWS does not name"
        assert max(answer.latency_s for answer in record.answers) < 10
        assert max(record.answers, key=lambda answer: answer.due_s).outcome == SUCCEEDED
        until(lambda: emulator.counted(endpoint, "Invocations") >= figures.sent, "CloudWatch to have every request")
        assert emulator.counted(endpoint, "Invocations") == figures.sent
        assert emulator.counted(endpoint, "Invocation5XXErrors") == failed
        after = {one.id for one in containers_of(endpoint)}
        assert len(after) == len(before)
        assert len(after - before) == 1, "the killed container was not replaced"
        return record

    return run


@pytest.fixture(name="until", scope="session")
def until_fixture() -> Callable[..., Any]:
    return until
