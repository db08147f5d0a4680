"""Accounts of the local AWS: an access key of twelve digits selects one. No other account sees its resources."""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}
POLICY = {"Effect": "Allow", "Action": "*", "Resource": "*"}
# A test should see a failed request soon, not after the SDK's usual four retries.
CONFIG = Config(retries={"mode": "standard", "max_attempts": 2}, read_timeout=70)


@dataclass(frozen=True)
class Account:
    """An account of the local AWS. `id` has twelve digits."""

    id: str
    endpoint_url: str
    region: str = REGION
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def session(self) -> boto3.Session:
        """A new boto3 session of the account."""
        return boto3.Session(aws_access_key_id=self.id, aws_secret_access_key="test", region_name=self.region)  # noqa: S106

    def client(self, service: str) -> Any:
        """Return the account's boto3 client for a service; it is created once."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, endpoint_url=self.endpoint_url, config=CONFIG)
        return self._clients[service]

    def bucket(self, prefix: str = "test") -> str:
        """Create a bucket and return its name, which contains the account's id: all accounts share one namespace."""
        name = f"{prefix}-{self.id}-{secrets.token_hex(3)}"
        self.client("s3").create_bucket(Bucket=name)
        return name

    def role(self, service: str = "sagemaker.amazonaws.com", name: str | None = None) -> str:
        """Return the ARN of a role that the service may assume and that may do everything; create it if needed."""
        role_name = name or f"test-{service.partition('.')[0]}"
        iam = self.client("iam")
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            trust = _document({**TRUST, "Principal": {"Service": service}})
            iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=trust)
            iam.put_role_policy(RoleName=role_name, PolicyName="all", PolicyDocument=_document(POLICY))
        return f"arn:aws:iam::{self.id}:role/{role_name}"

    def empty(self) -> None:
        """Delete the account's buckets. Other resources stay: they take little space, and no other test sees them."""
        s3 = self.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            with suppress(ClientError):  # a bucket that the test has locked or versioned stays
                _delete_objects(s3, bucket["Name"])
                s3.delete_bucket(Bucket=bucket["Name"])


def new_account(endpoint_url: str) -> Account:
    """Return an account with a random id, one of 9 * 10^11, so that no other test uses it."""
    return Account(str(secrets.randbelow(9 * 10**11) + 10**11), endpoint_url)


def make_default(account: Account, patch: pytest.MonkeyPatch) -> None:
    """Make this process and its children use the account in every AWS SDK, and none of the user's own credentials."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    for name, value in variables(account).items():
        patch.setenv(name, value)
    patch.setattr(boto3, "DEFAULT_SESSION", None)


def variables(account: Account) -> Mapping[str, str]:
    """Return the environment variables that point an AWS SDK at the account."""
    return {
        "AWS_ACCESS_KEY_ID": account.id,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": account.region,
        "AWS_REGION": account.region,
        "AWS_ENDPOINT_URL": account.endpoint_url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _delete_objects(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if keys := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
