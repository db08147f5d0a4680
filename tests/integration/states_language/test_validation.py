"""ValidateStateMachineDefinition names every fault with AWS's code and place."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from tests.integration.states_language.executions import ROLE, Executions
from tests.integration.states_language.row import Definition, evaluated, machine, one_pass, outer, state

TARGET, SCHEMA = "MISSING_TRANSITION_TARGET", "SCHEMA_VALIDATION_FAILED"
REFUSED: list[tuple[Definition, list[tuple[str, str, str | None]]]] = [
    (
        {"StartAt": "A", "States": {"A": state("Pass", Next="B"), "B": state("Pass", Next="A")}},
        [("MISSING_END_STATE", "Workflow has no terminal state", None)],
    ),
    (
        machine(state("Pass"), C=state("Pass", Catch=[])),
        [
            (SCHEMA, "Field 'Catch' is not supported", "/States/C"),
            (TARGET, 'State "C" is not reachable.', "/States/C"),
        ],
    ),
    (
        machine(state("Pass", Next="Z"), E=state("Succeed")),
        [
            (TARGET, "Missing 'Next' target: Z", "/States/A/Next"),
            (TARGET, 'State "E" is not reachable.', "/States/E"),
        ],
    ),
    (
        outer(state("Parallel", Branches=[one_pass(), one_pass()])),
        [("DUPLICATE_STATE_NAME", "Duplicate State name: A", "/States/Outer/Branches[1]/States/A")],
    ),
    (
        evaluated("phone"),
        [
            (
                "UNSUPPORTED_JSONATA_EXPRESSION",
                "Reference to 'phone' at the top level is not supported.",
                "/States/A/Output",
            )
        ],
    ),
]

DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **one_pass()}
TOKEN = {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}
ONLY_STANDARD: list[tuple[Definition, str, str]] = [
    (
        outer(state("Map", ItemProcessor=DISTRIBUTED)),
        "Map states in DISTRIBUTED mode",
        "/States/Outer/ItemProcessor/ProcessorConfig",
    ),
    (
        machine(state("Task", Resource="arn:aws:states:::sagemaker:createTrainingJob.sync", Parameters={})),
        "'.sync' service integration",
        "/States/A/Resource",
    ),
    (
        machine(state("Task", Resource="arn:aws:states:::lambda:invoke.waitForTaskToken", Parameters=TOKEN)),
        "'.waitForTaskToken' service integration",
        "/States/A/Resource",
    ),
    (
        machine(state("Task", Resource="arn:aws:states:us-east-1:000000000000:activity:a")),
        "Activity ARN",
        "/States/A/Resource",
    ),
]


def validated(executions: Executions, definition: Definition, **parameters: Any) -> dict[str, Any]:
    return dict(executions.states.validate_state_machine_definition(definition=json.dumps(definition), **parameters))


@pytest.mark.parametrize(("definition", "faults"), REFUSED)
def test_each_fault_is_a_diagnostic(
    executions: Executions, definition: Definition, faults: list[tuple[str, str, str | None]]
) -> None:
    answer = validated(executions, definition)
    diagnostics = [(item["code"], item["message"], item.get("location")) for item in answer["diagnostics"]]
    assert (answer["result"], diagnostics) == ("FAIL", faults)
    with pytest.raises(ClientError, match=f"InvalidDefinition.*{faults[0][0]}: {faults[0][1]} at "):
        executions.states.create_state_machine(name="refused", definition=json.dumps(definition), roleArn=ROLE)


def test_a_valid_definition_has_no_diagnostics(executions: Executions) -> None:
    answer = validated(executions, one_pass())
    assert (answer["result"], answer["diagnostics"]) == ("OK", [])


def test_diagnostics_are_cut_at_max_results(executions: Executions) -> None:
    answer = validated(executions, machine(state("Pass", Retry=[], Catch=[])), maxResults=1)
    assert (len(answer["diagnostics"]), answer["truncated"]) == (1, True)


@pytest.mark.parametrize(("only_standard", "message", "place"), ONLY_STANDARD)
def test_a_check_of_express_workflows_holds_wherever_one_is_defined(
    executions: Executions, only_standard: Definition, message: str, place: str
) -> None:
    states, fault = executions.states, f"InvalidDefinition.*{SCHEMA}: Express state machine does not support {message}"
    answer = validated(executions, only_standard, type="EXPRESS")
    assert [item["location"] for item in answer["diagnostics"]] == [place]
    express = {"name": f"express-{uuid4().hex[:8]}", "roleArn": ROLE, "type": "EXPRESS"}
    with pytest.raises(ClientError, match=fault):
        states.create_state_machine(definition=json.dumps(only_standard), **express)
    arn = states.create_state_machine(definition=json.dumps(one_pass()), **express)["stateMachineArn"]
    with pytest.raises(ClientError, match=fault):
        states.update_state_machine(stateMachineArn=arn, definition=json.dumps(only_standard))
    assert json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"]) == one_pass()


@pytest.mark.parametrize("only_standard", [definition for definition, _, _ in ONLY_STANDARD])
def test_a_standard_workflow_has_what_an_express_one_lacks(executions: Executions, only_standard: Definition) -> None:
    assert validated(executions, only_standard)["result"] == "OK"


def test_a_standard_workflow_has_no_synchronous_execution(executions: Executions) -> None:
    name, definition = f"standard-{uuid4().hex[:8]}", json.dumps(one_pass())
    arn = executions.states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        executions.states.start_sync_execution(stateMachineArn=arn)


@pytest.mark.parametrize(
    ("tested", "fault"),
    [
        (state("Pass", Catch=[]), "Field 'Catch' is not supported"),
        (state("Wait", Seconds=-1), "Value must be an integer between 0 and 99999999 at /Seconds"),
        (state("Choice", Choices=[]), "Choices must have at least one rule at /Choices"),
    ],
)
def test_a_state_that_no_machine_may_have_is_not_tested(executions: Executions, tested: Definition, fault: str) -> None:
    with pytest.raises(ClientError, match=f"InvalidDefinition.*{SCHEMA}: {fault}"):
        executions.states.test_state(definition=json.dumps(tested), roleArn=ROLE, input="{}")


def test_a_definition_of_more_than_a_megabyte_is_refused_everywhere(executions: Executions) -> None:
    states, long = executions.states, json.dumps(one_pass(Comment="a" * 1_048_576))
    name = f"long-{uuid4().hex[:8]}"
    arn = states.create_state_machine(name=name, definition=json.dumps(one_pass()), roleArn=ROLE)["stateMachineArn"]
    for operation, arguments in (
        (states.create_state_machine, {"name": f"{name}-2", "roleArn": ROLE}),
        (states.update_state_machine, {"stateMachineArn": arn}),
        (states.validate_state_machine_definition, {}),
        (states.test_state, {"roleArn": ROLE}),
    ):
        with pytest.raises(ClientError, match=r"ValidationException.*'definition'.*1048576"):
            operation(definition=long, **arguments)


def test_a_comment_of_a_rule_is_no_expression(executions: Executions) -> None:
    comment = "{% phone %}"
    choice = {"Condition": "{% true %}", "Next": "B", "Comment": comment}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "B", "Comment": comment}
    states = {
        "A": state("Choice", Choices=[choice], Default="C"),
        "B": {"Type": "Succeed"},
        "C": state("Parallel", Branches=[{"StartAt": "D", "States": {"D": state("Pass")}}], Catch=[catch]),
    }
    answer = validated(executions, {"QueryLanguage": "JSONata", "StartAt": "A", "States": states})
    assert (answer["result"], answer["diagnostics"]) == ("OK", [])


@pytest.mark.parametrize("definition", ['{"StartAt": ["A"], "States": {"A": {"Type": "Succeed"}}}', "[" * 100_000])
def test_a_definition_that_cannot_be_read_is_refused(executions: Executions, definition: str) -> None:
    with pytest.raises(ClientError, match="InvalidDefinition"):
        executions.states.create_state_machine(name="refused", definition=definition, roleArn=ROLE)
