"""Containers of the process engine have their own /opt/ml and /tmp, end whole, and see only the local cloud."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from safety.sandbox import Sandbox

BUCKET = "contract"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
DECOY = "AKIADECOYDECOYDECOY0"
HOME_FILES = {
    ".aws/credentials": f"[default]\naws_access_key_id = {DECOY}\naws_secret_access_key = decoy\n",
    ".aws/config": "[default]\nregion = eu-west-3\nendpoint_url = http://decoy.invalid\n",
    ".ssh/id_ed25519": "decoy",
    ".netrc": "decoy",
}
PROBE = """
import boto3, json, os
session = boto3.session.Session()
sts = session.client("sts")
home = os.environ["REAL_HOME"]
readable = [name for name in os.environ["HOME_FILES"].split(",") if os.path.exists(os.path.join(home, name))]
readable = [name for name in readable if open(os.path.join(home, name)).read()]
print(json.dumps({
    "endpoint": sts.meta.endpoint_url, "region": session.region_name, "profiles": session.available_profiles,
    "key": session.get_credentials().access_key, "arn": sts.get_caller_identity()["Arn"], "readable": readable,
    "variables": sorted(name for name in os.environ if name.startswith(("AWS_", "AZURE", "GOOGLE", "SSH", "HTTP"))),
    "home": os.listdir(os.environ["HOME"]),
}), flush=True)
"""
VARIABLES = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
]
Serve = Callable[[Path], Any]


@pytest.fixture(scope="module", autouse=True)
def decoys(tmp_path_factory: pytest.TempPathFactory, aws: None) -> Iterator[Path]:
    """A home full of keys, and variables that lead elsewhere."""
    home = tmp_path_factory.mktemp("home")
    for name, text in HOME_FILES.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOME", str(home))
        environment.setenv("AZURE_CLIENT_SECRET", "decoy")
        environment.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / ".netrc"))
        environment.setenv("SSH_AUTH_SOCK", "/decoy")
        environment.setenv("HTTPS_PROXY", "http://decoy.invalid")
        environment.setenv("NO_PROXY", "127.0.0.1")
        yield home


@pytest.fixture
def sandbox_needed() -> None:
    sandbox = Sandbox.open()
    reason = str(sandbox.availability) if not sandbox.availability else ""
    sandbox.close()
    if reason:
        pytest.skip(reason)


def command(*words: str) -> dict[str, Any]:
    return {"TrainingImage": IMAGE, "TrainingInputMode": "File", "ContainerEntrypoint": list(words)}


@dataclass
class Programs:
    """Python programs in S3, which jobs get as a channel: an entrypoint of AWS is one line of 256 characters."""

    jobs: Any

    def train(self, name: str, program: str, *words: str, **changes: Any) -> None:
        request = self.jobs.request(name, **changes)
        channel = {"ChannelName": "code", "DataSource": {"S3DataSource": self.uploaded(name, program)}}
        request["InputDataConfig"].append(channel)
        path = f"/opt/ml/input/data/code/{name}.py"
        request["AlgorithmSpecification"] = {**command("python3", path), "ContainerArguments": [*words]}
        if not words:
            del request["AlgorithmSpecification"]["ContainerArguments"]
        self.jobs.client.create_training_job(**request)

    def uploaded(self, name: str, program: str) -> dict[str, str]:
        self.jobs.s3.put_object(Bucket=BUCKET, Key=f"programs/{name}.py", Body=program.encode())
        return {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/programs/{name}.py"}


@pytest.fixture
def programs(jobs: Any) -> Programs:
    return Programs(jobs)


def probe_variables(home: Path) -> dict[str, str]:
    return {"REAL_HOME": str(home), "HOME_FILES": ",".join(HOME_FILES)}


def check(seen: dict[str, Any], sandboxed: bool = True) -> None:
    assert seen["endpoint"] == os.environ["AWS_ENDPOINT_URL"]
    assert seen["region"] == "us-east-1"
    assert seen["profiles"] == []
    assert seen["key"] != DECOY
    assert seen["arn"].endswith("assumed-role/sagemaker/SageMaker")
    assert seen["variables"] == VARIABLES
    assert seen["home"] in ([], ["job-environment"])  # nothing of the user's
    if sandboxed:
        assert seen["readable"] == []


def seen_by(lines: list[str]) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(next(line for line in lines if line.startswith("{")))
    return seen


def test_training_sees_the_local_cloud_alone(
    programs: Programs, jobs: Any, decoys: Path, log_of: Any, sandbox_needed: None
) -> None:
    programs.train("probe", PROBE, Environment=probe_variables(decoys))
    assert jobs.ended("probe")["TrainingJobStatus"] == "Completed", log_of("probe")
    check(seen_by(log_of("probe")))


def test_without_a_sandbox_training_is_given_the_local_cloud_too(
    serve_without_sandbox: Serve, make_jobs: Any, s3: Any, decoys: Path, log_of: Any, tmp_path: Path
) -> None:
    with serve_without_sandbox(tmp_path) as emulator:
        jobs = make_jobs(emulator.client("sagemaker"), s3)
        Programs(jobs).train("bare-probe", PROBE, Environment=probe_variables(decoys))
        assert jobs.ended("bare-probe")["TrainingJobStatus"] == "Completed", log_of("bare-probe")
    check(seen_by(log_of("bare-probe")), sandboxed=False)


def processed(sagemaker: Any, until: Any, name: str, entrypoint: list[str], **changes: Any) -> dict[str, Any]:
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=ROLE,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": entrypoint},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        **changes,
    )

    def over() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        return job if job["ProcessingJobStatus"] not in ("InProgress", "Stopping") else None

    job: dict[str, Any] = until(over, f"the end of {name}")
    return job


def test_processing_sees_the_local_cloud_alone(
    programs: Programs, sagemaker: Any, until: Any, decoys: Path, sandbox_needed: None
) -> None:
    source = {**programs.uploaded("process", PROBE), "LocalPath": "/opt/ml/processing/code", "S3InputMode": "File"}
    script = "mkdir -p /opt/ml/output; python3 /opt/ml/processing/code/process.py >/opt/ml/output/message"
    job = processed(
        sagemaker,
        until,
        "probe",
        ["sh", "-c", script],
        Environment=probe_variables(decoys),
        ProcessingInputs=[{"InputName": "code", "S3Input": source}],
    )
    assert job["ProcessingJobStatus"] == "Completed", job
    check(json.loads(job["ExitMessage"]))


ANSWER_PROBE = f"""
import contextlib, io
written = io.StringIO()
with contextlib.redirect_stdout(written):
    exec({PROBE!r}, {{}})
handler._answer(200, written.getvalue().encode(), "application/json")
"""


def test_serving_sees_the_local_cloud_alone(hosting: Any, runtime: Any, decoys: Path, sandbox_needed: None) -> None:
    hosting.model("probe", environment={"ANSWER": ANSWER_PROBE, **probe_variables(decoys)})
    hosting.config("probe", {"VariantName": "AllTraffic", "ModelName": "probe"})
    assert hosting.endpoint("probe", "probe")["EndpointStatus"] == "InService"
    answer = runtime.invoke_endpoint(EndpointName="probe", Body=b"x")["Body"].read()
    check(json.loads(answer))


def test_a_shell_uses_opt_ml_literally_and_leaves_the_host_alone(
    jobs: Any, unpacked: Any, log_of: Any, sandbox_needed: None
) -> None:
    before = Path("/opt/ml").exists(), Path("/opt/ml/model").exists()
    script = "mkdir -p /opt/ml/model && cp /opt/ml/input/data/train/two.txt /opt/ml/model/ && touch /tmp/scones-sandbox"
    jobs.create("literal", AlgorithmSpecification=command("sh", "-c", script))
    assert jobs.ended("literal")["TrainingJobStatus"] == "Completed", log_of("literal")
    assert unpacked("literal") == {"two.txt": b"two!"}
    assert (Path("/opt/ml").exists(), Path("/opt/ml/model").exists()) == before
    assert not Path("/tmp/scones-sandbox").exists()  # noqa: S108 - must not be there


def test_without_a_sandbox_the_log_says_that_opt_ml_is_not_its_own(
    serve_without_sandbox: Serve, make_jobs: Any, s3: Any, log_of: Any, tmp_path: Path
) -> None:
    with serve_without_sandbox(tmp_path) as emulator:
        jobs = make_jobs(emulator.client("sagemaker"), s3)
        jobs.create("said", AlgorithmSpecification=command("sh", "-c", "cat /opt/ml/input/data/train/two.txt"))
        jobs.create(
            "replaced",
            AlgorithmSpecification=command("cat", "/opt/ml/input/data/train/two.txt"),
            Environment={"FOLDER": "/opt/ml/model"},
        )
        jobs.ended("said")
        assert jobs.ended("replaced")["TrainingJobStatus"] == "Completed"
    assert "names /opt/ml, which is not this container's own here (no namespaces in this test)" in log_of("said")[0]
    assert log_of("replaced") == ["two!"]


def test_children_that_left_the_session_end_with_the_job(jobs: Any, sandbox_needed: None) -> None:
    marker = f"sleep {time.time_ns()}"
    jobs.create(
        "leaver", AlgorithmSpecification=command("sh", "-c", f"setsid {marker} & (setsid {marker} &) ; sleep 0.2")
    )
    assert jobs.ended("leaver")["TrainingJobStatus"] == "Completed"
    assert subprocess.run(["pgrep", "-f", marker], capture_output=True, check=False).returncode == 1


def test_a_shell_stops_at_sigterm(jobs: Any, sagemaker: Any, sandbox_needed: None) -> None:
    jobs.create("stopped-shell", AlgorithmSpecification=command("sh", "-c", "sleep 1000"))
    jobs.in_training("stopped-shell")
    sagemaker.stop_training_job(TrainingJobName="stopped-shell")
    assert jobs.ended("stopped-shell")["TrainingJobStatus"] == "Stopped"


# ---- EnableNetworkIsolation ----

REACH = """
import os, socket, sys
for name, address in (("s3", sys.argv[1]), ("emulator", sys.argv[2]), ("loopback", sys.argv[3])):
    host, _, port = address.rpartition("/")[2].rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5)
        print(name, "reached", flush=True)
    except OSError:
        print(name, "refused", flush=True)
print("keys", sorted(name for name in os.environ if "KEY" in name or "ENDPOINT" in name), flush=True)
"""


@pytest.fixture
def isolation_needed() -> None:
    sandbox = Sandbox.open()
    reason = sandbox.availability.network
    sandbox.close()
    if reason:
        pytest.skip(reason)


def test_an_isolated_job_reaches_nothing(
    programs: Programs, jobs: Any, emulator: Any, log_of: Any, isolation_needed: None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        addresses = (os.environ["AWS_ENDPOINT_URL"], emulator.url, f"127.0.0.1:{listener.getsockname()[1]}")
        for name, isolated in (("open", False), ("isolated", True)):
            programs.train(name, REACH, *addresses, EnableNetworkIsolation=isolated)
            assert jobs.ended(name)["TrainingJobStatus"] == "Completed", log_of(name)
    assert log_of("open")[:3] == ["s3 reached", "emulator reached", "loopback reached"]
    assert log_of("isolated") == ["s3 refused", "emulator refused", "loopback refused", "keys []"]


def test_isolated_hosts_reach_each_other(programs: Programs, jobs: Any, log_of: Any, isolation_needed: None) -> None:
    meet = """
import os, socket, json, time
host = json.load(open("/opt/ml/input/config/resourceconfig.json"))["current_host"]
place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if host == "algo-1":
    with socket.create_server(place) as listener:
        print(listener.accept()[0].recv(9).decode(), flush=True)
else:
    while True:
        try:
            socket.create_connection(place).sendall(b"met")
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
"""
    programs.train(
        "peers",
        meet,
        EnableNetworkIsolation=True,
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
    )
    assert jobs.ended("peers")["TrainingJobStatus"] == "Completed", log_of("peers")
    assert log_of("peers") == ["met"]


def test_the_names_of_hosts_resolve(programs: Programs, jobs: Any, log_of: Any, sandbox_needed: None) -> None:
    look_up = "import socket\nfor name in ('algo-1', 'algo-2'): print(socket.gethostbyname(name), flush=True)"
    programs.train(
        "named", look_up, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    )
    assert jobs.ended("named")["TrainingJobStatus"] == "Completed", log_of("named")
    assert log_of("named") == ["127.0.0.1"] * 4


ANSWER_REACH = """
import socket
try:
    socket.create_connection(tuple(body.decode().rpartition(":")[::2]), 5)
    text = b"reached"
except OSError:
    text = b"refused"
handler._answer(200, text, "text/plain")
"""


def test_an_isolated_endpoint_answers_and_reaches_nothing(
    sagemaker: Any, hosting: Any, runtime: Any, s3: Any, isolation_needed: None
) -> None:
    hosting.model("isolated-source")
    container = {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{BUCKET}/models/isolated-source/model.tar.gz",
        "Environment": {"ANSWER": ANSWER_REACH},
    }
    sagemaker.create_model(
        ModelName="isolated", PrimaryContainer=container, ExecutionRoleArn=ROLE, EnableNetworkIsolation=True
    )
    hosting.config("isolated", {"VariantName": "AllTraffic", "ModelName": "isolated"})
    assert hosting.endpoint("isolated", "isolated")["EndpointStatus"] == "InService"
    address = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").encode()
    for _ in range(3):
        answer = runtime.invoke_endpoint(EndpointName="isolated", Body=address)["Body"].read()
        assert answer == b"refused"


def test_an_isolated_processing_job_reaches_nothing(sagemaker: Any, until: Any, isolation_needed: None) -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    connect = (
        f"import socket; socket.create_connection({tuple(endpoint.removeprefix('http://').rpartition(':')[::2])}, 5)"
    )
    open_job = processed(sagemaker, until, "open", ["python3", "-c", connect])
    isolated = processed(
        sagemaker, until, "isolated", ["python3", "-c", connect], NetworkConfig={"EnableNetworkIsolation": True}
    )
    assert open_job["ProcessingJobStatus"] == "Completed"
    assert isolated["ProcessingJobStatus"] == "Failed"


def test_isolation_that_the_system_does_not_have_is_refused_at_create(
    serve_without_sandbox: Serve, make_jobs: Any, s3: Any, tmp_path: Path
) -> None:
    with serve_without_sandbox(tmp_path) as emulator:
        client = emulator.client("sagemaker")
        with pytest.raises(client.exceptions.ClientError, match=r"EnableNetworkIsolation.*no namespaces in this test"):
            make_jobs(client, s3).create("refused", EnableNetworkIsolation=True)
        with pytest.raises(client.exceptions.ClientError, match=r"EnableNetworkIsolation.*SAGEMAKER_EMULATOR_ENGINE"):
            client.create_model(
                ModelName="m", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ROLE, EnableNetworkIsolation=True
            )
