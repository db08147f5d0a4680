"""Local mode as a back end for SageMaker."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scones.buckets import Bucket
from scones.context import Clients
from scones.errors import SettingsError
from scones.local_mode.client import LocalSageMaker
from scones.local_mode.records import FOLDER, KINDS


@dataclass(frozen=True)
class LocalMode:
    """The back end for instance type `local`: containers on this machine."""

    clients: Clients
    bucket: Bucket
    image_uri: str | None

    @cached_property
    def client(self) -> LocalSageMaker:
        s3, logs = self.clients.get("s3"), self.clients.get("logs")
        return LocalSageMaker(self.clients.session, s3, logs, self.bucket.name, self.bucket.account)

    def sdk_session(self) -> Any:
        # Importing the SDK takes seconds, and only training needs it.
        from scones.local_mode import sdk

        return sdk.session(self.clients.session, self.bucket.name, self.client)

    def require_ready(self) -> None:
        docker = self.client.docker  # connects
        if self.image_uri:
            docker.require(self.image_uri)

    def require_pipelines(self) -> None:
        raise SettingsError(
            "TRAINING_INSTANCE_TYPE is local, but Step Functions starts the pipeline's jobs, and it cannot start "
            "jobs in the SDK's local mode: use another profile, such as local"
        )

    def record_prefixes(self, name_prefix: str) -> tuple[str, ...]:
        return tuple(f"{FOLDER}/{kind.name}/{name_prefix}" for kind in KINDS)

    def keeps_running(self, job: str) -> AbstractContextManager[None]:
        return nullcontext()  # a job runs inside this process and ends with it
