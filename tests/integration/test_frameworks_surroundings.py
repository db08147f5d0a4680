"""What surrounds a script in a framework image: its folder, /opt/ml and /tmp, shells, exit codes, signals, its log."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
LINES = 100_000
DEADLINE_S = 600.0  # the first job installs scikit-learn
OVER = ("Completed", "Failed", "Stopped")

Description = dict[str, Any]


@dataclass
class Jobs:
    """Training jobs of scripts, created as the SageMaker SDK does."""

    bucket: str

    def created(self, files: dict[str, str], entrypoint: tuple[str, ...] = (), program: str = "train.py") -> str:
        """Create a job whose source archive has `files`; return its name."""
        name = f"surroundings-{uuid4().hex[:8]}"
        boto3.client("s3").put_object(Bucket=self.bucket, Key=f"{name}/sourcedir.tar.gz", Body=packed(files))
        parameters = {
            "sagemaker_program": program,
            "sagemaker_submit_directory": f"s3://{self.bucket}/{name}/sourcedir.tar.gz",
        }
        algorithm: dict[str, Any] = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
        boto3.client("sagemaker").create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={**algorithm, **({"ContainerEntrypoint": list(entrypoint)} if entrypoint else {})},
            RoleArn=ROLE,
            HyperParameters={key: json.dumps(value) for key, value in parameters.items()},
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/models"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
        )
        return name

    def until(self, name: str, condition: Callable[[Description], bool]) -> Description:
        deadline = time.monotonic() + DEADLINE_S
        while not condition(job := boto3.client("sagemaker").describe_training_job(TrainingJobName=name)):
            assert time.monotonic() < deadline, f"{name} is {job['SecondaryStatus']}"
            time.sleep(0.1)  # poll
        return dict(job)

    def ended(self, name: str) -> Description:
        return self.until(name, lambda job: job["TrainingJobStatus"] in OVER)

    def run(self, script: str, **files: str) -> Description:
        return self.ended(self.created({"train.py": script, **files}))

    def model(self, job: Description) -> dict[str, str]:
        key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{self.bucket}/")
        body = io.BytesIO(boto3.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())
        with tarfile.open(fileobj=body) as tar:
            return {one.name: tar.extractfile(one).read().decode() for one in tar if one.isfile()}  # type: ignore[union-attr]


def packed(files: dict[str, str]) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), 0o755
            tar.addfile(info, io.BytesIO(text.encode()))
    return body.getvalue()


@pytest.fixture(scope="module")
def jobs() -> Jobs:
    bucket = f"surroundings-{uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return Jobs(bucket)


def messages(job: Description) -> list[str]:
    """Return the lines of a job's log, from the first on."""
    logs, group = boto3.client("logs"), "/aws/sagemaker/TrainingJobs"
    name = job["TrainingJobName"]
    [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    request = {"logGroupName": group, "logStreamName": stream["logStreamName"], "startFromHead": True}
    lines: list[str] = []
    while events := (answer := logs.get_log_events(**request))["events"]:
        lines += [event["message"] for event in events]
        request["nextToken"] = answer["nextForwardToken"]
    return lines


def test_a_script_has_its_folder_opt_ml_and_tmp(jobs: Jobs) -> None:
    # sagemaker_training/process.py starts the script in its folder, /opt/ml/code
    script = (
        "import os, subprocess, tempfile\n"
        "from beside import word\n"
        "text = word + open('notes/relative.txt').read()\n"
        "open('/tmp/scratch', 'w').write(text)\n"
        "subprocess.run(['sh', '-c', 'cp /tmp/scratch /opt/ml/model/copied'], check=True)\n"
        "open('/opt/ml/model/folder', 'w').write(os.getcwd())\n"
        "open('/opt/ml/model/tmp', 'w').write(tempfile.gettempdir())\n"
    )
    job = jobs.ended(
        jobs.created({"train.py": script, "beside.py": "word = 'beside '", "notes/relative.txt": "relative"})
    )
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert jobs.model(job) == {"copied": "beside relative", "folder": "/opt/ml/code", "tmp": "/tmp"}  # noqa: S108 - its own


def test_a_shell_runs_the_environments_python(jobs: Jobs) -> None:
    command = "cd /opt/ml/model && python -c 'import sklearn; print(sklearn.__version__)' > version && exit 0"
    job = jobs.ended(jobs.created({"train.py": ""}, ("/bin/sh", "-c", command)))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert jobs.model(job) == {"version": "1.4.2\n"}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.exit('no data')", ("no data", "exit code: 1")),
        ("import sys; sys.exit(7)", ("ExitCode 7", "exit code: 1")),
        ("raise ValueError('seven')", ("ValueError: seven", "exit code: 1")),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ("exit code: ",)),
    ],
)
def test_a_failure_has_the_last_line_and_the_exit_code(jobs: Jobs, script: str, words: tuple[str, ...]) -> None:
    # the toolkit itself ends with 1, whatever the script's code is: sagemaker_training/trainer.py
    job = jobs.run(script)
    assert job["TrainingJobStatus"] == "Failed"
    assert [word for word in words if word not in job["FailureReason"]] == []


def test_a_stop_reaches_the_script_and_its_model_is_kept(jobs: Jobs) -> None:
    script = (
        "import signal, sys, time\n"
        "def stop(*_):\n"
        "    open('/opt/ml/model/stopped', 'w').write('by SIGTERM')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "open('/opt/ml/model/ready', 'w').write('yes')\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    name = jobs.created({"train.py": script})
    jobs.until(name, lambda job: job["SecondaryStatus"] == "Training" and "ready" in logged(job))
    boto3.client("sagemaker").stop_training_job(TrainingJobName=name)
    job = jobs.ended(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert jobs.model(job) == {"ready": "yes", "stopped": "by SIGTERM"}


def logged(job: Description) -> list[str]:
    try:
        return messages(job)
    except (ValueError, boto3.client("logs").exceptions.ResourceNotFoundException):
        return []


def test_a_hundred_thousand_lines_arrive_in_order(jobs: Jobs) -> None:
    job = jobs.run(f"for number in range({LINES}): print('line', number)")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    deadline = time.monotonic() + DEADLINE_S
    while len(lines := [line for line in messages(job) if line.startswith("line ")]) < LINES:
        assert time.monotonic() < deadline, f"{len(lines)} lines have arrived"
        time.sleep(1)  # poll: when the job ends, the last lines are on their way
    assert lines == [f"line {number}" for number in range(LINES)]
