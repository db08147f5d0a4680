"""ValidateStateMachineDefinition names every fault with AWS's code and place."""

import json
from typing import Any

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


def test_an_express_workflow_has_no_distributed_map(executions: Executions) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **one_pass()}
    answer = validated(executions, outer(state("Map", ItemProcessor=processor)), type="EXPRESS")
    assert [item["location"] for item in answer["diagnostics"]] == ["/States/Outer/ItemProcessor/ProcessorConfig"]


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
