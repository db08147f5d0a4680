"""The pipeline's definition is valid and complete, catches only real errors, and restores the endpoint on failure."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

WORKFLOWS = Path(__file__).parents[2] / "local_stepfunctions"
FUNCTIONS = WORKFLOWS.parent / "src" / "functions"
TEXT = (WORKFLOWS / "train-and-deploy.asl.json").read_text()
DEFINITION: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, Any] = DEFINITION["States"]
MOCKS = json.loads((WORKFLOWS / "mocks" / "train-and-deploy.json").read_text())
CASES = MOCKS["StateMachines"]["train-and-deploy"]["TestCases"]
FAILED_TRAININGS = ("ImagesMissing", "TrainingFailed")
SDK = "arn:aws:states:::aws-sdk:sagemaker:"


def machines(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the definition and the state machines inside its branches and maps."""
    yield definition
    for state in definition["States"].values():
        for inner in [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from machines(inner)


ALL = {name: state for machine in machines(DEFINITION) for name, state in machine["States"].items()}
TASKS = {name: state for name, state in ALL.items() if state["Type"] == "Task"}
ASKED_AGAIN = {"FindServedModel": "FindServedModelAgain"}
"""The task that is not retried by itself, since its usual error is no failure, and the task that retries it."""
each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())


def followers(state: dict[str, Any]) -> set[str]:
    rules = [state, *state.get("Catch", []), *state.get("Choices", [])]
    return {rule["Next"] for rule in rules if "Next" in rule} | {state[key] for key in ["Default"] if key in state}


def names_in(rules: list[dict[str, Any]]) -> set[str]:
    return {name for rule in rules for name in rule["ErrorEquals"]}


def test_the_definition_is_valid_amazon_states_language() -> None:
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/workflow", "Definition": DEFINITION}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = json.dumps({"Resources": {"Workflow": resource}})
    assert api.lint(template, config=ManualArgs(regions=["us-east-1"])) == []


def test_every_state_exists_is_reached_and_has_a_unique_name() -> None:
    names = [name for machine in machines(DEFINITION) for name in machine["States"]]
    assert len(names) == len(set(names))
    for machine in machines(DEFINITION):
        reached = {machine["StartAt"]}.union(*(followers(state) for state in machine["States"].values()))
        assert reached == set(machine["States"])


def test_the_definition_names_no_account_region_or_address() -> None:
    assert not re.search(r"\d{12}|[a-z]{2}-[a-z]+-\d|https?:|:function:", TEXT)


def sagemaker_errors(task: dict[str, Any]) -> set[str]:
    """Return SageMaker's errors as Step Functions names them: by AWS SDK for Java 1 if optimized, else by 2."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    modeled = {f"SageMaker.{shape.name.removesuffix('Exception')}Exception" for shape in model.error_shapes}
    general = "SageMakerException" if task["Resource"].startswith(SDK) else "AmazonSageMakerException"
    return modeled | {f"SageMaker.{general}"}


@each_task
def test_every_caught_error_is_an_error_of_its_service(task: dict[str, Any]) -> None:
    named = names_in([*task.get("Retry", []), *task.get("Catch", [])]) - {"States.ALL"}
    if ":sagemaker:" in task["Resource"]:
        assert named <= sagemaker_errors(task)
    else:
        assert all(name.startswith(("Lambda.", "SNS.", "CloudWatch.")) for name in named)


@pytest.mark.parametrize("task", [TASKS[ASKED_AGAIN.get(name, name)] for name in TASKS], ids=TASKS.keys())
def test_every_retry_backs_off_with_jitter(task: dict[str, Any]) -> None:
    assert task["Retry"]
    assert all(rule["JitterStrategy"] == "FULL" and rule["BackoffRate"] > 1 for rule in task["Retry"])
    assert "States.ALL" not in names_in(task["Retry"])


@each_task
def test_every_call_has_fields_that_its_service_knows(task: dict[str, Any]) -> None:
    if ":sagemaker:" not in task["Resource"]:
        return
    action = task["Resource"].split(":")[-1].removesuffix(".sync")
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model(action[0].upper() + action[1:]).input_shape
    parameters = {name.removesuffix(".$") for name in task["Parameters"]}
    assert set(shape.required_members) <= parameters <= set(shape.members)


def ends_of(name: str) -> set[str]:
    """Return the final states that a state can lead to."""
    seen: set[str] = set()
    to_see = {name}
    while to_see:
        seen |= (current := {to_see.pop()})
        to_see |= set().union(*(followers(STATES[one]) for one in current)) - seen
    return {one for one in seen if STATES[one]["Type"] in ("Succeed", "Fail")}


def test_every_failure_after_the_gate_restores_the_endpoint() -> None:
    (rule,) = STATES["Deploy"]["Catch"]
    assert rule == {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "LookWhatIsInService"}
    assert ends_of("LookWhatIsInService") == {"Failed"}


def test_no_failure_ends_in_success() -> None:
    assert ends_of("NotifyFailure") == ends_of("NotifyNotPutBack") == {"Failed"}
    assert ends_of("NotifyStoppedAtGate") == {"StoppedAtGate"}
    assert STATES["DecideAtGate"]["Choices"][0]["Next"] == "NotifyFailure"


def test_a_missing_endpoint_is_found_without_a_retry_and_every_other_error_with_retries() -> None:
    first, again = ALL["FindServedModel"], ALL["FindServedModelAgain"]
    assert "Retry" not in first
    assert followers(first) == {"IsThereNoEndpoint", "IsAModelInService"}
    assert ALL["IsThereNoEndpoint"]["Choices"][0]["StringMatches"] == "Could not find endpoint*"
    assert followers(ALL["IsThereNoEndpoint"]) == {"ChooseCandidateAlone", "FindServedModelAgain"}
    assert followers(again) == {"EndpointNotDescribed", "IsAModelInService"}
    assert {key: again[key] for key in ("Resource", "Parameters", "ResultSelector", "ResultPath")} == {
        key: first[key] for key in ("Resource", "Parameters", "ResultSelector", "ResultPath")
    }


def test_the_candidate_is_deleted_after_success_and_failure() -> None:
    state = STATES["EvaluateCandidate"]
    assert followers(state) == {"DeleteCandidate"}
    assert names_in(state["Catch"]) == {"States.ALL"}
    assert "CreateCandidate" in state["Branches"][0]["States"]


def test_no_candidate_is_deleted_that_was_never_created() -> None:
    (rule,) = STATES["TrainCandidate"]["Catch"]
    assert rule == {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "NotifyFailure"}
    assert "DeleteCandidate" not in {name for case in FAILED_TRAININGS for name in CASES[case]}


def test_the_pipeline_captures_data_like_the_endpoint_step() -> None:
    capture = ALL["CreateEndpointConfig"]["Parameters"]["DataCaptureConfig"]
    assert (capture["InitialSamplingPercentage"], capture["DestinationS3Uri"]) == (100, "s3://${Bucket}/data_capture")


def test_a_sample_input_has_every_member_that_the_definition_reads() -> None:
    sample = json.loads((WORKFLOWS / "inputs" / "train-and-deploy.json").read_text())
    assert set(re.findall(r"\$\.input\.(\w+)", TEXT)) == set(sample)


def test_the_mocks_name_existing_tasks_and_responses() -> None:
    assert {response for case in CASES.values() for response in case.values()} == set(MOCKS["MockedResponses"])
    for case in CASES.values():
        assert set(case) <= set(TASKS)


def test_the_mocks_throw_only_errors_that_can_occur() -> None:
    sources = "".join(path.read_text() for path in FUNCTIONS.glob("*/app.py"))
    known = set(re.findall(r"^class (\w+)\(", sources, re.MULTILINE)) | {"States.TaskFailed"}
    for case in CASES.values():
        for name, response in case.items():
            for step in MOCKS["MockedResponses"][response].values():
                if "Throw" in step:
                    assert step["Throw"]["Error"] in known | sagemaker_errors(TASKS[name])
