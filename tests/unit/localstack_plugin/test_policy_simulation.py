"""What SimulatePrincipalPolicy answers about the statements of a role's policies."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_plugin.iam.policy_simulation import evaluation

BUCKET = "arn:aws:s3:::scones"


def allow(action: Any = "*", resource: Any = "*", **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **others}


def decision(*statements: dict[str, Any], action: str = "sagemaker:CreateTrainingJob", resource: str = "*") -> str:
    return str(evaluation(action, resource, list(statements))["EvalDecision"])


@pytest.mark.parametrize(
    "action",
    [
        "*",
        "sagemaker:*",
        "sagemaker:Create*",
        "SageMaker:createTrainingJob",
        "sagemaker:CreateTrainingJo?",
        ["x:y", "*"],
    ],
)
def test_patterns_allow_what_they_match(action: Any) -> None:
    assert decision(allow(action)) == "allowed"


@pytest.mark.parametrize(
    "action", ["s3:*", "sagemaker:CreateTraining", "sagemaker:CreateTrainingJob?", "CreateTrainingJob"]
)
def test_other_patterns_do_not(action: str) -> None:
    assert decision(allow(action)) == "implicitDeny"


def test_a_denial_wins() -> None:
    denial = {"Effect": "Deny", "Action": "sagemaker:*", "Resource": "*"}
    assert decision(allow(), denial) == decision(denial, allow()) == "explicitDeny"


def test_a_statement_about_one_resource_does_not_allow_every_resource() -> None:
    assert decision(allow(resource=f"{BUCKET}/*")) == "implicitDeny"
    assert decision(allow(resource=f"{BUCKET}/*"), resource=f"{BUCKET}/train/1.png") == "allowed"


def test_not_action_and_not_resource_allow_all_others() -> None:
    statement = {"Effect": "Allow", "NotAction": "s3:*", "NotResource": BUCKET}
    assert decision(statement) == "allowed"
    assert decision(statement, action="s3:GetObject") == "implicitDeny"
    assert decision(statement, resource=BUCKET) == "implicitDeny"


def test_a_statement_with_a_condition_or_of_a_trust_policy_does_not_match() -> None:
    assert decision(allow(Condition={"Bool": {"aws:SecureTransport": "true"}})) == "implicitDeny"
    assert decision({"Effect": "Allow", "Action": "*", "Principal": "*"}) == "implicitDeny"
