"""The first lines of a notebook reach the local AWS, in environments without the kit, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.notebooks.conftest import Run

HERE = Path(__file__).parent
LOOPBACK = {"127.0.0.1", "localhost"}
ANSWERS = {
    "account": "000000000000",
    "asked": "000000000000",
    "bucket": "sagemaker-us-east-1-000000000000",
    "region": "us-east-1",
    "role": "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-local",
}
PROD = """
import boto3, botocore.session, json
sts = boto3.client("sts", endpoint_url="https://sts.eu-central-1.amazonaws.com")
print(json.dumps([
    botocore.session.Session.create_client.__module__,
    sts.meta.endpoint_url,
    boto3.client("s3").meta.endpoint_url,
    boto3.Session().get_credentials().access_key,
]))
"""


@pytest.mark.parametrize("sdk", ["v2", "v3"])
def test_account_bucket_and_role_are_the_local_ones_and_no_request_leaves_loopback(run: Run, sdk: str) -> None:
    report = json.loads(run(sdk, f"python {HERE}/watched.py {HERE}/first_lines_{sdk}.py").stdout.splitlines()[-1])
    assert report["result"] == ANSWERS
    assert set(report["hosts"]) - {"a local socket"} <= LOOPBACK
    assert report["hosts"] != []
    imports_s, lines_s = report["seconds"]  # benchmarks/first_lines.py has their limits
    print(f"SDK {sdk}: imports {imports_s:.1f} s, lines {lines_s:.1f} s")


@pytest.mark.parametrize("sdk", ["v2", "v3"])
def test_the_watch_notices_a_request_that_leaves(run: Run, sdk: str, tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("import socket; socket.getaddrinfo('sts.example', 443); result = 1")
    report = json.loads(run(sdk, f"python {HERE}/watched.py {tmp_path}/leaves.py").stdout.splitlines()[-1])
    assert report["hosts"] == ["sts.example"]


@pytest.mark.parametrize("sdk", ["v2", "v3"])
def test_under_the_users_own_profile_nothing_of_the_kit_acts(run: Run, home: Path, sdk: str) -> None:
    (home / "prod.py").write_text(PROD)
    output = run(sdk, "AWS_PROFILE=prod python prod.py").stdout
    assert json.loads(output.splitlines()[-1]) == [
        "botocore.session",
        "https://sts.eu-central-1.amazonaws.com",
        "https://s3.eu-central-1.amazonaws.com",
        "real",
    ]


def test_python_and_pip_are_the_users_and_scones_is_added(run: Run) -> None:
    folders = run("v2", "command -v python pip scones aws").stdout.split()
    assert [Path(each).parent.name for each in folders] == ["bin"] * 4
    assert all("/.venv-sdk2/" in each for each in folders[:2])
    assert all("/shell/bin/" in each for each in folders[2:])
