"""Training jobs by the SageMaker Python SDK. It takes seconds to import: import this module when it is needed."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from botocore.client import BaseClient

from scones.local_mode.client import LocalSageMaker

# Said before the SDK is imported: it prints on import.
os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
logging.getLogger("sagemaker").setLevel(logging.CRITICAL)  # of an error, which is raised too, it says where to read on
logging.getLogger("sagemaker.config").setLevel(logging.ERROR)


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings, and the root logger as it was: parts of the SDK, some imported late, make every library talk."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    root.setLevel(level)
    root.handlers[:] = handlers


with quiet():
    from sagemaker import image_uris
    from sagemaker.estimator import Estimator
    from sagemaker.inputs import TrainingInput
    from sagemaker.session import Session

CONTENT_TYPE = "application/x-image"
# Without this every call of the SDK sends a report over the network, and waits for it.
CONFIG = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


@dataclass(frozen=True)
class TrainingJobRequest:
    name: str
    image_uri: str
    role: str
    bucket: str
    instance_type: str
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, str]
    max_run_s: int
    tags: tuple[dict[str, str], ...] = ()


def built_in_image_uri(region: str) -> str:
    return str(image_uris.retrieve("image-classification", region))


def session(boto_session: boto3.Session, sagemaker: BaseClient, bucket: str) -> Session:
    """Bucket and clients are given: the SDK's own look-ups (account, default bucket) go to fixed AWS addresses."""
    if isinstance(sagemaker, LocalSageMaker):
        from scones.local_mode import sdk

        return sdk.session(boto_session, bucket, sagemaker)
    return Session(
        boto_session=boto_session, sagemaker_client=sagemaker, default_bucket=bucket, sagemaker_config=CONFIG
    )


def start_training_job(request: TrainingJobRequest, sagemaker_session: Session) -> None:
    with quiet():
        estimator = Estimator(
            image_uri=request.image_uri,
            role=request.role,
            instance_count=1,
            instance_type=request.instance_type,
            output_path=f"s3://{request.bucket}/models",
            max_run=request.max_run_s,
            hyperparameters=dict(request.hyperparameters),
            sagemaker_session=sagemaker_session,
            tags=list(request.tags),
            disable_profiler=True,
        )
        inputs = {
            name: TrainingInput(uri, content_type=CONTENT_TYPE, s3_data_type="S3Prefix")
            for name, uri in request.channels.items()
        }
        estimator.fit(inputs, job_name=request.name, wait=False)
