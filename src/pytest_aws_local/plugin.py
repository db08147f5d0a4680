"""The fixtures. docs/pytest.md describes their use.

The modules are imported inside the fixtures, so that the plugin does not slow down pytest's start: boto3 takes 0.2 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_aws_local.accounts import Account
    from pytest_aws_local.captured import CapturedRecords
    from pytest_aws_local.cloud import LocalAws
    from pytest_aws_local.endpoints import EndpointFactory
    from pytest_aws_local.executions import WaitForExecution


@pytest.fixture(scope="session")
def aws_local() -> Iterator[LocalAws]:
    """The local AWS: the one that is already up, or one that is started for this session and stopped after it."""
    from pytest_aws_local.cloud import running

    with running() as cloud:
        yield cloud


@pytest.fixture
def aws_account(aws_local: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account that no other test uses. During the test, every AWS SDK of this process uses it by default."""
    from pytest_aws_local.accounts import make_default, new_account

    account = new_account(aws_local.endpoint_url)
    make_default(account, monkeypatch)
    yield account
    account.empty()


@pytest.fixture
def sagemaker_endpoint(
    aws_local: LocalAws, aws_account: Account, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EndpointFactory]:
    """A function that serves a model on an endpoint, which is deleted after the test."""
    from pytest_aws_local.endpoints import EndpointFactory
    from pytest_aws_local.trained_model import TrainedModel, cache_folder

    folder = cache_folder(request.config, tmp_path_factory)
    factory = EndpointFactory(aws_account, TrainedModel(aws_local.endpoint_url, folder))
    yield factory
    factory.delete_all()


@pytest.fixture
def captured_records(aws_account: Account) -> CapturedRecords:
    """A function that waits for the records that an endpoint has captured, and returns them."""
    from pytest_aws_local.captured import CapturedRecords

    return CapturedRecords(aws_account)


@pytest.fixture
def wait_for_execution(aws_account: Account) -> WaitForExecution:
    """A function that waits for the end of an execution of a state machine, and returns its outcome."""
    from pytest_aws_local.executions import WaitForExecution

    return WaitForExecution(aws_account)
