"""The accuracy is a count, and the gate decides exactly at its limits."""

import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

BUCKET = "evaluated"
LABELS = [0, 0, 0, 0, 1, 1]
EVENT = {
    "bucket": BUCKET,
    "manifest": "test.lst",
    "report": "evaluations/run/quality.json",
    "models": [{"name": "candidate", "answers": "evaluations/run/candidate/"}],
    "gate": {"accuracy_at_least": 0.8, "tolerance": 0.02},
}
BOTH = [*EVENT["models"], {"name": "served", "answers": "evaluations/run/served/"}]
Answer = Callable[..., None]


@pytest.fixture
def answer(evaluate: ModuleType) -> Iterator[Answer]:
    """Return a function that writes a model's answers from the predicted class of each image."""
    evaluate.s3.create_bucket(Bucket=BUCKET)
    lines = "".join(f"{index}\t{label}\t{index}.png\n" for index, label in enumerate(LABELS))
    evaluate.s3.put_object(Bucket=BUCKET, Key="test.lst", Body=lines.encode())

    def put(model: str, *predictions: int) -> None:
        for index, prediction in enumerate(predictions):
            body = json.dumps([0.9, 0.1] if prediction == 0 else [0.2, 0.8])
            evaluate.s3.put_object(Bucket=BUCKET, Key=f"evaluations/run/{model}/{index}.png.out", Body=body.encode())

    yield put
    for item in evaluate.s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        evaluate.s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    evaluate.s3.delete_bucket(Bucket=BUCKET)


def result_of(evaluate: ModuleType, **event: Any) -> dict[str, Any]:
    result: dict[str, Any] = evaluate.lambda_handler({**EVENT, **event}, None)
    return result


def test_correct_answers_are_counted_in_all_and_by_class(evaluate: ModuleType, answer: Answer) -> None:
    answer("candidate", 0, 0, 0, 1, 1, 1)
    result = result_of(evaluate)
    assert result["models"]["candidate"] == {
        "accuracy": 5 / 6,
        "correct": 5,
        "images": 6,
        "per_class": {
            "0": {"accuracy": 0.75, "correct": 3, "images": 4},
            "1": {"accuracy": 1.0, "correct": 2, "images": 2},
        },
    }
    assert (result["passed"], result["reasons"], result["accuracy"]) == (True, [], "0.8333")


def test_the_report_has_the_form_of_the_model_registry(evaluate: ModuleType, answer: Answer) -> None:
    answer("candidate", 0, 0, 0, 1, 1, 1)
    assert result_of(evaluate)["report"] == f"s3://{BUCKET}/{EVENT['report']}"
    report = evaluate.s3.get_object(Bucket=BUCKET, Key=EVENT["report"])
    assert report["ContentType"] == "application/json"
    document = json.loads(report["Body"].read())
    assert document["gate"] == {"summary": result_of(evaluate)["summary"]}
    metrics = document["multiclass_classification_metrics"]
    assert metrics["accuracy"] == {"value": 5 / 6, "standard_deviation": "NaN"}
    assert metrics["confusion_matrix"] == {"0": {"0": 3, "1": 1}, "1": {"1": 2}}


def test_the_summary_names_the_model_in_service(evaluate: ModuleType, answer: Answer) -> None:
    answer("served", 0, 0, 0, 0, 1, 1)
    answer("candidate", 0, 0, 0, 0, 1, 1)
    served = {"name": "served", "answers": "evaluations/run/served/", "model": "bikes-run-1a"}
    result = result_of(evaluate, models=[*EVENT["models"], served])
    assert "Model in service: 1.000, 6 of 6 (bikes-run-1a)" in result["summary"]


def test_a_model_below_the_lowest_accuracy_does_not_pass(evaluate: ModuleType, answer: Answer) -> None:
    answer("candidate", 0, 0, 1, 1, 1, 1)
    result = result_of(evaluate)
    assert result["reasons"] == ["accuracy 0.667 is below 0.800"]
    assert "Stopped: accuracy 0.667 is below 0.800" in result["summary"]


def test_a_model_at_the_lowest_accuracy_passes(evaluate: ModuleType, answer: Answer) -> None:
    answer("candidate", 0, 0, 0, 0, 1, 0)
    assert result_of(evaluate, gate={"accuracy_at_least": 5 / 6, "tolerance": 0})["passed"]


@pytest.mark.parametrize(("tolerance", "passed"), [(1 / 6, True), (0.16, False)])
def test_a_model_may_be_worse_than_the_one_in_service_by_the_tolerance(
    evaluate: ModuleType, answer: Answer, tolerance: float, passed: bool
) -> None:
    answer("served", 0, 0, 0, 0, 1, 1)
    answer("candidate", 0, 0, 0, 0, 1, 0)
    gate = {"accuracy_at_least": 0.8, "tolerance": tolerance}
    result = result_of(evaluate, models=BOTH, gate=gate)
    assert result["passed"] is passed
    assert "Model in service: 1.000, 6 of 6" in result["summary"]


def test_the_examples_are_two_images_of_each_class_with_the_candidates_answers(
    evaluate: ModuleType, answer: Answer
) -> None:
    answer("candidate", 0, 1, 0, 0, 1, 1)
    examples = result_of(evaluate)["examples"]
    assert [example["name"] for example in examples] == ["0.png", "1.png", "4.png", "5.png"]
    assert examples[1]["probabilities"] == [0.2, 0.8]


def test_an_image_without_an_answer_raises_answers_missing(evaluate: ModuleType, answer: Answer) -> None:
    answer("candidate", 0, 0, 0, 0, 1)
    with pytest.raises(evaluate.AnswersMissing) as refused:
        result_of(evaluate)
    assert str(refused.value) == (
        f"1 of 6 answers are not under s3://{BUCKET}/evaluations/run/candidate/, "
        "first evaluations/run/candidate/5.png.out: look at the transform job's log"
    )


def test_a_prefix_without_any_answer_raises_answers_missing(evaluate: ModuleType, answer: Answer) -> None:
    with pytest.raises(evaluate.AnswersMissing, match=r"^6 of 6 answers are not under"):
        result_of(evaluate)


def test_a_missing_manifest_raises_labels_missing(evaluate: ModuleType, answer: Answer) -> None:
    with pytest.raises(
        evaluate.LabelsMissing, match=rf"^s3://{BUCKET}/other.lst does not exist .*: run `scones stage`"
    ):
        result_of(evaluate, manifest="other.lst")


@pytest.mark.parametrize("body", [b"", b"bicycle", b"[]", b"[NaN, 1]", b'{"a": 1}'])
def test_an_answer_that_is_not_a_list_of_probabilities_is_not_understood(
    evaluate: ModuleType, answer: Answer, body: bytes
) -> None:
    answer("candidate", *LABELS)
    evaluate.s3.put_object(Bucket=BUCKET, Key="evaluations/run/candidate/2.png.out", Body=body)
    with pytest.raises(evaluate.AnswerNotUnderstood, match="should be a list of probabilities"):
        result_of(evaluate)


@pytest.mark.parametrize("body", [b"", b"0 0 a.png\n", b"0\tnone\ta.png\n"])
def test_labels_that_cannot_be_read_are_missing(evaluate: ModuleType, answer: Answer, body: bytes) -> None:
    evaluate.s3.put_object(Bucket=BUCKET, Key="test.lst", Body=body)
    with pytest.raises(evaluate.LabelsMissing, match=r"test.lst"):
        result_of(evaluate)


@pytest.mark.parametrize(
    "wrong", [{"models": []}, {"models": None}, {"gate": {}}, {"gate": {"accuracy_at_least": 80, "tolerance": 0}}]
)
def test_an_incomplete_event_is_not_understood(evaluate: ModuleType, wrong: dict[str, Any]) -> None:
    with pytest.raises(evaluate.EventNotUnderstood):
        result_of(evaluate, **wrong)
