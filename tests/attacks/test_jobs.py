"""Programs of jobs, which try to leave their container in the process engine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.attacks.tally import Tally
from tests.attacks.victim import Cloud

from local_cloud.processes import find
from local_cloud.state import ServerRecords
from safety.sandbox import Sandbox

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::111122223333:role/attacker"
SESSION = "arn:aws:sts::000000000000:assumed-role/attacker/SageMaker"
DEADLINE_S = 120.0
MESSAGE = "/opt/ml/output/message"
SETTLED = ("Completed", "Failed", "Stopped")


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox.open()
    if not sandbox.availability:
        pytest.skip(str(sandbox.availability))
    yield sandbox
    sandbox.close()


def message(cloud: Cloud, name: str, *entrypoint: str, isolated: bool = False) -> str:
    """Run a processing job and return what it wrote to its message. An entrypoint has at most 256 characters a word."""
    client, full_name = cloud.client("sagemaker"), f"{name}-{time.time_ns()}"
    client.create_processing_job(
        ProcessingJobName=full_name,
        RoleArn=ROLE,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": list(entrypoint)},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        NetworkConfig={"EnableNetworkIsolation": isolated},
    )
    deadline = time.monotonic() + DEADLINE_S
    job: dict[str, Any] = {}
    while job.get("ProcessingJobStatus") not in SETTLED and time.monotonic() < deadline:
        job = client.describe_processing_job(ProcessingJobName=full_name)
        time.sleep(0.02)  # poll
    return str(job.get("ExitMessage", "")).strip()


def shell(cloud: Cloud, name: str, attempt: str, isolated: bool = False) -> str:
    script = f"mkdir -p /opt/ml/output; {{ {attempt}; }} >{MESSAGE} 2>/dev/null; echo end >>{MESSAGE}"
    said = message(cloud, name, "sh", "-c", script, isolated=isolated)
    assert said.endswith("end"), f"the attack {name} did not run to its end: {said!r}"
    return said.removesuffix("end").strip()


def judge(tally: Tally, attack: str, got_through: bool) -> None:
    tally.add("jobs", attack, got_through)
    assert not got_through


def test_keys_and_endpoint_are_those_of_the_local_cloud(cloud: Cloud, tally: Tally) -> None:
    program = (
        f"import boto3,os;os.makedirs('/opt/ml/output',exist_ok=True);c=boto3.client('sts');"
        f"open('{MESSAGE}','w').write(c.meta.endpoint_url+' '+c.get_caller_identity()['Arn'])"
    )
    said = message(cloud, "keys", "python3", "-c", program)
    judge(tally, "keys", said.split() != [cloud.settings.localstack_url, SESSION])


def test_the_person_s_keys_are_hidden(cloud: Cloud, tally: Tally) -> None:
    home = Path.home()
    said = shell(cloud, "home", f"cat {home}/.aws/* {home}/.ssh/* {home}/.netrc {home}/.docker/*")
    judge(tally, "keys in the home", said != "")


def test_the_state_of_the_emulator_is_hidden(cloud: Cloud, tally: Tally) -> None:
    said = shell(cloud, "state", f"find {cloud.settings.state_dir}/ -name '*.sqlite3*'")
    judge(tally, "state", said != "")


def test_other_processes_are_hidden(cloud: Cloud, tally: Tally) -> None:
    record = ServerRecords(cloud.settings.state_dir / "cloud.json").read()
    pids = [str(server.pid) for server in record.values()]
    said = shell(cloud, "environ", f"ls -d {' '.join(f'/proc/{pid}' for pid in pids)}")
    judge(tally, "the servers' processes", said != "")
    shell(cloud, "kill", f"kill -9 {' '.join(pids)}")
    judge(tally, "kill", any(find(server.pid, server.created) is None for server in record.values()))


def test_the_machine_s_folders_are_left_alone(cloud: Cloud, tally: Tally) -> None:
    name, folders = f"scones-attack-{time.time_ns()}", ("/tmp", "/opt", "/opt/ml", "/dev/shm")  # noqa: S108 - attacked
    shell(cloud, "folders", f"for folder in {' '.join(folders)}; do touch $folder/{name}; done")
    left = [folder for folder in folders if Path(folder, name).exists()]
    judge(tally, "folders", bool(left))


def test_daemons_end_with_the_job(cloud: Cloud, tally: Tally) -> None:
    marker = f"sleep {time.time_ns()}"
    shell(cloud, "daemon", f"setsid {marker} & (setsid sh -c '{marker} & {marker}' & )")
    judge(tally, "daemons", subprocess.run(["pgrep", "-f", marker], check=False, capture_output=True).returncode == 0)


def test_an_isolated_job_reaches_no_port(cloud: Cloud, tally: Tally) -> None:
    connect = "import socket as s,sys;sys.exit(s.socket().connect_ex((sys.argv[1],int(sys.argv[2])))==0)"
    for name, port in cloud.ports.items():
        attempt = f'python3 -c "{connect}" 127.0.0.1 {port} || echo reached'
        assert shell(cloud, "open", attempt) == "reached", "the control without isolation"
        judge(tally, f"isolation: {name}", shell(cloud, "isolated", attempt, isolated=True) != "")
