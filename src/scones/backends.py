"""The one place that chooses where training jobs and endpoints run."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.client import BaseClient

from scones.buckets import Bucket
from scones.console import Console, keeps_running
from scones.context import Clients, Context, SageMakerBackend, bucket_name, client_config
from scones.errors import SettingsError
from scones.sagemaker_sdk import CONFIG, quiet
from scones.settings import LOCAL_MODE_INSTANCE_TYPES, Settings


@dataclass(frozen=True)
class SageMaker:
    """SageMaker, at the endpoint of the profile in use."""

    clients: Clients
    bucket: str

    @property
    def client(self) -> BaseClient:
        return self.clients.get("sagemaker")

    def sdk_session(self) -> Any:
        """Return the SDK's session. With a bucket and a client it makes no look-ups of its own at fixed addresses."""
        with quiet():
            # Importing the SDK takes seconds, and only training needs it.
            from sagemaker.session import Session

            return Session(
                boto_session=self.clients.session,
                sagemaker_client=self.client,
                default_bucket=self.bucket,
                sagemaker_config=CONFIG,
            )

    def require_ready(self) -> None:
        """Nothing to check: SageMaker needs nothing of this machine."""

    def require_pipelines(self) -> None:
        """Nothing to check: Step Functions starts jobs in SageMaker."""

    def record_prefixes(self, name_prefix: str) -> tuple[str, ...]:
        return ()  # SageMaker keeps its records itself

    def keeps_running(self, job: str) -> AbstractContextManager[None]:
        return keeps_running(job)


def open_context(settings: Settings, session: boto3.Session, console: Console) -> Context:
    """Return the context for the session's account. This makes the first call to AWS.

    Raises:
        SettingsError: the profile has no region, or only one of the two instance types means local mode.
    """
    if not session.region_name:
        raise SettingsError(
            f"profile {settings.target!r} has no region: set AWS_DEFAULT_REGION, or region in the profile"
        )
    identity = session.client("sts", config=client_config(1)).get_caller_identity()
    account, clients = identity["Account"], Clients(session, settings.concurrency)
    return Context(settings, console, clients, account, choose(settings, clients, account))


def choose(settings: Settings, clients: Clients, account: str) -> SageMakerBackend:
    """Return the back end that the instance types ask for: `local` is the SDK's word for its local mode."""
    name, region = bucket_name(settings, account, clients.session.region_name), clients.session.region_name
    types = (settings.training_instance_type, settings.endpoint_instance_type)
    is_local = [instance_type in LOCAL_MODE_INSTANCE_TYPES for instance_type in types]
    if not any(is_local):
        return SageMaker(clients, name)
    if not all(is_local):
        raise SettingsError(
            f"TRAINING_INSTANCE_TYPE is {types[0]!r} and ENDPOINT_INSTANCE_TYPE is {types[1]!r}: "
            "set both or neither to local"
        )
    # Docker's client takes a while to import, and only local mode needs it.
    from scones.local_mode.backend import LocalMode

    return LocalMode(clients, Bucket(clients.get("s3"), name, account, region), settings.image_uri)
