"""The pipeline as a person follows it."""

import json
from typing import Any

import pytest

from scones.context import Context
from scones.errors import GateError, PipelineError, SettingsError
from scones.pipeline import pipeline_run
from scones.pipeline.pipeline_run import Following
from scones.settings import PROJECT

RUN = "scones-vehicles-run-1a2b3c4d"


@pytest.fixture
def following(context: Context) -> Following:
    with context.console.meter("Pipeline") as meter:
        return Following(context, meter)


def entered(name: str, kind: str = "TaskStateEntered") -> dict[str, Any]:
    return {"type": kind, "stateEnteredEventDetails": {"name": name}}


def exited(name: str, output: dict[str, Any]) -> dict[str, Any]:
    return {"type": "TaskStateExited", "stateExitedEventDetails": {"name": name, "output": json.dumps(output)}}


def failed(error: str) -> dict[str, Any]:
    return {"type": "TaskFailed", "taskFailedEventDetails": {"error": error}}


def answer(error: str, cause: str) -> dict[str, Any]:
    return {"name": "pipeline-1", "status": "FAILED", "error": error, "cause": cause}


def test_the_input_is_what_the_definition_reads(context: Context) -> None:
    asked = pipeline_run.given(context)
    assert asked["image"].endswith("/image-classification:1")
    assert asked["gate"] == {"accuracy_at_least": 0.8, "tolerance": 0.02}
    sample = PROJECT / "local_stepfunctions" / "inputs" / "train-and-deploy.json"
    assert set(asked) == set(json.loads(sample.read_text()))


def test_local_mode_has_no_pipeline(make_context: Any) -> None:
    context = make_context(training_instance_type="local", endpoint_instance_type="local")
    with pytest.raises(SettingsError, match="Step Functions"):
        pipeline_run.given(context)


def test_a_state_is_shown_once_however_often_it_is_entered(following: Following, screen: object) -> None:
    events = [entered("UpdateEndpoint"), entered("LookAtEndpoint"), entered("Wait", "WaitStateEntered")]
    following.show(events, 1)
    following.show([*events, entered("LookAtEndpoint")], 6)
    assert [line.split() for line in str(screen).splitlines()] == [
        ["1", "s", "UpdateEndpoint"],
        ["1", "s", "LookAtEndpoint"],
    ]


def test_the_figures_of_the_gate_are_shown_as_they_come(following: Following, screen: object) -> None:
    following.show([exited("Evaluate", {"evaluation": {"summary": "New model: 0.9\nPassed"}})], 60)
    assert [line.strip() for line in str(screen).splitlines()] == ["New model: 0.9", "Passed"]


def test_a_run_that_stopped_at_the_gate_has_an_exit_code_of_its_own(following: Following) -> None:
    following.show([exited("Name", {"name": RUN})], 0)
    with pytest.raises(GateError, match=f"{RUN} stopped at the gate; .*\n  Stopped: 0.5 is below 0.8") as raised:
        pipeline_run.raise_failed(answer("StoppedAtGate", "Stopped: 0.5 is below 0.8"), following)
    assert (raised.value.exit_code, PipelineError("").exit_code) == (3, 1)


def test_a_failure_says_where_it_was_and_why(following: Following) -> None:
    events = [entered("InspectData"), failed("States.TaskFailed"), entered("NotifyFailure")]
    following.show([exited("Name", {"name": RUN}), *events], 1)
    cause = json.dumps({"TrainingJobName": RUN, "FailureReason": "AlgorithmError: out of memory"})
    with pytest.raises(
        PipelineError, match=f"{RUN} failed in InspectData: States.TaskFailed: AlgorithmError: out of memory"
    ):
        pipeline_run.raise_failed(answer("States.TaskFailed", cause), following)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ('{"errorMessage": "a.png is not there", "errorType": "ImagesMissing"}', "a.png is not there"),
        ("the container exited", "the container exited"),
        (None, "no cause given"),
    ],
)
def test_a_reason_is_what_a_person_can_read(cause: str | None, reason: str) -> None:
    assert pipeline_run.reason({"cause": cause}) == reason
