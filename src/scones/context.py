"""The context of a command: settings, AWS clients, the console, and the back end for SageMaker."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from scones.buckets import Bucket
from scones.console import Console
from scones.settings import Settings


@dataclass(frozen=True)
class Clients:
    """The boto3 clients of one session, each created once. Creating a client is not thread-safe; using one is."""

    session: boto3.Session
    concurrency: int
    _clients: dict[str, BaseClient] = field(default_factory=dict, repr=False)

    def get(self, service: str) -> BaseClient:
        if service not in self._clients:
            self._clients[service] = self.session.client(service, config=client_config(self.concurrency))
        return self._clients[service]


def client_config(concurrency: int) -> Config:
    return Config(
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=5,
        read_timeout=70,
        max_pool_connections=max(16, concurrency * 2),
    )


class SageMakerBackend(Protocol):
    """A runner of training jobs and endpoints: SageMaker itself, or the SDK's local mode.

    `scones.backends` chooses one.
    """

    @property
    def client(self) -> BaseClient:
        """SageMaker's client, or an object that has those of its operations that the steps call."""

    def sdk_session(self) -> Any:
        """Return a `sagemaker.session.Session` that starts training jobs on this back end."""

    def require_ready(self) -> None:
        """Raise LocalModeError if the back end lacks something that it will need for training or serving."""

    def require_pipelines(self) -> None:
        """Raise SettingsError if Step Functions cannot start jobs on this back end."""

    def record_prefixes(self, name_prefix: str) -> tuple[str, ...]:
        """Return prefixes of the keys in the bucket where the back end describes resources of such names."""

    def keeps_running(self, job: str) -> AbstractContextManager[None]:
        """Note on Ctrl-C that the job continues, if it does."""


@dataclass(frozen=True)
class Context:
    settings: Settings
    console: Console
    clients: Clients
    account: str
    sagemaker: SageMakerBackend

    @property
    def region(self) -> str:
        return str(self.clients.session.region_name)

    def client(self, service: str) -> BaseClient:
        return self.sagemaker.client if service == "sagemaker" else self.clients.get(service)

    @property
    def model_registry(self) -> BaseClient:
        """SageMaker's own client: the model registry is AWS's on every back end."""
        return self.clients.get("sagemaker")

    @property
    def data_bucket(self) -> Bucket:
        """The bucket of images, models, captured records and results."""
        return Bucket(
            self.clients.get("s3"), bucket_name(self.settings, self.account, self.region), self.account, self.region
        )

    @property
    def code_bucket(self) -> Bucket:
        """The bucket of the code that stacks are created from. All stacks of an account and region share it."""
        name = f"scones-unlimited-deploy-{self.account}-{self.region}"
        return Bucket(self.clients.get("s3"), name, self.account, self.region)


def bucket_name(settings: Settings, account: str, region: str) -> str:
    return settings.bucket or f"scones-unlimited-{account}-{region}"
