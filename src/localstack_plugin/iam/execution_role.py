"""The execution role of SageMaker, which an AWS account gets with its first notebook instance or Studio domain.

The profile of `scones env` assumes it, so `sagemaker.get_execution_role()` returns its ARN. moto calls
`initialize_service_roles` when it creates the IAM of an account, and creates none itself.
"""

import json
from typing import Any

from localstack_plugin.replacing import wrap

NAME = "AmazonSageMaker-ExecutionRole-local"
PATH = "/service-role/"
SERVICES = ("sagemaker.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com")


def install() -> None:
    wrap(
        "moto.iam.models:IAMBackend.initialize_service_roles",
        wrapper=_with_execution_role,
        why="LocalStack's accounts have no role. Here each has the execution role that SageMaker's console creates.",
    )


def _with_execution_role(original: Any) -> Any:
    def initialize_service_roles(backend: Any) -> None:
        original(backend)
        backend.create_role(
            role_name=NAME,
            assume_role_policy_document=_trust_policy(backend.account_id),
            path=PATH,
            permissions_boundary=None,
            description="SageMaker execution role",
            tags=[],
            max_session_duration=None,
        )
        backend.put_role_policy(NAME, "AllowAll", _allow_all())

    return initialize_service_roles


def _trust_policy(account: str) -> str:
    """Let the services that a notebook passes the role to assume it, and the account's own users."""
    principals = ({"Service": list(SERVICES)}, {"AWS": f"arn:aws:iam::{account}:root"})
    statements = [{"Effect": "Allow", "Principal": each, "Action": "sts:AssumeRole"} for each in principals]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow_all() -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
