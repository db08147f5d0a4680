"""TestState, and what StartSyncExecution tells (docs.aws.amazon.com/step-functions/latest/apireference)."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from tests.integration.states_language.executions import ROLE, Executions
from tests.integration.states_language.row import Definition, caught, failing, invoking, machine, state

GOING_ON = state("Pass", Result={"b": 2}, Next="B")
MISSING = state(
    "Task",
    Resource="arn:aws:states:::lambda:invoke",
    Parameters={"FunctionName": "none"},
    Catch=caught("States.ALL", ResultPath="$.e"),
)
ADDING = state("Pass", QueryLanguage="JSONata", Output="{% $x + $states.input %}")


def answer_to(executions: Executions, definition: Definition, **parameters: Any) -> dict[str, Any]:
    text = json.dumps(definition).replace("${function}", executions.names["function"])
    answer = executions.states.test_state(definition=text, roleArn=ROLE, **parameters)
    del answer["ResponseMetadata"]
    return dict(answer)


@pytest.mark.parametrize(
    ("definition", "parameters", "answer"),
    [
        (state("Pass", Result={"a": [1]}), {}, {"status": "SUCCEEDED", "output": '{"a":[1]}'}),
        (state("Pass"), {}, {"status": "SUCCEEDED", "output": "{}"}),
        (GOING_ON, {}, {"status": "SUCCEEDED", "output": '{"b":2}', "nextState": "B"}),
        (ADDING, {"input": "1", "variables": '{"x": 2}'}, {"status": "SUCCEEDED", "output": "3"}),
        (
            state("Choice", Choices=[{"Variable": "$.a", "IsPresent": True, "Next": "B"}], Default="C"),
            {"input": "{}"},
            {"status": "SUCCEEDED", "output": "{}", "nextState": "C"},
        ),
        (
            invoking(failing(message="no"), Catch=caught("Custom", ResultPath=None)),
            {"input": "[1]"},
            {"status": "CAUGHT_ERROR", "output": "[1]", "nextState": "Caught", "error": "Custom"},
        ),
        (state("Fail", Error="E", Cause="C"), {}, {"status": "FAILED", "error": "E", "cause": "C"}),
    ],
)
def test_a_state_is_tested_alone(
    executions: Executions, definition: Definition, parameters: dict[str, str], answer: dict[str, Any]
) -> None:
    tested_state = answer_to(executions, definition, **parameters)
    assert {name: tested_state[name] for name in answer} == answer
    assert tested_state.keys() - answer.keys() <= {"cause"}


def test_a_caught_error_is_told_with_its_cause(executions: Executions) -> None:
    answer = answer_to(executions, MISSING, input="{}")
    assert (answer["status"], answer["error"]) == ("CAUGHT_ERROR", "Lambda.ResourceNotFoundException")
    assert json.loads(answer["output"])["e"] == {"Error": answer["error"], "Cause": answer["cause"]}


@pytest.mark.parametrize("parameters", [{"input": "{"}, {"input": "{}", "variables": "["}])
def test_an_input_that_is_not_json_is_refused(executions: Executions, parameters: dict[str, str]) -> None:
    with pytest.raises(ClientError) as refusal:
        answer_to(executions, state("Pass"), **parameters)
    assert refusal.value.response["Error"]["Code"] == "InvalidExecutionInput"


def test_a_synchronous_execution_tells_what_is_billed_and_leaves_data_out_on_request(executions: Executions) -> None:
    states, name = executions.states, f"row-{uuid4().hex[:12]}"
    definition = json.dumps(machine(state("Pass")))
    arn = states.create_state_machine(name=name, definition=definition, roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
    answer = states.start_sync_execution(stateMachineArn=arn, input='{"a": 1}')
    assert answer["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert answer["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert (answer["input"], answer["output"]) == ('{"a": 1}', '{"a":1}')
    short = states.start_sync_execution(stateMachineArn=arn, input="{}", includedData="METADATA_ONLY")
    assert short["status"] == "SUCCEEDED"
    assert not {"input", "inputDetails", "output", "outputDetails"} & short.keys()
    states.delete_state_machine(stateMachineArn=arn)
