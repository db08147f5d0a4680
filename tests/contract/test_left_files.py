"""Files that containers leave: no reader follows a link, none waits for a FIFO, and none reads more than it needs."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHAIN = """
import os
os.chdir(BASE / FOLDER)
os.symlink(".", "up")
os.symlink("up/..", "o1")
for number in range(2, 30):
    os.symlink(f"o{number - 1}/..", f"o{number}")
os.symlink("o29" + SECRET, "x")
os.symlink(SECRET, "y")
os.mkfifo("fifo")
(BASE / FOLDER / "kept").write_text("kept")
"""
FAILURE = """
import os
os.symlink(SECRET, BASE / "output/failure")
"""
LINK = "import os, sys; os.symlink(*sys.argv[1:])"
FIFO = """
import os
os.mkfifo(BASE / "output/failure")
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("a secret of the machine")
    return path


def program(text: str, secret: Path, folder: str = "model") -> dict[str, str]:
    return {"PROGRAM": f"FOLDER, SECRET = {folder!r}, {str(secret)!r}\n{text}"}


def contents(s3: Any, prefix: str) -> dict[str, bytes]:
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="contract", Prefix=prefix).get("Contents", ())]
    return {key: s3.get_object(Bucket="contract", Key=key)["Body"].read() for key in keys}


def test_artifacts_without_compression_follow_no_chain_of_links(jobs: Any, s3: Any, secret: Path) -> None:
    output = {"S3OutputPath": "s3://contract/models", "CompressionType": "NONE"}
    jobs.create("chain-none", OutputDataConfig=output, Environment=program(CHAIN, secret))
    assert jobs.ended("chain-none")["TrainingJobStatus"] == "Completed"
    assert contents(s3, "models/chain-none/") == {
        "models/chain-none/output/model/kept": b"kept",
        "models/chain-none/output/model/model.txt": b"trained",
    }


def test_checkpoints_follow_no_chain_of_links(jobs: Any, s3: Any, secret: Path) -> None:
    config = {"S3Uri": "s3://contract/chained/"}
    environment = program(CHAIN, secret, "checkpoints")
    jobs.create("chain-checkpoints", CheckpointConfig=config, Environment=environment)
    assert jobs.ended("chain-checkpoints")["TrainingJobStatus"] == "Completed"
    assert contents(s3, "chained/") == {"chained/kept": b"kept"}


@pytest.mark.parametrize("text", [FAILURE, FIFO])
def test_a_failure_file_that_is_not_a_regular_file_is_not_read(jobs: Any, secret: Path, text: str) -> None:
    name = "failure-link" if text == FAILURE else "failure-fifo"
    jobs.create(name, {"exit_code": "3"}, Environment=program(text, secret))
    job = jobs.ended(name)
    assert job["FailureReason"].startswith("AlgorithmError: {")  # the end of the log, in the place of the file
    assert "secret of" not in job["FailureReason"]


def test_a_folder_that_becomes_a_link_is_empty(jobs: Any, s3: Any, secret: Path) -> None:
    replace = "import os, shutil\nshutil.rmtree(BASE / 'model')\nos.symlink(os.path.dirname(SECRET), BASE / 'model')"
    output = {"S3OutputPath": "s3://contract/models", "CompressionType": "NONE"}
    jobs.create("link-model", OutputDataConfig=output, Environment=program(replace, secret))
    assert jobs.ended("link-model")["TrainingJobStatus"] == "Completed"
    assert contents(s3, "models/link-model/") == {}


def test_a_file_name_that_is_not_utf_8_fails_no_job(jobs: Any, s3: Any, secret: Path) -> None:
    write = "import os\nopen(os.path.join(os.fsencode(BASE), b'model', b'caf\\xe9'), 'w').close()"
    for compression in ("NONE", "GZIP"):
        output = {"S3OutputPath": "s3://contract/models", "CompressionType": compression}
        jobs.create(f"latin-{compression}", OutputDataConfig=output, Environment=program(write, secret))
        assert jobs.ended(f"latin-{compression}")["TrainingJobStatus"] == "Completed"
    assert "models/latin-NONE/output/model/caf%E9" in contents(s3, "models/latin-NONE/")


def test_an_archive_with_a_link_is_not_deployed(hosting: Any, s3: Any, packed_link: bytes) -> None:
    """Source: re:Post, "sagemaker endpoint creation fail": no symbolic links for files in the TAR file."""
    hosting.model("linked")
    s3.put_object(Bucket="contract", Key="models/linked/model.tar.gz", Body=packed_link)
    hosting.config("linked", {"VariantName": "AllTraffic", "ModelName": "linked"})
    endpoint = hosting.endpoint("linked", "linked")
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"] == (
        'Failed to extract model data archive from URL "s3://contract/models/linked/model.tar.gz". Please ensure that '
        "the object located at the URL is a valid tar.gz archive. linked.tar.gz cannot be unpacked: it has the "
        "symbolic link 'also'; pack the file that it names instead."
    )


@pytest.fixture
def packed_link() -> bytes:
    link = tarfile.TarInfo("also")
    link.type, link.linkname = tarfile.SYMTYPE, "model.txt"
    return gzip.compress(tarfile.TarInfo("model.txt").tobuf() + link.tobuf() + bytes(1024))


def test_a_message_that_is_a_link_is_not_read(processed: Callable[..., dict[str, Any]], secret: Path) -> None:
    job = processed("message-link", LINK, str(secret), "/opt/ml/output/message")
    assert job["ProcessingJobStatus"] == "Completed"
    assert "ExitMessage" not in job


@pytest.fixture
def processed(sagemaker: Any, until: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Run a processing job of a Python program and its arguments to its end."""
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}

    def run(name: str, text: str, *arguments: str) -> dict[str, Any]:
        sagemaker.create_processing_job(
            ProcessingJobName=name,
            AppSpecification={
                "ImageUri": image,
                "ContainerEntrypoint": ["python", "-c", text],
                "ContainerArguments": list(arguments),
            },
            ProcessingResources={"ClusterConfig": cluster},
            RoleArn="arn:aws:iam::000000000000:role/sagemaker",
        )

        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
            return job if job["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return dict(until(ended, f"the end of processing job {name}"))

    return run
