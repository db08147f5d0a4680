"""An ordinary session of the SageMaker SDK 2 on the cloud of the integration tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest

from scones.sagemaker_sdk import CONFIG, quiet

with quiet():
    import sagemaker.session
    import sagemaker.utils
    from sagemaker.session import Session


class HurriedClock:
    """A clock on which a minute lasts half a second, since the SDK polls jobs and endpoints every 30 s."""

    HURRY = 120

    def time(self) -> float:
        return time.time() * self.HURRY

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.HURRY)  # the SDK polls with this clock


@contextmanager
def sdk_session(bucket: str) -> Iterator[Session]:
    """Yield a session whose default bucket is `bucket`, which it creates."""
    boto3.client("s3").create_bucket(Bucket=bucket)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sagemaker.session, "time", HurriedClock())
        # The SDK would validate its own settings dozens of times in a test, a third of a second each time.
        patch.setattr(sagemaker.utils, "validate_sagemaker_config", lambda _: None)
        yield Session(boto_session=boto3.Session(), default_bucket=bucket, sagemaker_config=CONFIG)
