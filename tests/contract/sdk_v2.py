"""The surroundings of the SageMaker SDK v2 in these tests: it finds the emulator through environment variables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scones.sagemaker_sdk import quiet

with quiet():
    import sagemaker.utils

SERVICES = ("SAGEMAKER", "SAGEMAKER_RUNTIME", "SAGEMAKER_METRICS")


@contextmanager
def sdk_surroundings(url: str) -> Iterator[pytest.MonkeyPatch]:
    """Let ordinary sessions of the SDK reach the emulator at `url` until the context ends."""
    with pytest.MonkeyPatch.context() as environment:
        for service in SERVICES:
            environment.setenv(f"AWS_ENDPOINT_URL_{service}", url)
        # The SDK would validate its own settings dozens of times in a test, a third of a second each time.
        environment.setattr(sagemaker.utils, "validate_sagemaker_config", lambda _: None)
        yield environment
