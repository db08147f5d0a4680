"""Tests of a state machine and its Lambda function, which have the same names in every test."""

import boto3
import pytest

import deliveries
from pytest_aws_local.accounts import Account
from pytest_aws_local.executions import WaitForExecution


@pytest.fixture
def workflow(aws_account: Account) -> deliveries.Workflow:
    roles = (aws_account.role("lambda.amazonaws.com"), aws_account.role("states.amazonaws.com"))
    return deliveries.deploy_workflow(*roles)


@pytest.mark.parametrize(("label", "bay"), sorted(deliveries.BAYS.items()))
def test_each_label_leads_to_its_bay(
    workflow: deliveries.Workflow, wait_for_execution: WaitForExecution, label: str, bay: str
) -> None:
    outcome = wait_for_execution(workflow.start(label=label))
    assert outcome.succeeded, outcome.cause
    assert outcome.output == {"bay": bay}


def test_an_unknown_label_fails_the_execution_and_is_named_in_the_cause(
    workflow: deliveries.Workflow, wait_for_execution: WaitForExecution
) -> None:
    outcome = wait_for_execution(workflow.start(label="green"))
    assert outcome.error == "ValueError"
    assert outcome.cause
    assert "no bay for 'green'" in outcome.cause


def test_no_test_sees_the_state_machine_of_another(aws_account: Account, workflow: deliveries.Workflow) -> None:
    machines = boto3.client("stepfunctions").list_state_machines()["stateMachines"]
    assert [machine["stateMachineArn"] for machine in machines] == [workflow.arn]
