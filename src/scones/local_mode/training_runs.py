"""A training job of local mode, from its request to its description at the end."""

import io
import shutil
import tarfile
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.client import BaseClient

from scones.local_mode import compose_process
from scones.local_mode.docker_engine import TRAINING_JOB, Docker, Follower
from scones.local_mode.log_stream import LogStream
from scones.logs import TRAINING_JOBS

FAILURE_MAX = 1024
LOG_S = 60


@dataclass(frozen=True)
class TrainingRun:
    """Blocks as the SDK does, for as long as the job takes."""

    session: boto3.Session
    s3: BaseClient
    logs: BaseClient
    docker: Docker
    bucket: str

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the description has at the end of the job: its status, its time, its artefacts or its failure."""
        from scones.local_mode import sdk

        name, work = request["TrainingJobName"], Path(tempfile.mkdtemp(prefix="sagemaker-local-mode-"))
        stream = LogStream(self.logs, TRAINING_JOBS, f"{name}/algo-1-{int(time.time())}")
        stream.create()
        follower = Follower(self.docker, TRAINING_JOB, name, stream.write)
        said = ""
        try:
            client = sdk.client(self.session, self.bucket, work, {TRAINING_JOB: name})
            client.create_training_job(**request)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: the SDK raises whatever it meets
            said = str(error)
        follower.give_up()
        follower.ended.wait(LOG_S)
        self._take_away(work)
        return self._outcome(request, follower, said)

    def _outcome(self, request: dict[str, Any], follower: Follower, said: str) -> dict[str, Any]:
        folder = f"{request['OutputDataConfig']['S3OutputPath']}/{request['TrainingJobName']}/output"
        if follower.exit_code == 0 and not said:
            artefact = {"S3ModelArtifacts": f"{folder}/model.tar.gz"}
            return {"TrainingJobStatus": "Completed", "SecondaryStatus": "Completed", "ModelArtifacts": artefact}
        if follower.exit_code:
            said = f"AlgorithmError: {self._failure_file(folder) or 'no reason given'}, exit code: {follower.exit_code}"
        reason = said or "InternalServerError: docker compose ended, and no container had run"
        return {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "FailureReason": reason[:FAILURE_MAX]}

    def _failure_file(self, folder: str) -> str:
        """/opt/ml/output/failure, which the SDK packs with the rest of the output."""
        place = urlsplit(f"{folder}/output.tar.gz")
        try:
            packed = self.s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                member = archive.extractfile("failure")
                return member.read().decode(errors="replace").strip() if member else ""
        except (KeyError, tarfile.TarError, self.s3.exceptions.ClientError):
            return ""

    @staticmethod
    def _take_away(work: Path) -> None:
        for compose_file in work.glob("*/docker-compose.yaml"):
            compose_process.down(compose_file)
        shutil.rmtree(work, ignore_errors=True)


def in_background(name: str, target: Any, *arguments: Any) -> threading.Thread:
    """A daemon, and so are the SDK's threads below it: a step that is over is over."""
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    thread.start()
    return thread
