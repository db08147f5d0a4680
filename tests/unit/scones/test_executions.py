import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scones.classify import executions
from scones.classify.executions import Execution, Image, Run
from scones.context import Context
from scones.errors import ExecutionsError, MissingError, SpoiltError

LABELS = {f"test/{name}_{number}.png": label for label, name in enumerate(("bike", "moto")) for number in range(50)}


def execution(outcome: str = "succeeded", **fields: object) -> Execution:
    plain = {"name": "a-1", "key": "test/a.png", "label": 0, "probabilities": (0.9, 0.1), "invocations": 1}
    plain |= {"error": None, "cause": None, "started": "2026-01-01", "classified": None, "stopped": "2026-01-02"}
    return Execution(outcome=outcome, **{**plain, **fields})  # type: ignore[arg-type]


def test_images_are_chosen_balanced_and_the_same_each_time() -> None:
    chosen = executions.choose(LABELS, 20)
    assert chosen == executions.choose(LABELS, 20)
    assert sum(image.label == 1 for image in chosen) == 10
    assert len({image.key for image in chosen}) == 20
    assert executions.choose(LABELS, 20, seed=8) != chosen


def test_of_nothing_nothing_is_chosen() -> None:
    assert executions.choose({}, 20) == []


def test_more_than_there_are_is_all() -> None:
    assert len(executions.choose(LABELS, 1000)) == 100


@pytest.mark.parametrize("key", ["test/bike_s_000001.png", f"test/{'x' * 90}.png", "test/ümlaut & spaces.png", "odd"])
def test_a_name_is_an_inference_id_too(key: str) -> None:
    names = {executions.execution_name(Image(key, 0), "0123abcd", number) for number in (1, 2, 9999)}
    assert len(names) == 3
    assert all(len(name) <= 64 for name in names)
    assert all(letter.isascii() or letter.isalnum() for name in names for letter in name)


def test_a_doubt_is_not_a_failure() -> None:
    assert executions.outcome_of({"status": "SUCCEEDED"}) == "succeeded"
    assert executions.outcome_of({"status": "FAILED", "error": "ThresholdConfidenceNotMet"}) == "below_threshold"
    assert executions.outcome_of({"status": "FAILED", "error": "ModelError"}) == "failed"
    assert executions.outcome_of({"status": "TIMED_OUT"}) == "failed"


def test_invocations_are_the_classify_tasks_that_succeeded() -> None:
    left: list[Mapping[str, Any]] = [
        {"stateExitedEventDetails": {"name": name, "output": "{}"}} for name in ("Serialize", "Classify", "Filter")
    ]
    events: list[Mapping[str, Any]] = [
        {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Classify"}},
        *left,
    ]
    assert executions.classified(events) == [left[1]]


@pytest.mark.parametrize(
    ("output", "found"), [('{"inferences": [0.9, 0.1]}', (0.9, 0.1)), ("", ()), ("[1]", ()), ("{}", ())]
)
def test_probabilities_are_read_where_they_are(output: str, found: tuple[float, ...]) -> None:
    assert executions.probabilities_in(output) == found


def test_failed_executions_are_one_error_with_their_causes() -> None:
    cause = json.dumps({"errorMessage": "image_data is 6 bytes; it should be a PNG or a JPEG", "stackTrace": ["…"]})
    failed = execution("failed", error="NotAnImage", cause=cause, probabilities=(), key="test/notes.txt")
    with pytest.raises(ExecutionsError) as caught:
        executions.raise_failed((execution(), failed, failed))
    assert "2 of 3 executions failed, first test/notes.txt" in str(caught.value)
    assert "2 times NotAnImage: image_data is 6 bytes; it should be a PNG or a JPEG" in str(caught.value)
    executions.raise_failed((execution(), execution("below_threshold")))


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = Run("0123abcd", "scones-vehicles", 0.93, (execution(), execution("below_threshold", probabilities=())))
    executions.write(run, tmp_path)
    assert executions.read(tmp_path) == run
    assert (run.count("succeeded"), run.invocations) == (1, 2)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"executions": [{"probabilities": []}]}', '{"executions": 1}'])
def test_a_run_that_was_spoilt_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / executions.RECORD).write_text(text)
    with pytest.raises(SpoiltError, match=r"executions\.json is not as it was written"):
        executions.read(tmp_path)


def test_without_a_run_it_says_which_step_makes_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="run `scones classify` first"):
        executions.read(tmp_path)


def test_without_a_state_machine_it_says_which_step_makes_it(context: Context) -> None:
    with pytest.raises(MissingError, match="stack scones-unlimited is not there: run `scones deploy` first"):
        executions.classify(context)
