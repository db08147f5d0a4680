import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scones.classify import executions, run_record
from scones.classify.classify import classify
from scones.classify.executions import Execution
from scones.classify.images import Image, choose
from scones.classify.run_record import Run
from scones.context import Context
from scones.errors import ExecutionsError, ForeignDataError, MissingError

LABELS = {f"test/{name}_{number}.png": label for label, name in enumerate(("bike", "moto")) for number in range(50)}


def execution(outcome: str = "succeeded", **fields: object) -> Execution:
    plain = {"name": "a-1", "key": "test/a.png", "label": 0, "probabilities": (0.9, 0.1), "invocations": 1}
    plain |= {"error": None, "cause": None, "started": "2026-01-01", "classified": None, "stopped": "2026-01-02"}
    return Execution(outcome=outcome, **{**plain, **fields})  # type: ignore[arg-type]


def test_the_choice_is_balanced_and_the_same_each_time() -> None:
    chosen = choose(LABELS, 20)
    assert chosen == choose(LABELS, 20)
    assert sum(image.label == 1 for image in chosen) == 10
    assert len({image.key for image in chosen}) == 20
    assert choose(LABELS, 20, seed=8) != chosen


def test_choosing_from_no_images_returns_none() -> None:
    assert choose({}, 20) == []


def test_choosing_more_than_there_are_returns_all() -> None:
    assert len(choose(LABELS, 1000)) == 100


@pytest.mark.parametrize("key", ["test/bike_s_000001.png", f"test/{'x' * 90}.png", "test/ümlaut & spaces.png", "odd"])
def test_an_execution_name_is_a_valid_inference_id(key: str) -> None:
    names = {executions.execution_name(Image(key, 0), "0123abcd", number) for number in (1, 2, 9999)}
    assert len(names) == 3
    assert all(len(name) <= 64 for name in names)
    assert all(letter.isascii() or letter.isalnum() for name in names for letter in name)


def test_an_execution_below_the_threshold_has_not_failed() -> None:
    assert executions.outcome_of({"status": "SUCCEEDED"}) == "succeeded"
    assert executions.outcome_of({"status": "FAILED", "error": "ThresholdConfidenceNotMet"}) == "below_threshold"
    assert executions.outcome_of({"status": "FAILED", "error": "ModelError"}) == "failed"
    assert executions.outcome_of({"status": "TIMED_OUT"}) == "failed"


def test_each_exit_of_the_classify_state_is_an_invocation() -> None:
    left: list[Mapping[str, Any]] = [
        {"stateExitedEventDetails": {"name": name, "output": "{}"}} for name in ("Serialize", "Classify", "Filter")
    ]
    events: list[Mapping[str, Any]] = [
        {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Classify"}},
        *left,
    ]
    assert executions.classify_exits(events) == [left[1]]


@pytest.mark.parametrize(
    ("output", "probabilities"), [('{"inferences": [0.9, 0.1]}', (0.9, 0.1)), ("", ()), ("[1]", ()), ("{}", ())]
)
def test_an_output_without_probabilities_has_none(output: str, probabilities: tuple[float, ...]) -> None:
    assert executions.probabilities_in(output) == probabilities


def test_failed_executions_become_one_error_with_their_causes() -> None:
    cause = json.dumps({"errorMessage": "image_data is 6 bytes; it should be a PNG or a JPEG", "stackTrace": ["…"]})
    failed = execution("failed", error="NotAnImage", cause=cause, probabilities=(), key="test/notes.txt")
    with pytest.raises(ExecutionsError) as caught:
        run_record.raise_failed((execution(), failed, failed))
    assert "2 of 3 executions failed, first test/notes.txt" in str(caught.value)
    assert "2 times NotAnImage: image_data is 6 bytes; it should be a PNG or a JPEG" in str(caught.value)
    run_record.raise_failed((execution(), execution("below_threshold")))


def test_a_run_survives_writing_and_reading(tmp_path: Path) -> None:
    run = Run("0123abcd", "scones-vehicles", 0.93, (execution(), execution("below_threshold", probabilities=())))
    run_record.write(run, tmp_path)
    assert run_record.read(tmp_path) == run
    assert (run.count("succeeded"), run.invocations) == (1, 2)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"executions": [{"probabilities": []}]}', '{"executions": 1}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / run_record.RECORD).write_text(text)
    with pytest.raises(ForeignDataError, match=r"executions\.json is damaged"):
        run_record.read(tmp_path)


def test_without_a_run_the_error_names_scones_classify(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="run `scones classify` first"):
        run_record.read(tmp_path)


def test_without_a_stack_the_error_names_scones_deploy(context: Context) -> None:
    with pytest.raises(MissingError, match="stack scones-unlimited does not exist: run `scones deploy` first"):
        classify(context)
