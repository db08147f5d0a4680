"""The gate's arithmetic and messages, without S3."""

from types import ModuleType
from typing import Any

import pytest


def evaluation(module: ModuleType, correct: int, images: int = 100) -> Any:
    return module.Evaluation({(0, 0): correct, (0, 1): images - correct})


@pytest.mark.parametrize(
    ("candidate", "served", "reasons"),
    [
        (80, None, []),
        (79, None, ["accuracy 0.790 is below 0.800"]),
        (88, 90, []),  # 0.9 - 0.88 is a little more than 0.02 in binary
        (87, 90, ["accuracy 0.870 is more than 0.020 below that of the model in service, 0.900"]),
        (90, 80, []),
        (
            70,
            90,
            [
                "accuracy 0.700 is below 0.800",
                "accuracy 0.700 is more than 0.020 below that of the model in service, 0.900",
            ],
        ),
    ],
)
def test_the_gate_requires_a_lowest_accuracy_and_one_near_the_served_models(
    evaluate: ModuleType, candidate: int, served: int | None, reasons: list[str]
) -> None:
    in_service = None if served is None else evaluation(evaluate, served)
    assert evaluate.shortcomings(evaluation(evaluate, candidate), in_service, evaluate.Gate(0.8, 0.02)) == reasons


@pytest.mark.parametrize(
    ("served", "reasons", "second", "last"),
    [
        (None, [], "Model in service: none", "Passed"),
        (3, ["one", "two"], "Model in service: 0.750, 3 of 4", "Stopped: one; two"),
    ],
)
def test_the_summary_has_both_models_the_gate_and_the_outcome(
    evaluate: ModuleType, served: int | None, reasons: list[str], second: str, last: str
) -> None:
    candidate = evaluate.Evaluation({(0, 0): 1, (1, 0): 1, (1, 1): 1})
    in_service = None if served is None else evaluation(evaluate, served, 4)
    assert evaluate.summary(candidate, in_service, evaluate.Gate(0.8, 0.02), reasons).splitlines() == [
        "New model: 0.667, 2 of 3 (class 0 1.000, 1 of 1, class 1 0.500, 1 of 2)",
        second,
        "Gate: at least 0.800, and at most 0.020 below the model in service",
        last,
    ]


def test_the_prediction_is_the_first_of_the_most_probable_classes(evaluate: ModuleType) -> None:
    assert [evaluate.predicted(answer) for answer in ([0.1, 0.9], [0.5, 0.5], [0.2, 0.4, 0.4])] == [1, 0, 1]


def test_predictions_are_counted_by_label(evaluate: ModuleType) -> None:
    labels = {"a": 0, "b": 0, "c": 1}
    answers = {"a": [0.9, 0.1], "b": [0.1, 0.9], "c": [0.1, 0.9]}
    assert evaluate.evaluated(labels, answers).confusion == {(0, 0): 1, (0, 1): 1, (1, 1): 1}


def test_the_examples_are_the_first_two_of_each_label_in_order(evaluate: ModuleType) -> None:
    labels = {"a": 1, "b": 0, "c": 1, "d": 1}
    chosen = evaluate.examples(labels, {name: [0.5] for name in labels})
    assert chosen == [{"name": name, "probabilities": [0.5]} for name in ("b", "a", "c")]


def event(**changes: Any) -> dict[str, Any]:
    models = [{"name": "candidate", "answers": "c/"}, {"name": "served", "answers": "s/"}]
    return {"bucket": "b", "models": models, "gate": {"accuracy_at_least": "0.5", "tolerance": 0.1}, **changes}


def test_an_event_names_the_bucket_the_models_and_the_gate(evaluate: ModuleType) -> None:
    assert evaluate.parse_event(event()) == ("b", {"candidate": "c/", "served": "s/"}, evaluate.Gate(0.5, 0.1))


@pytest.mark.parametrize("limits", [(0, 0), (1, 1)])
def test_a_gate_may_require_nothing_or_everything(evaluate: ModuleType, limits: tuple[float, float]) -> None:
    gate = {"accuracy_at_least": limits[0], "tolerance": limits[1]}
    assert evaluate.parse_event(event(gate=gate))[2] == evaluate.Gate(*limits)


@pytest.mark.parametrize("gate", [(-0.1, 0), (1.1, 0), (0, -0.1), (0, 1.1)])
def test_a_gate_with_values_that_are_not_shares_is_not_understood(
    evaluate: ModuleType, gate: tuple[float, float]
) -> None:
    with pytest.raises(evaluate.EventNotUnderstood) as refused:
        evaluate.parse_event(event(gate={"accuracy_at_least": gate[0], "tolerance": gate[1]}))
    assert str(refused.value) == (
        f"models are candidate, served, the gate is {evaluate.Gate(float(gate[0]), float(gate[1]))}; "
        "there should be a candidate, and shares from 0 to 1"
    )


def test_the_error_for_an_incomplete_event_says_what_it_should_have(evaluate: ModuleType) -> None:
    with pytest.raises(evaluate.EventNotUnderstood) as refused:
        evaluate.parse_event({**event(), "gate": None})
    assert str(refused.value).endswith(
        " in the event; it should have bucket, manifest, report, models [{name, answers}], "
        "and gate {accuracy_at_least, tolerance}"
    )
