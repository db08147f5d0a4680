"""What every step is given: settings, AWS clients, the console."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from scones.console import Console, keeps_running
from scones.errors import SettingsError
from scones.settings import Settings

PROJECT_TAG = {"Key": "project", "Value": "scones-unlimited"}


@dataclass(frozen=True)
class Context:
    settings: Settings
    session: boto3.Session
    console: Console
    region: str
    account: str
    _clients: dict[str, BaseClient] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> BaseClient:
        if service not in self._clients:
            self._clients[service] = self._made(service)
        return self._clients[service]

    def _made(self, service: str) -> BaseClient:
        """Instance type `local` means the SDK's local mode, which has a client of its own for SageMaker."""
        if service == "sagemaker" and self.settings.uses_local_mode:
            from scones.local_mode.client import LocalSageMaker

            return LocalSageMaker(self.session, self.client("s3"), self.client("logs"), self.bucket, self.account)
        return self.session.client(service, config=client_config(self.settings.concurrency))

    @property
    def registry(self) -> BaseClient:
        """SageMaker's model registry, which the SDK's local mode has none of."""
        return self.session.client("sagemaker", config=client_config(1))

    def require_local_mode(self) -> None:
        """What instance type `local` needs of this machine, if it is asked for: before anything begins, not in it."""
        if self.settings.uses_local_mode and self.settings.image_uri:
            self.client("sagemaker").docker.require(self.settings.image_uri)

    def keeps_running(self, job: str) -> AbstractContextManager[None]:
        """On Ctrl-C, note that a job goes on without us; one of local mode is ours, and ends with us."""
        return nullcontext() if self.settings.uses_local_mode else keeps_running(job)

    @property
    def bucket(self) -> str:
        return self.settings.bucket or f"scones-unlimited-{self.account}-{self.region}"

    @property
    def deployment_bucket(self) -> str:
        """Holds code, for the stack to be made from."""
        return f"scones-unlimited-deploy-{self.account}-{self.region}"


def client_config(concurrency: int) -> Config:
    return Config(
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=5,
        read_timeout=70,
        max_pool_connections=max(16, concurrency * 2),
    )


def opened(settings: Settings, session: boto3.Session, console: Console) -> Context:
    """A kit for the session's account; the first call to AWS is made here."""
    if not session.region_name:
        raise SettingsError(
            f"profile {settings.target!r} names no region: set AWS_DEFAULT_REGION, or region in the profile"
        )
    identity = session.client("sts", config=client_config(1)).get_caller_identity()
    return Context(settings, session, console, session.region_name, identity["Account"])
