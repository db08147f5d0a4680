"""`scones monitor`: labels from the review queue, the state that runs leave, and the baseline's job."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scones.commands import monitoring
from scones.context import Context
from scones.deployment.monitor_image import scikit_learn_image
from scones.errors import NothingComparedError, SettingsError
from scones.monitoring import labels, run
from scones.monitoring.baseline import baseline_job
from scones.monitoring.places import Program
from scones.training.training_job import TrainingJob

from .conftest import Screen

TOO_FEW = {"message": "scones: 5 records are too few to compare with the baseline; 10 are needed.", "tests": []}
COMPARED = {"message": "scones has not drifted.", "tests": [{"feature": "brightness"}]}
LABEL = "ground_truth/scones-vehicles/2026/01/31/09/gate-7-0001.jsonl"


def ended(output: dict[str, Any], hour: int = 9) -> dict[str, Any]:
    started = datetime(2026, 1, 31, hour, tzinfo=UTC)
    return {"status": "SUCCEEDED", "input": "{}", "output": json.dumps(output), "startDate": started}


@pytest.fixture
def queue(context: Context) -> str:
    """Return the review queue, with two reviews and a message of another kind in it."""
    url: str = context.client("sqs").create_queue(QueueName="reviews")["QueueUrl"]
    for number, key in ((1, "incoming/gate-7.png"), (2, "incoming/gate-8.png")):
        body = {
            "event": "Review",
            "s3_key": key,
            "execution": f"gate-7-000{number}",
            "time": "2026-01-31T09:30:00.123Z",
            "class": "bicycle",
            "confidence": 0.61,
        }
        context.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    context.client("sqs").send_message(QueueUrl=url, MessageBody="Hello")
    return url


def test_an_answer_becomes_ground_truth_and_the_others_stay_in_the_queue(
    context: Context, queue: str, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text("incoming/gate-7.png,motorcycle\nincoming/other.png,bicycle\n")
    assert labels.label(context, queue, answers) == 1
    document = json.loads(context.data_bucket.get(LABEL, "monitor label"))
    assert document["groundTruthData"] == {"data": "1", "encoding": "CSV"}
    assert document["eventMetadata"] == {"eventId": "gate-7-0001"}
    left = context.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert len(left) == 2


def test_a_line_with_an_unknown_class_is_named(tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text("incoming/gate-7.png,bicycle\nincoming/gate-8.png,tank\n")
    with pytest.raises(SettingsError, match=r"line 2, is 'incoming/gate-8\.png,tank'.*one of bicycle, motorcycle"):
        labels.read_answers(answers, ("bicycle", "motorcycle"))


def test_the_states_of_drift_and_of_quality_are_shown(context: Context, screen: Screen) -> None:
    run.show_states(context, [])
    state = {"run": "one", "since": "2026-01-31T09:00:00Z", "end": "2026-01-31T10:00:00Z"}
    for file, content in (("state.json", {**state, "since": ""}), ("quality-state.json", state)):
        context.data_bucket.put(f"monitoring/scones-vehicles/{file}", json.dumps(content).encode())
    run.show_states(context, [ended(COMPARED)])
    printed = str(screen)
    assert "No labeled records of scones-vehicles have been compared with its baseline yet" in printed
    assert "scones-vehicles has not drifted; compared until 2026-01-31 10:00 UTC" in printed
    assert (
        "The quality of scones-vehicles is below the baseline's, first found in the window from 2026-01-31 09:00 UTC"
        in printed
    )


@pytest.mark.parametrize("output", [TOO_FEW, {"status": "NoTraffic"}])
def test_a_run_that_compared_nothing_is_no_good_sign(context: Context, screen: Screen, output: dict[str, Any]) -> None:
    state = {"run": "one", "since": "", "end": "2026-01-31T10:00:00Z"}
    context.data_bucket.put("monitoring/scones-vehicles/state.json", json.dumps(state).encode())
    run.show_states(context, [ended(output)])
    printed = str(screen)
    assert "✓" not in printed
    assert f"Nothing compared in the last run: {run.first_line(output)}" in printed
    run.show_states(context, [ended(output), ended(COMPARED, hour=8)])
    assert "has not drifted in the last comparison, which began at 2026-01-31 08:00" in str(screen)


def test_without_a_run_in_the_list_the_state_is_no_good_sign(context: Context, screen: Screen) -> None:
    state = {"run": "one", "since": "", "end": "2026-01-31T10:00:00Z"}
    context.data_bucket.put("monitoring/scones-vehicles/state.json", json.dumps(state).encode())
    run.show_states(context, [{"status": "FAILED", "input": "{}"}])
    assert "✓" not in str(screen)


@pytest.mark.parametrize(
    ("output", "compared"),
    [
        (COMPARED, True),
        (TOO_FEW, False),
        ({"status": "NoTraffic"}, False),
        ({"metrics": {"labeled_records": 3.0}}, False),
        ({"metrics": {"labeled_records": 30.0, "low_quality": 0.0}}, True),
        ({"has_violations": True, "tests": []}, True),
    ],
)
def test_only_a_judged_window_is_a_comparison(output: dict[str, Any], compared: bool) -> None:
    assert run.has_compared(output) is compared


@pytest.mark.parametrize(("output", "failure"), [(TOO_FEW, NothingComparedError), (COMPARED, None)])
def test_run_ends_with_a_tick_only_after_a_comparison(
    context: Context, screen: Screen, output: dict[str, Any], failure: type[Exception] | None
) -> None:
    with pytest.raises(failure, match="records are too few") if failure else nullcontext():
        monitoring.conclude(context, output)
    assert ("✓ No drift" in str(screen)) is (failure is None)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"message": "scones has not drifted."}, "scones has not drifted."),
        ({"status": "TooEarly", "message": "run it again after 10:00"}, "run it again after 10:00"),
        ({"status": "NoTraffic"}, "No record was captured in this window: there is nothing to compare."),
    ],
)
def test_a_run_that_had_nothing_to_compare_says_so(output: dict[str, Any], text: str) -> None:
    assert run.message_in(output) == text


def test_the_image_is_that_of_the_region() -> None:
    assert scikit_learn_image("us-east-1") == (
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    )
    assert scikit_learn_image("cn-north-1").split("/")[0].endswith(".amazonaws.com.cn")
    with pytest.raises(SettingsError, match="set MONITOR_IMAGE"):
        scikit_learn_image("mars-1")


def test_the_job_of_a_baseline_gets_its_images_and_the_models_archive(context: Context) -> None:
    model = "s3://b/models/scones-1/output/model.tar.gz"
    job = TrainingJob("scones-1", "Completed", "Completed", None, "image:1", model, 60, None)
    request = baseline_job(context, Program("s3://code/stack/programs/monitor.zip", "image:1"), job)
    inputs = {one["InputName"]: one["S3Input"]["S3Uri"] for one in request["ProcessingInputs"]}
    assert inputs["model"] == model
    assert inputs["held_out"].endswith("/test/")
    assert request["AppSpecification"]["ContainerEntrypoint"] == [
        "python3",
        "/opt/ml/processing/input/code/monitor.zip",
    ]
