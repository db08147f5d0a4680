"""SageMaker local mode as the steps use it: a custom image trains and serves, and its endpoint answers by name."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from rich.console import Console as RichConsole

from sagemaker_emulator.engine import ContainerSpec
from sagemaker_emulator.engine.attached_container import AttachedEngine
from scones import settings
from scones.backends import open_context
from scones.console import Console
from scones.context import Context
from scones.errors import LocalModeError
from scones.local_mode.client import LocalSageMaker
from scones.local_mode.docker_engine import ENDPOINT, TRAINING_JOB
from scones.polling import poll
from scones.training import estimator

BUCKET = "docker-engine"
ROLE = "arn:aws:iam::111122223333:role/sagemaker"
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
}


@pytest.fixture(scope="module", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give these tests a temporary folder of their own, without files of other local modes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder := tmp_path_factory.mktemp("temporary")))
        yield folder


@pytest.fixture(scope="module")
def context(image: str, aws: None, tmp_path_factory: pytest.TempPathFactory) -> Context:
    options = {
        "image_uri": image,
        "bucket": BUCKET,
        "training_instance_type": "local",
        "endpoint_instance_type": "local",
    }
    loaded = settings.load(options, {}, "local-mode", tmp_path_factory.mktemp("context") / "none")
    return open_context(loaded, boto3.Session(), Console(RichConsole(file=io.StringIO())))


@pytest.fixture(scope="module")
def client(context: Context) -> Any:
    return context.client("sagemaker")


@pytest.fixture(scope="module")
def emulator(
    aws: None, engine: Any, tmp_path_factory: pytest.TempPathFactory, until: Callable[..., Any]
) -> Iterator[Any]:
    """Start an emulator with the process engine, as the embedded cloud does, and return a client of its runtime."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    folder = tmp_path_factory.mktemp("emulator")
    environment = {
        **os.environ,
        "SAGEMAKER_EMULATOR_PORT": str(port),
        "SAGEMAKER_EMULATOR_STATE_DIR": str(folder / "state"),
        "SAGEMAKER_EMULATOR_CAPTURE_IDLE_S": "0.3",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "sagemaker_emulator"], env=environment, stderr=log)
    try:
        until(lambda: _listens(port), "the emulator")
        yield boto3.client("sagemaker-runtime", endpoint_url=f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def train(context: Context, client: Any) -> Callable[..., dict[str, Any]]:
    """Return a function that runs a job of the SDK's Estimator and describes it at its end."""
    session = context.sagemaker.sdk_session()
    context.client("s3").put_object(Bucket=BUCKET, Key="input/one.txt", Body=b"one")

    def run(**hyperparameters: str) -> dict[str, Any]:
        name = f"local-mode-{uuid.uuid4().hex[:8]}"
        request = estimator.TrainingJobRequest(
            name=name,
            image_uri=str(context.settings.image_uri),
            role=ROLE,
            bucket=BUCKET,
            instance_type="local",
            hyperparameters={"model": "v1", **hyperparameters},
            channels={"train": f"s3://{BUCKET}/input/"},
            max_run_s=60,
        )
        estimator.start_training_job(request, session)

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = client.describe_training_job(TrainingJobName=name)
            return described if described["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return next(filter(None, (ended() for _ in poll(120, 0.5))))

    return run


@pytest.fixture(scope="module")
def job(train: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return train()


def log_of(context: Context, job: dict[str, Any]) -> list[str]:
    logs, group = context.client("logs"), "/aws/sagemaker/TrainingJobs"
    answer = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job['TrainingJobName']}/")
    stream = answer["logStreams"][0]["logStreamName"]
    return [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]


def test_a_job_of_the_sdk_leaves_its_model_in_the_bucket(context: Context, job: dict[str, Any]) -> None:
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    key = f"models/{job['TrainingJobName']}/output/model.tar.gz"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/{key}"
    assert context.client("s3").head_object(Bucket=BUCKET, Key=key)["ContentLength"]


def test_the_log_is_complete_and_the_container_runs_as_the_caller(context: Context, job: dict[str, Any]) -> None:
    first, *_, last = log_of(context, job)
    assert json.loads(first)["uid"] == os.getuid()
    assert json.loads(first)["files"] == 1
    assert last == "the last line"


def test_a_job_leaves_nothing_behind(engine: Any, job: dict[str, Any], temporary: Path) -> None:
    assert not engine.containers.list(all=True, filters={"label": f"{TRAINING_JOB}={job['TrainingJobName']}"})
    assert list(temporary.glob("sagemaker-local-mode-*")) == []


def test_the_failure_reason_has_the_containers_failure_file(train: Callable[..., dict[str, Any]]) -> None:
    failed = train(program="(BASE / 'output/failure').write_text('no good'); raise SystemExit(3)")
    assert failed["TrainingJobStatus"] == "Failed"
    assert failed["FailureReason"] == "AlgorithmError: no good, exit code: 3"


def test_a_missing_image_is_named_before_the_job_begins(client: Any) -> None:
    with pytest.raises(LocalModeError, match=r"'none/such:1' is not on this machine: `make images`"):
        client.create_training_job(TrainingJobName="none", AlgorithmSpecification={"TrainingImage": "none/such:1"})
    with pytest.raises(ClientError, match="Could not find"):
        client.describe_training_job(TrainingJobName="none")


def test_a_job_whose_process_has_ended_is_described_as_failed(client: Any) -> None:
    record = {"TrainingJobName": "orphan", "TrainingJobStatus": "InProgress", "Process": [2**22 + 1, 0.0]}
    client.records.put(*_of_job(record))
    assert "has ended" in client.describe_training_job(TrainingJobName="orphan")["FailureReason"]


def _of_job(record: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from scones.local_mode import records

    return records.TRAINING_JOB, record


@pytest.fixture(scope="module")
def deploy(client: Any, job: dict[str, Any], image: str) -> Iterator[Callable[..., Any]]:
    """Return a function that deploys an endpoint with data capture and describes it once it has settled."""
    names: set[str] = set()

    def settled(name: str) -> dict[str, Any] | None:
        described: dict[str, Any] = client.describe_endpoint(EndpointName=name)
        return described if described["EndpointStatus"] in ("InService", "Failed") else None

    def run(name: str, config: str, model_data: str | None = None) -> dict[str, Any]:
        container = {"Image": image, "ModelDataUrl": model_data or job["ModelArtifacts"]["S3ModelArtifacts"]}
        variant = {"VariantName": "AllTraffic", "InstanceType": "local", "InitialInstanceCount": 1, "ModelName": config}
        client.create_model(ModelName=config, PrimaryContainer=container)
        client.create_endpoint_config(
            EndpointConfigName=config, ProductionVariants=[variant], DataCaptureConfig=CAPTURE
        )
        change = client.update_endpoint if name in names else client.create_endpoint
        names.add(name)
        change(EndpointName=name, EndpointConfigName=config)
        return next(filter(None, (settled(name) for _ in poll(120, 0.5))))

    yield run
    for name in names:
        client.delete_endpoint(EndpointName=name)


def containers(engine: Any, name: str) -> list[Any]:
    labeled: list[Any] = engine.containers.list(all=True, filters={"label": f"{ENDPOINT}={name}"}, ignore_removed=True)
    return labeled


def invoke(runtime: Any, name: str) -> dict[str, Any] | None:
    """Return the endpoint's answer, or None while the emulator does not know the endpoint."""
    try:
        answer = runtime.invoke_endpoint(EndpointName=name, Body=b"hello", InferenceId="one")
    except runtime.exceptions.ValidationError:
        return None
    answered: dict[str, Any] = json.loads(answer["Body"].read())
    return answered


def test_the_endpoint_answers_by_name_and_its_data_is_captured(
    deploy: Callable[..., Any], emulator: Any, context: Context, until: Callable[..., Any]
) -> None:
    described = deploy("by-name", "by-name-1")
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    assert until(lambda: invoke(emulator, "by-name"), "the emulator to find it") == {"model": "v1", "got": "hello"}
    s3, prefix = context.client("s3"), "captured/by-name/AllTraffic/"
    keys = until(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents"), "a file of captured data")
    record = json.loads(s3.get_object(Bucket=BUCKET, Key=keys[0]["Key"])["Body"].read())
    assert record["eventMetadata"]["inferenceId"] == "one"


def test_another_process_finds_the_endpoint_which_listens_only_on_loopback(
    deploy: Callable[..., Any], engine: Any, context: Context
) -> None:
    deploy("loopback", "loopback-1")
    another = LocalSageMaker(
        context.clients.session, context.client("s3"), context.client("logs"), context.data_bucket.name, context.account
    )
    assert another.describe_endpoint(EndpointName="loopback")["EndpointStatus"] == "InService"
    (container,) = containers(engine, "loopback")
    (published,) = container.attrs["NetworkSettings"]["Ports"]["8080/tcp"]
    assert published["HostIp"] == "127.0.0.1"


def test_an_update_replaces_the_old_container(deploy: Callable[..., Any], engine: Any) -> None:
    deploy("updated", "updated-1")
    (before,) = containers(engine, "updated")
    assert deploy("updated", "updated-2")["EndpointConfigName"] == "updated-2"
    (after,) = containers(engine, "updated")
    assert after.id != before.id


def test_killing_the_container_removes_the_endpoint(
    deploy: Callable[..., Any], client: Any, engine: Any, emulator: Any, until: Callable[..., Any]
) -> None:
    deploy("killed", "killed-1")
    until(lambda: invoke(emulator, "killed"), "the emulator to find it")
    (container,) = containers(engine, "killed")
    # the container may be in a second network: an emulator in Compose connects it to its own
    (network,) = [one for one in container.attrs["NetworkSettings"]["Networks"] if one.endswith("_sagemaker-local")]
    container.kill()
    until(lambda: not containers(engine, "killed"), "the background process to remove the container")
    until(lambda: not engine.networks.list(names=[network]), "its network to be removed")
    with pytest.raises(ClientError, match="Could not find Endpoint 'killed'"):
        client.describe_endpoint(EndpointName="killed")
    until(lambda: invoke(emulator, "killed") is None, "the emulator to forget it")


def test_an_endpoint_with_missing_model_data_fails(deploy: Callable[..., Any]) -> None:
    described = deploy("refused", "refused-1", f"s3://{BUCKET}/no/such/model.tar.gz")
    assert described["EndpointStatus"] == "Failed"
    assert f"s3://{BUCKET}/no/such/model.tar.gz" in described["FailureReason"]


def test_an_emulator_on_a_network_reaches_the_container_there(
    deploy: Callable[..., Any], engine: Any, network: str, tmp_path: Path
) -> None:
    deploy("networked", "networked-1")
    (container,) = containers(engine, "networked")
    attached = AttachedEngine(engine, container, network).start(ContainerSpec("n", "i", "serve", tmp_path))
    container.reload()
    joined = container.attrs["NetworkSettings"]["Networks"][network]
    assert attached.address == f"http://{joined['IPAddress']}:8080"
    attached.stop(0)
    container.reload()
    assert network not in container.attrs["NetworkSettings"]["Networks"]
