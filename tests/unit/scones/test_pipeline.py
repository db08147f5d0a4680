"""The output of `scones pipeline` while it follows an execution, and the errors at the end."""

import json
from typing import Any

import pytest

from scones.context import Context
from scones.deployment.pipeline_input import pipeline_input
from scones.errors import GateError, PipelineError, SettingsError
from scones.pipeline import pipeline
from scones.pipeline.progress import Progress
from scones.settings import PROJECT

RUN = "scones-vehicles-run-1a2b3c4d"


@pytest.fixture
def progress(context: Context) -> Progress:
    with context.console.meter("Pipeline") as meter:
        return Progress(context, meter)


def entered(name: str, kind: str = "TaskStateEntered") -> dict[str, Any]:
    return {"type": kind, "stateEnteredEventDetails": {"name": name}}


def exited(name: str, output: dict[str, Any]) -> dict[str, Any]:
    return {"type": "TaskStateExited", "stateExitedEventDetails": {"name": name, "output": json.dumps(output)}}


def failed(error: str) -> dict[str, Any]:
    return {"type": "TaskFailed", "taskFailedEventDetails": {"error": error}}


def answer(error: str, cause: str) -> dict[str, Any]:
    return {"name": "pipeline-1", "status": "FAILED", "error": error, "cause": cause}


def test_the_input_has_the_fields_of_the_sample_input(context: Context) -> None:
    state_input = pipeline_input(context)
    assert state_input["image"].endswith("/image-classification:1")
    assert state_input["gate"] == {"accuracy_at_least": 0.8, "tolerance": 0.02}
    sample = PROJECT / "local_stepfunctions" / "inputs" / "train-and-deploy.json"
    assert set(state_input) == set(json.loads(sample.read_text()))


def test_the_pipeline_is_refused_in_local_mode(make_context: Any) -> None:
    context = make_context(training_instance_type="local", endpoint_instance_type="local")
    with pytest.raises(SettingsError, match="Step Functions"):
        pipeline_input(context)


def test_a_state_is_shown_once_even_if_it_is_entered_again(progress: Progress, screen: object) -> None:
    events = [entered("UpdateEndpoint"), entered("LookAtEndpoint"), entered("Wait", "WaitStateEntered")]
    progress.show(events, 1)
    progress.show([*events, entered("LookAtEndpoint")], 6)
    assert [line.split() for line in str(screen).splitlines()] == [
        ["1", "s", "UpdateEndpoint"],
        ["1", "s", "LookAtEndpoint"],
    ]


def test_the_evaluation_is_shown_line_by_line(progress: Progress, screen: object) -> None:
    progress.show([exited("Evaluate", {"evaluation": {"summary": "New model: 0.9\nPassed"}})], 60)
    assert [line.strip() for line in str(screen).splitlines()] == ["New model: 0.9", "Passed"]


def test_a_run_that_stopped_at_the_gate_has_its_own_exit_code(progress: Progress) -> None:
    progress.show([exited("Name", {"name": RUN})], 0)
    with pytest.raises(GateError, match=f"{RUN} stopped at the gate; .*\n  Stopped: 0.5 is below 0.8") as raised:
        pipeline.raise_failed(answer("StoppedAtGate", "Stopped: 0.5 is below 0.8"), progress, "scones-vehicles")
    assert (raised.value.exit_code, PipelineError("").exit_code) == (3, 1)


def test_a_failure_names_its_state_and_reason(progress: Progress) -> None:
    events = [entered("InspectData"), failed("States.TaskFailed"), entered("NotifyFailure")]
    progress.show([exited("Name", {"name": RUN}), *events], 1)
    cause = json.dumps({"TrainingJobName": RUN, "FailureReason": "AlgorithmError: out of memory"})
    with pytest.raises(
        PipelineError, match=f"{RUN} failed in InspectData: States.TaskFailed: AlgorithmError: out of memory"
    ):
        pipeline.raise_failed(answer("States.TaskFailed", cause), progress, "scones-vehicles")


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ('{"errorMessage": "a.png is not there", "errorType": "ImagesMissing"}', "a.png is not there"),
        ("the container exited", "the container exited"),
        (None, "no cause given"),
    ],
)
def test_the_reason_is_the_readable_part_of_the_cause(cause: str | None, reason: str) -> None:
    assert pipeline.reason({"cause": cause}) == reason
