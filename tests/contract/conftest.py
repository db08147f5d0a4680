"""A real emulator in process, a real S3 beside it, and boto3 as any caller would use it."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from aiohttp import web
from botocore.config import Config
from moto.server import ThreadedMotoServer
from tests.waiting import until

from safety.sandbox import Sandbox
from sagemaker_emulator.accounts import Accounts
from sagemaker_emulator.engine.process import ProcessEngine
from sagemaker_emulator.frameworks.environments import Environments
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.server import HttpLimits, Server
from sagemaker_emulator.settings import Settings

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
BUCKET = "contract"
DEADLINE_S = 120.0  # for conditions that take seconds at most: tests must hold on a machine with ten times its load
CONTAINER = [sys.executable, str(Path(__file__).with_name("container.py"))]
Value = TypeVar("Value")


@pytest.fixture(scope="package", autouse=True)
def aws() -> Iterator[None]:
    """S3, CloudWatch and CloudWatch Logs for the emulator and for the tests."""
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
        create_role(ROLE.rpartition("/")[2], "sagemaker.amazonaws.com")
        yield
    server.stop()


def create_role(name: str, service: str, path: str = "/") -> None:
    """Create a role that a service may assume. moto's IAM is of one account, whatever the keys are."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = boto3.client("iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):  # moto keeps its state for all packages of tests
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=policy)


@dataclass
class Emulator:
    """A served emulator and how to reach it."""

    url: str
    instance: SageMaker

    def client(self, service: str) -> Any:
        config = Config(retries={"max_attempts": 1}, read_timeout=DEADLINE_S)
        return boto3.client(service, endpoint_url=self.url, config=config)


@contextmanager
def served(
    settings: Settings,
    limits: HttpLimits | None = None,
    sandbox: Sandbox | None = None,
    clock: Callable[[], float] = time.time,
    environments: Environments | None = None,
) -> Iterator[Emulator]:
    shared = (settings.state_dir.parent,)  # tests and containers wait for each other's files
    engine = ProcessEngine(
        str(settings.state_dir),
        own_images={IMAGE: CONTAINER},
        environments=environments or Environments(),
        shown=shared,
        sandbox=sandbox or Sandbox.open(),
    )
    accounts = Accounts(settings, engine, clock)
    loop = asyncio.new_event_loop()
    runner = Server(accounts, limits).runner()
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Emulator(f"http://127.0.0.1:{runner.addresses[0][1]}", accounts.default)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(DEADLINE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def settings_in(state_dir: Path, **changes: Any) -> Settings:
    quick = {
        "endpoint_start_timeout_s": DEADLINE_S,
        "invocation_timeout_s": DEADLINE_S,
        "stop_grace_s": 2.0,
        "serving_stop_grace_s": 2.0,
        "capture_idle_s": 0.3,
        "metrics_period_s": 0.3,
    }
    return Settings(state_dir=state_dir, **{**quick, **changes})


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with served(settings_in(tmp_path_factory.mktemp("state"))) as emulator:
        yield emulator


@pytest.fixture
def restartable(tmp_path: Path) -> Callable[..., Any]:
    """Serve an emulator over one state directory, again and again."""
    return lambda **changes: served(settings_in(tmp_path, **changes))


@pytest.fixture(scope="module")
def sagemaker(emulator: Emulator) -> Any:
    return emulator.client("sagemaker")


@pytest.fixture(scope="module")
def runtime(emulator: Emulator) -> Any:
    return emulator.client("sagemaker-runtime")


@pytest.fixture(scope="package")
def s3(aws: None) -> Any:
    return boto3.client("s3")


@dataclass
class Jobs:
    """Training jobs of the contract container."""

    client: Any
    s3: Any
    count: int = field(default=0)

    def request(self, name: str, **changes: Any) -> dict[str, Any]:
        self.s3.put_object(Bucket=BUCKET, Key="input/a/one.txt", Body=b"one")
        self.s3.put_object(Bucket=BUCKET, Key="input/two.txt", Body=b"two!")
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/input/"}
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }
        return {**request, **changes}

    def create(self, name: str, parameters: dict[str, str] | None = None, **changes: Any) -> None:
        self.client.create_training_job(**self.request(name, HyperParameters=parameters or {}, **changes))

    def ended(self, name: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            job = self.client.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return until(over, f"the end of training job {name}")

    def in_training(self, name: str) -> None:
        until(
            lambda: self.client.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training",
            f"{name} to be in Training",
        )


@pytest.fixture(scope="module")
def jobs(sagemaker: Any, s3: Any) -> Jobs:
    return Jobs(sagemaker, s3)


@pytest.fixture(scope="package")
def unpacked(s3: Any) -> Callable[..., dict[str, bytes]]:
    """Return the files in a training job's model, or in another of its archives."""

    def unpack(job: str, archive: str = "model.tar.gz") -> dict[str, bytes]:
        body = io.BytesIO(s3.get_object(Bucket=BUCKET, Key=f"models/{job}/output/{archive}")["Body"].read())
        with tarfile.open(fileobj=body) as tar:
            return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]

    return unpack


@pytest.fixture(scope="package")
def log_of(aws: None) -> Callable[[str], list[str]]:
    """Return the log lines of all hosts of a training job, so far."""

    def lines(job: str) -> list[str]:
        logs, group = boto3.client("logs"), "/aws/sagemaker/TrainingJobs"
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

    return lines


@dataclass
class Hosting:
    """Models and endpoints of the contract container."""

    client: Any
    s3: Any

    def model(self, name: str, text: str = "v1", environment: dict[str, str] | None = None) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            info = tarfile.TarInfo("model.txt")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
        self.s3.put_object(Bucket=BUCKET, Key=f"models/{name}/model.tar.gz", Body=packed.getvalue())
        container = {
            "Image": IMAGE,
            "ModelDataUrl": f"s3://{BUCKET}/models/{name}/model.tar.gz",
            "Environment": environment or {},
        }
        self.client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)

    def config(self, name: str, *variants: dict[str, Any], **changes: Any) -> None:
        base = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}
        self.client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**base, **variant} for variant in variants], **changes
        )

    def endpoint(self, name: str, config: str) -> dict[str, Any]:
        self.client.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        def settled() -> dict[str, Any] | None:
            endpoint = self.client.describe_endpoint(EndpointName=name)
            return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None

        return until(settled, f"endpoint {name} to settle")

    def simple(self, name: str, text: str = "v1", **changes: Any) -> dict[str, Any]:
        """Create a model, a configuration and an endpoint with the same name."""
        self.model(name, text)
        self.config(name, {"VariantName": "AllTraffic", "ModelName": name}, **changes)
        return self.endpoint(name, name)


@pytest.fixture(scope="module")
def hosting(sagemaker: Any, s3: Any) -> Hosting:
    return Hosting(sagemaker, s3)


@pytest.fixture(name="until", scope="session")
def until_fixture() -> Callable[..., Any]:
    return until


@pytest.fixture(scope="session")
def make_jobs() -> type[Jobs]:
    return Jobs


@pytest.fixture(scope="session")
def make_hosting() -> type[Hosting]:
    return Hosting


@pytest.fixture(scope="session")
def make_served() -> Callable[..., Any]:
    """Serve an emulator over a state directory, with limits of its own."""
    return lambda state_dir, limits: served(settings_in(state_dir), limits)


@pytest.fixture(scope="session")
def serve_with() -> Callable[..., Any]:
    """Serve an emulator over a state directory, with other settings."""
    return lambda state_dir, **changes: served(settings_in(state_dir, **changes))


@pytest.fixture(scope="session")
def serve_with_clock() -> Callable[..., Any]:
    """Serve an emulator whose monitoring schedules go by a clock of the test's own."""
    return lambda state_dir, clock, **changes: served(settings_in(state_dir, **changes), clock=clock)


@pytest.fixture(scope="session")
def serve_without_sandbox() -> Callable[[Path], Any]:
    """Serve an emulator as on a system without namespaces."""
    return lambda state_dir: served(settings_in(state_dir), sandbox=Sandbox.unavailable("no namespaces in this test"))
