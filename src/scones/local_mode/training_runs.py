"""Run a training job of local mode, from its request to its final description."""

import gzip
import shutil
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.client import BaseClient

from safety.tar_members import BrokenArchive, Kind, Limits, Stream, TarMembers
from scones.local_mode import compose_process
from scones.local_mode.docker_engine import TRAINING_JOB, Docker, Follower
from scones.local_mode.log_stream import LogStream
from scones.logs import TRAINING_JOBS

FAILURE_MAX = 1024
BROKEN = (BrokenArchive, EOFError, OSError, zlib.error)
LOG_S = 60


@dataclass(frozen=True)
class TrainingRun:
    """One run of a job. `run` blocks until the job has ended, as the SDK does."""

    session: boto3.Session
    s3: BaseClient
    logs: BaseClient
    docker: Docker
    bucket: str

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run the job. Return the fields of its final description: status, and artifacts or failure reason."""
        # Importing the SDK takes seconds.
        from scones.local_mode import sdk

        name, work = request["TrainingJobName"], Path(tempfile.mkdtemp(prefix="sagemaker-local-mode-"))
        stream = LogStream(self.logs, TRAINING_JOBS, f"{name}/algo-1-{int(time.time())}")
        stream.create()
        follower = Follower(self.docker, TRAINING_JOB, name, stream.write)
        error_message = ""
        try:
            client = sdk.client(self.session, self.bucket, work, {TRAINING_JOB: name})
            client.create_training_job(**request)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: the SDK lets errors of many libraries through
            error_message = str(error)
        follower.give_up()
        follower.ended.wait(LOG_S)
        self._remove(work)
        return self._outcome(request, follower, error_message)

    def _outcome(self, request: dict[str, Any], follower: Follower, error_message: str) -> dict[str, Any]:
        folder = f"{request['OutputDataConfig']['S3OutputPath']}/{request['TrainingJobName']}/output"
        if follower.exit_code == 0 and not error_message:
            artifacts = {"S3ModelArtifacts": f"{folder}/model.tar.gz"}
            return {"TrainingJobStatus": "Completed", "SecondaryStatus": "Completed", "ModelArtifacts": artifacts}
        if follower.exit_code:
            failure = self._failure_file(folder) or "no reason given"
            error_message = f"AlgorithmError: {failure}, exit code: {follower.exit_code}"
        reason = error_message or "InternalServerError: docker compose ended without running a container"
        return {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "FailureReason": reason[:FAILURE_MAX]}

    def _failure_file(self, folder: str) -> str:
        """Return the text of /opt/ml/output/failure, which the SDK uploads in the archive of the output."""
        location = urlsplit(f"{folder}/output.tar.gz")
        try:
            body = self.s3.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"]
            return failure_in(gzip.GzipFile(fileobj=body))
        except (*BROKEN, self.s3.exceptions.ClientError):
            return ""

    @staticmethod
    def _remove(work: Path) -> None:
        for compose_file in work.glob("*/docker-compose.yaml"):
            compose_process.down(compose_file)
        shutil.rmtree(work, ignore_errors=True)


def failure_in(archive: Stream) -> str:
    """Return the beginning of the file `failure` in a tar. One of BROKEN if the tar is damaged."""
    tar = TarMembers(archive, Limits())
    for member in tar:
        if member.name.removeprefix("./") == "failure" and member.kind is Kind.FILE:
            return next(tar.content(), b"")[: 4 * FAILURE_MAX].decode(errors="replace").strip()
    return ""
