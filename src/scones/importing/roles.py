"""The roles that imported state machines and functions run as.

A role keeps the name that it has in the export. An export does not contain its policies, so a role that is created here
allows the calls that such state machines and functions usually make, and nothing else. A role that exists is not
changed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import code_of
from scones.importing.model import Place
from scones.settings import PROJECT_TAG

MACHINES, FUNCTIONS, SAGEMAKER = "states", "lambda", "sagemaker"
DEFAULT_NAMES = {MACHINES: "scones-imported-state-machines", FUNCTIONS: "scones-imported-functions"}


@dataclass(frozen=True)
class Roles:
    iam: BaseClient
    place: Place

    def ensure(self, path_and_name: str, service: str, statements: Sequence[dict[str, object]]) -> tuple[str, bool]:
        """Return a role's ARN, and whether it was created. `path_and_name` is what follows `role/` in its ARN."""
        path, _, name = path_and_name.rpartition("/")
        trust: dict[str, object] = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        try:
            created = self.iam.create_role(
                RoleName=name,
                Path=f"/{path}/" if path else "/",
                AssumeRolePolicyDocument=_policy([trust]),
                Tags=[PROJECT_TAG],
            )
        except ClientError as error:
            if code_of(error) != "EntityAlreadyExists":
                raise
            return str(self.iam.get_role(RoleName=name)["Role"]["Arn"]), False
        self.iam.put_role_policy(RoleName=name, PolicyName="imported", PolicyDocument=_policy(statements))
        return str(created["Role"]["Arn"]), True


def of_functions(place: Place) -> list[dict[str, object]]:
    """Return the policy of imported functions: they may write logs, read S3 objects and invoke endpoints."""
    own = f"{place.region}:{place.account}"
    return [
        _allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], f"arn:aws:logs:{own}:*"),
        _allow(["sagemaker:InvokeEndpoint"], f"arn:aws:sagemaker:{own}:endpoint/*"),
        _allow(["s3:GetObject", "s3:ListBucket"], "arn:aws:s3:::*"),  # events name the bucket
    ]


def of_machines(place: Place) -> list[dict[str, object]]:
    """Return the policy of state machines: functions, topics, queues, endpoints and other machines of the account."""
    own = f"{place.region}:{place.account}"
    return [
        _allow(["lambda:InvokeFunction"], f"arn:aws:lambda:{own}:function:*"),
        _allow(["sns:Publish"], f"arn:aws:sns:{own}:*"),
        _allow(["sqs:SendMessage"], f"arn:aws:sqs:{own}:*"),
        _allow(["sagemaker:InvokeEndpoint"], f"arn:aws:sagemaker:{own}:endpoint/*"),
        _allow(["states:StartExecution"], f"arn:aws:states:{own}:stateMachine:*"),
        _allow(["states:DescribeExecution", "states:StopExecution"], f"arn:aws:states:{own}:execution:*"),
        _allow(
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            f"arn:aws:events:{own}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule",
        ),
    ]


def of_jobs() -> list[dict[str, object]]:
    """Return the policy of a role that SageMaker assumes for a job or model."""
    return [
        _allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "arn:aws:s3:::*"),
        _allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:*:*:*"),
        _allow(["cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"], "*"),
        _allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"], "*"),
    ]


def _allow(actions: list[str], resource: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _policy(statements: Sequence[dict[str, object]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
