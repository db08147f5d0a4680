"""The AWS variables of containers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_emulator.aws_clients.role_keys import ContainerVariables
from sagemaker_emulator.resources.scope import Scope

LOCAL = "http://127.0.0.1:4566"
REGION = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
KEYS = {"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


class Sts:
    """Counts the requests for keys, or refuses them."""

    def __init__(self, endpoint: str, refuses: bool = False) -> None:
        self.meta, self.refuses, self.roles = SimpleNamespace(endpoint_url=endpoint), refuses, list[str]()

    def assume_role(self, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.roles.append(RoleArn)
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")
        keys = {"AccessKeyId": "ASIA1", "SecretAccessKey": "secret", "SessionToken": "token"}
        return {"Credentials": keys}


def variables(sts: Sts, s3_endpoint: str = LOCAL) -> ContainerVariables:
    s3 = SimpleNamespace(meta=SimpleNamespace(endpoint_url=s3_endpoint))
    return ContainerVariables(Scope("000000000000", "eu-west-1"), lambda: sts, lambda: s3)


def test_a_container_has_the_endpoint_and_the_keys_of_its_role() -> None:
    assert variables(Sts(LOCAL)).of_role("role", isolated=False) == {**REGION, **KEYS, "AWS_ENDPOINT_URL": LOCAL}


def test_an_s3_at_an_address_of_its_own_is_named() -> None:
    seen = variables(Sts(LOCAL), "http://127.0.0.1:9000").of_role("role", isolated=False)
    assert seen["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:9000"


def test_keys_are_asked_for_once_for_each_role() -> None:
    sts = Sts(LOCAL)
    own = variables(sts)
    for role in ("a", "b", "a"):
        own.of_role(role, isolated=False)
    assert sts.roles == ["a", "b"]


def test_keys_of_a_role_of_another_account_are_those_of_the_role_in_this_one() -> None:
    sts = Sts(LOCAL)
    variables(sts).of_role("arn:aws:iam::111122223333:role/path/mine", isolated=False)
    assert sts.roles == ["arn:aws:iam::000000000000:role/path/mine"]


def test_an_isolated_container_gets_no_keys() -> None:
    sts = Sts(LOCAL)
    assert variables(sts).of_role("role", isolated=True) == REGION
    assert sts.roles == []


def test_nothing_of_a_real_account_is_passed_on() -> None:
    sts = Sts("https://sts.eu-west-1.amazonaws.com")
    assert variables(sts).of_role("role", isolated=False) == REGION
    assert sts.roles == []


def test_a_role_without_keys_still_runs() -> None:
    assert variables(Sts(LOCAL, refuses=True)).of_role("role", isolated=False) == {**REGION, "AWS_ENDPOINT_URL": LOCAL}
