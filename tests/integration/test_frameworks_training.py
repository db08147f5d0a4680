"""Training in framework images through the SageMaker SDK 2, whose calls are those of any notebook."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.waiting import until

from safety.sandbox import Sandbox
from scones.sagemaker_sdk import quiet

from .sdk_session import sdk_session

with quiet():
    from sagemaker.exceptions import UnexpectedStatusException
    from sagemaker.inputs import TrainingInput
    from sagemaker.pytorch import PyTorch
    from sagemaker.session import Session
    from sagemaker.sklearn import SKLearn

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

BUCKET = f"frameworks-{uuid4().hex[:8]}"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
MACHINE: dict[str, Any] = {"instance_type": "ml.m5.large", "instance_count": 1}
SCIKIT_LEARN = "1.2-1"
PYTORCH = {"framework_version": "2.6.0", "py_version": "py312"}
GPU = {"instance_type": "ml.g5.xlarge"}  # the SDK takes torch_distributed for no other
SHOW = """
import argparse, json, os
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
parser.add_argument("--name")
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
arguments = parser.parse_args()
data = sorted(path.name for path in Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
print("accuracy=0.875;", flush=True)
Path(arguments.model_dir, "shown.json").write_text(json.dumps([vars(arguments), data, os.getcwd()]))
Path(os.environ["SM_OUTPUT_DATA_DIR"], "notes.txt").write_text("kept")
"""
MEET = """
import os
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
hosts, host = eval(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
if "RANK" in os.environ:
    dist.init_process_group("gloo")
else:
    dist.init_process_group("gloo", rank=hosts.index(host), world_size=len(hosts))
if os.environ.get("SM_HP_FAILING") == host:
    raise ValueError(f"no data on {host}")
torch.manual_seed(dist.get_rank())


def train():
    model = DistributedDataParallel(nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for step in range(5):
        optimizer.zero_grad()
        model(torch.randn(8, 2)).square().mean().backward()
        optimizer.step()
    weights = [parameter.tolist() for parameter in model.parameters()]
    print(f"{host}: rank {dist.get_rank()} of {dist.get_world_size()}: {weights}", flush=True)
    if dist.get_rank() == 0:
        torch.save(model.module.state_dict(), os.environ["SM_MODEL_DIR"] + "/model.pt")


train()  # a function, so that the model is gone: it would keep gloo's threads, which can abort the interpreter's end
dist.barrier()
dist.destroy_process_group()
"""

Fit = Callable[..., Any]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with sdk_session(BUCKET) as session:
        yield session


@pytest.fixture(scope="module")
def channel(session: Session) -> TrainingInput:
    session.sagemaker_client  # noqa: B018 - the SDK creates its clients at first use
    boto3.client("s3").put_object(Bucket=BUCKET, Key="input/one.csv", Body=b"1,2\n")
    return TrainingInput(f"s3://{BUCKET}/input/")


@pytest.fixture
def fit(session: Session, channel: TrainingInput, tmp_path: Path) -> Fit:
    """Return a function that trains files in an estimator of a framework, and returns the estimator."""

    def train(kind: type[Any], files: dict[str, str], program: str = "train.py", **more: Any) -> Any:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        version = {"framework_version": SCIKIT_LEARN} if kind is SKLearn else PYTORCH
        options = {"source_dir": str(tmp_path), **MACHINE, **version, **more}
        estimator = kind(program, role=ROLE, sagemaker_session=session, base_job_name="fw", **options)
        estimator.fit({"train": channel}, logs="None")
        return estimator

    return train


def model_of(estimator: Any) -> dict[str, bytes]:
    """Return the files of a job's model archive."""
    return archive_at(estimator.model_data)


def archive_at(uri: str) -> dict[str, bytes]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        files = [(member, tar.extractfile(member)) for member in tar if member.isfile()]
        return {member.name.removeprefix("./"): file.read() for member, file in files if file}


def log_of(estimator: Any) -> str:
    logs, group = boto3.client("logs"), "/aws/sagemaker/TrainingJobs"
    prefix = f"{estimator.latest_training_job.name}/"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
    events = [
        event
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    ]
    return "\n".join(event["message"] for event in events)


def test_a_script_trains_with_its_hyperparameters_channel_and_metrics(fit: Fit) -> None:
    estimator = fit(
        SKLearn,
        {"train.py": SHOW},
        hyperparameters={"depth": 3, "name": "two bays"},
        metric_definitions=[{"Name": "accuracy", "Regex": "accuracy=([0-9.]+);"}],
    )
    arguments, data, folder = json.loads(model_of(estimator)["shown.json"])
    assert (arguments["depth"], arguments["name"], data) == (3, "two bays", ["one.csv"])
    assert folder.endswith("/code")
    job = estimator.latest_training_job.describe()
    assert [(metric["MetricName"], metric["Value"]) for metric in job["FinalMetricDataList"]] == [("accuracy", 0.875)]
    assert archive_at(estimator.model_data.replace("model.tar", "output.tar")) == {"notes.txt": b"kept"}
    assert "Invoking script with the following command:" in log_of(estimator)


def test_dependencies_lie_beside_the_script(fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> None:
    library = tmp_path_factory.mktemp("libraries") / "bays"
    library.mkdir()
    (library / "__init__.py").write_text("NAME = 'from a dependency'")
    script = "import bays, os\nopen(os.environ['SM_MODEL_DIR'] + '/name', 'w').write(bays.NAME)"
    estimator = fit(SKLearn, {"train.py": script}, dependencies=[str(library)])
    assert model_of(estimator) == {"name": b"from a dependency"}


def test_the_source_may_be_in_git(
    fit: Fit, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path_factory.mktemp("repository")
    (repository / "source").mkdir()
    (repository / "source/train.py").write_text("import os; open(os.environ['SM_MODEL_DIR'] + '/git', 'w')")
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@t"]
    for command in (["init", "--quiet", "-b", "main"], ["add", "."], ["commit", "--quiet", "-m", "First"]):
        subprocess.run([*git, *command], check=True)
    # the SDK takes https only; git itself is told where that address is
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{repository}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example/bays.git")
    config = {"repo": "https://git.example/bays.git", "branch": "main"}
    estimator = fit(SKLearn, {}, git_config=config, source_dir="source")
    assert model_of(estimator) == {"git": b""}


def test_a_source_in_s3_and_a_shell_script_as_entry_point(fit: Fit) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        body = b"#!/bin/bash\npython -c 'import sklearn; print(sklearn.__version__)' > $SM_MODEL_DIR/version\n"
        info = tarfile.TarInfo("run.sh")
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    boto3.client("s3").put_object(Bucket=BUCKET, Key="code/sourcedir.tar.gz", Body=buffer.getvalue())
    estimator = fit(SKLearn, {}, "run.sh", source_dir=f"s3://{BUCKET}/code/sourcedir.tar.gz")
    assert b"." in model_of(estimator)["version"]


@pytest.fixture
def isolation_needed() -> None:
    sandbox = Sandbox.open()
    reason = sandbox.availability.network
    sandbox.close()
    if reason:
        pytest.skip(reason)


def test_an_isolated_job_gets_its_source_as_a_channel(fit: Fit, cloud: Any, isolation_needed: None) -> None:
    script = """
import os, socket
try:
    socket.create_connection(("127.0.0.1", int(os.environ["SM_HP_PORT"])), 5)
    reached = "reached"
except OSError:
    reached = "refused"
open(os.environ["SM_MODEL_DIR"] + "/cloud", "w").write(reached)
"""
    port = {"port": cloud.localstack_port}
    estimator = fit(SKLearn, {"train.py": script}, enable_network_isolation=True, hyperparameters=port)
    assert model_of(estimator) == {"cloud": b"refused"}
    source = estimator.latest_training_job.describe()["HyperParameters"]["sagemaker_submit_directory"]
    assert json.loads(source) == "/opt/ml/input/data/code/sourcedir.tar.gz"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise ValueError('no such bay')", "raise ValueError('no such bay')\n ValueError: no such bay"),
        ("import sys; sys.exit('the data is empty')", "the data is empty"),
    ],
)
def test_a_failing_script_fails_the_job_with_its_last_line(fit: Fit, script: str, reason: str) -> None:
    with pytest.raises(UnexpectedStatusException) as failure:
        fit(SKLearn, {"train.py": script})
    text = str(failure.value)
    assert "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage" in text
    assert reason in text
    assert text.rstrip().rpartition("Reason:")[2].partition(". Check")[0].endswith(", exit code: 1")


def test_a_checkpoint_survives_into_the_next_job(fit: Fit) -> None:
    script = (
        "import os\nfrom pathlib import Path\nfolder = Path('/opt/ml/checkpoints')\n"
        "steps = len(list(folder.iterdir()))\n(folder / f'step-{steps}').write_text('x')\n"
        "Path(os.environ['SM_MODEL_DIR'], 'steps').write_text(str(steps))"
    )
    place = f"s3://{BUCKET}/checkpoints/{uuid4().hex}"
    steps = [model_of(fit(SKLearn, {"train.py": script}, checkpoint_s3_uri=place))["steps"] for _ in range(2)]
    assert steps == [b"0", b"1"]


def test_a_stopped_job_runs_the_scripts_sigterm_handler_and_keeps_its_model(
    session: Session, channel: TrainingInput, tmp_path: Path
) -> None:
    script = """
import os, signal, sys, time
def end(*_):
    open(os.environ["SM_MODEL_DIR"] + "/half", "w").write("half")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("waiting", flush=True)
time.sleep(600)
"""
    (tmp_path / "train.py").write_text(script)
    estimator = SKLearn(
        str(tmp_path / "train.py"), SCIKIT_LEARN, role=ROLE, sagemaker_session=session, base_job_name="fw", **MACHINE
    )
    estimator.fit({"train": channel}, wait=False)
    client, name = boto3.client("sagemaker"), estimator.latest_training_job.name
    until(lambda: "waiting" in log_of(estimator), "the script to wait")
    client.stop_training_job(TrainingJobName=name)
    until(lambda: client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "Stopped", "the end")
    assert model_of(estimator) == {"half": b"half"}


@pytest.mark.parametrize("distribution", [None, {"torch_distributed": {"enabled": True}}], ids=["own", "torchrun"])
def test_two_hosts_of_pytorch_give_one_model(fit: Fit, distribution: Any) -> None:
    estimator = fit(PyTorch, {"train.py": MEET}, **GPU, instance_count=2, distribution=distribution)
    log = log_of(estimator)
    lines = sorted(line for line in log.splitlines() if " of 2: " in line)
    assert [line.partition(": [")[0] for line in lines] == ["algo-1: rank 0 of 2", "algo-2: rank 1 of 2"], log
    assert len({line.partition(": [")[2] for line in lines}) == 1
    assert list(model_of(estimator)) == ["model.pt"]


@pytest.mark.parametrize("distribution", [None, {"torch_distributed": {"enabled": True}}], ids=["own", "torchrun"])
def test_a_host_that_fails_fails_the_job_with_its_last_line(fit: Fit, distribution: Any) -> None:
    with pytest.raises(UnexpectedStatusException, match="ValueError: no data on algo-2"):
        fit(
            PyTorch,
            {"train.py": MEET},
            **GPU,
            instance_count=2,
            distribution=distribution,
            hyperparameters={"failing": "algo-2"},
        )


def test_mpi_is_refused_by_name(fit: Fit) -> None:
    with pytest.raises(UnexpectedStatusException, match="The distribution 'mpi' is not supported here"):
        fit(PyTorch, {"train.py": ""}, distribution={"mpi": {"enabled": True}})
