"""The plugin does nothing until it is asked, and its parts against small doubles."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from PIL import Image

from pytest_aws_local.accounts import Account, make_default, new_account
from pytest_aws_local.captured import CapturedRecords
from pytest_aws_local.cloud import MARK, NoLocalAws, _config_file
from pytest_aws_local.endpoints import Endpoint
from pytest_aws_local.executions import WaitForExecution
from pytest_aws_local.pictures import RED, picture
from pytest_aws_local.polling import poll

URL = "http://127.0.0.1:4566"


def test_the_plugin_imports_nothing_but_pytest() -> None:
    load = "import pytest_aws_local.plugin; print(*set(sys.modules) - before)"
    program = f"import pytest, sys; before = set(sys.modules); {load}"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) == {"pytest_aws_local"}


def test_pytest_finds_the_fixtures() -> None:
    listed = subprocess.check_output(
        [sys.executable, "-m", "pytest", "--fixtures", "tests/unit/pytest_aws_local"], text=True
    )
    for name in ("aws_local", "aws_account", "sagemaker_endpoint", "captured_records", "wait_for_execution"):
        assert f"\n{name}" in listed


def test_an_account_has_twelve_digits_and_is_new_each_time() -> None:
    ids = {new_account(URL).id for _ in range(100)}
    assert len(ids) == 100
    assert {(len(each), each.isdecimal()) for each in ids} == {(12, True)}


def test_every_sdk_uses_the_account_and_none_of_the_users_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    account = new_account(URL)
    make_default(account, monkeypatch)
    client = boto3.client("s3")
    assert client.meta.endpoint_url == URL
    assert boto3.Session().get_credentials().access_key == account.id
    assert {name for name in os.environ if name in ("AWS_PROFILE", "AWS_SESSION_TOKEN")} == set()


def test_a_picture_is_a_png_of_its_color() -> None:
    image = Image.open(io.BytesIO(picture(RED)))
    image.load()
    assert (image.size, image.getcolors()) == ((32, 32), [(1024, RED)])


def test_a_poll_says_what_it_waited_for() -> None:
    with pytest.raises(TimeoutError, match="the job runs after 0 s"):
        poll(lambda: None, 0.01, lambda: "the job runs")


def test_the_error_of_a_failed_start_says_where_its_output_is() -> None:
    assert _config_file(io.StringIO(f"starting\n{MARK}/a/config\n")) == "/a/config"
    with pytest.raises(NoLocalAws, match="captured stderr"):
        _config_file(io.StringIO("starting\n"))


class Pages:
    """A client whose listings have one page, which grows by one item each time it is read."""

    def __init__(self, *items: Any) -> None:
        self.items, self.reads = items, 0

    def get_paginator(self, operation: str) -> Pages:
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.reads += 1
        yield {"Contents": [{"Key": str(index)} for index in range(min(self.reads, len(self.items)))]}
        yield {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self.items[int(Key)])}


def account_with(**clients: Any) -> Account:
    return Account("123456789012", URL, _clients=clients)


def test_captured_records_are_returned_once_there_are_enough() -> None:
    account = account_with(s3=Pages(b'{"n": 1}\n{"n": 2}\n', b'{"n": 3}\n'))
    records = CapturedRecords(account)(Endpoint("e", "bucket", None), count=3)
    assert [record["n"] for record in records] == [1, 2, 3]


def test_too_few_records_are_counted_in_the_error() -> None:
    account = account_with(s3=Pages(b'{"n": 1}\n'))
    with pytest.raises(TimeoutError, match="e has captured 1 of 2 records"):
        CapturedRecords(account)(Endpoint("e", "bucket", None), count=2, timeout_s=0.3)


class StepFunctions:
    """A client with one execution."""

    def __init__(self, **described: str) -> None:
        self.described = described

    def describe_execution(self, **request: Any) -> dict[str, str]:
        return self.described

    def get_paginator(self, operation: str) -> StepFunctions:
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield {"events": [{"type": "ExecutionStarted"}, {"type": "TaskStateEntered"}]}


def test_the_outcome_has_the_parsed_output() -> None:
    outcome = WaitForExecution(account_with(stepfunctions=StepFunctions(status="SUCCEEDED", output='{"bay": 1}')))(
        "arn"
    )
    assert outcome.succeeded
    assert outcome.output == {"bay": 1}


def test_the_outcome_of_a_failure_has_its_error_and_cause() -> None:
    states = StepFunctions(status="FAILED", error="ValueError", cause="no bay")
    outcome = WaitForExecution(account_with(stepfunctions=states))("arn")
    assert (outcome.succeeded, outcome.error, outcome.cause) == (False, "ValueError", "no bay")


def test_the_timeout_of_an_execution_names_its_last_events() -> None:
    wait = WaitForExecution(account_with(stepfunctions=StepFunctions(status="RUNNING")))
    with pytest.raises(TimeoutError, match=r"arn is still RUNNING; .*TaskStateEntered"):
        wait("arn", timeout_s=0.01)
