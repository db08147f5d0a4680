"""The role that SageMaker works under, made if none is named: this bucket, its own logs and metrics, images to pull."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.errors import code_of
from scones.kit import PROJECT_TAG, Kit

NAME = "scones-unlimited-sagemaker"
POLICY = "workflow"


def trust(account: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(actions: list[str], *resources: str, **condition: object) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    return statement | ({"Condition": condition} if condition else {})


def policy(kit: Kit) -> str:
    partition = kit.session.get_partition_for_region(kit.region)
    bucket = f"arn:{partition}:s3:::{kit.bucket}"
    log_groups = f"arn:{partition}:logs:{kit.region}:{kit.account}:log-group:/aws/sagemaker/*"
    logs = ["CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"]
    pulls = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    statements = [
        allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket),
        allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/*"),
        allow([f"logs:{action}" for action in logs], log_groups),
        allow(["cloudwatch:PutMetricData"], "*", StringEquals={"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}),
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow(pulls, f"arn:{partition}:ecr:{kit.region}:*:repository/*"),
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def existing(iam: BaseClient) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = iam.get_role(RoleName=NAME)["Role"]
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return None
        raise
    return found


def ensure(kit: Kit) -> str:
    """The role's ARN. Its policy is written each time, since the bucket may have changed."""
    if kit.settings.role:
        return kit.settings.role
    iam = kit.client("iam")
    found = existing(iam)
    if found is None:
        found = iam.create_role(
            RoleName=NAME,
            AssumeRolePolicyDocument=trust(kit.account),
            Description="What SageMaker may do for the Scones Unlimited workflow",
            Tags=[PROJECT_TAG],
        )["Role"]
        kit.console.say(f"Made the role {found['Arn']}")
    iam.put_role_policy(RoleName=NAME, PolicyName=POLICY, PolicyDocument=policy(kit))
    return str(found["Arn"])


def delete(kit: Kit) -> None:
    iam = kit.client("iam")
    for name in iam.list_role_policies(RoleName=NAME)["PolicyNames"]:
        iam.delete_role_policy(RoleName=NAME, PolicyName=name)
    iam.delete_role(RoleName=NAME)
