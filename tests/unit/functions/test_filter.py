import json
from types import ModuleType

import pytest


def test_the_error_below_the_threshold_has_both_numbers(filter_: ModuleType) -> None:
    message = "^THRESHOLD_CONFIDENCE_NOT_MET: confidence 0.6100 is below the threshold 0.93$"
    with pytest.raises(filter_.ThresholdConfidenceNotMet, match=message):
        filter_.lambda_handler({"inferences": [0.39, 0.61]}, None)


@pytest.mark.parametrize("inferences", [[0.93, 0.07], [0.07, 0.93], [1, 0], [0.01, 0.01, 0.98]])
def test_a_confidence_at_or_above_the_threshold_passes(filter_: ModuleType, inferences: list[float]) -> None:
    inferences_out = filter_.lambda_handler({"inferences": inferences}, None)["body"]["inferences"]
    assert inferences_out == inferences
    assert all(isinstance(probability, float) for probability in inferences_out)


def test_the_threshold_is_an_environment_variable(filter_: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THRESHOLD", "0.5")
    assert filter_.lambda_handler({"inferences": [0.39, 0.61]}, None)["statusCode"] == 200


@pytest.mark.parametrize("threshold", ["high", "", "1.5", "-1", "nan"])
def test_an_invalid_threshold_is_named(filter_: ModuleType, monkeypatch: pytest.MonkeyPatch, threshold: str) -> None:
    monkeypatch.setenv("THRESHOLD", threshold)
    with pytest.raises(filter_.ThresholdNotUnderstood, match=f"THRESHOLD is '{threshold}'"):
        filter_.lambda_handler({"inferences": [0.9, 0.1]}, None)


@pytest.mark.parametrize(
    "inferences",
    [
        None,
        [],
        "",
        "[]",
        "sure",
        "b'[0.9, 0.1]'",
        0.97,
        {"0": 0.97},
        ["0.97"],
        [None],
        [[0.97]],
        [True],
        [97.7],
        [1.01],
        [-0.01],
        "[NaN]",
    ],
)
def test_a_value_that_is_not_a_list_of_probabilities_raises_inferences_missing(
    filter_: ModuleType, inferences: object
) -> None:
    with pytest.raises(filter_.InferencesMissing, match="inferences"):
        filter_.lambda_handler({"inferences": inferences}, None)


def test_an_event_without_inferences_raises_inferences_missing(filter_: ModuleType) -> None:
    with pytest.raises(filter_.InferencesMissing, match=r"inferences is None; .* such as \[0.97, 0.03\]"):
        filter_.lambda_handler({"s3_key": "test/wheels.png"}, None)


BODY = {"image_data": "aGk=", "s3_bucket": "images", "s3_key": "test/a.png", "inferences": [0.97, 0.03]}


@pytest.mark.parametrize(
    "event",
    [
        BODY,
        json.dumps(BODY),
        {"statusCode": 200, "body": BODY},
        {"body": json.dumps(BODY)},
        {"Payload": {"body": json.dumps(BODY)}},
        {**BODY, "inferences": "[0.97, 0.03]"},
        {"s3_key": "test/a.png", "Payload": {**BODY}},
    ],
)
def test_the_image_is_passed_on_from_any_shape_of_event(filter_: ModuleType, event: object) -> None:
    assert filter_.lambda_handler(event, None) == {"statusCode": 200, "body": BODY}


def test_bare_inferences_are_an_event_without_an_image(filter_: ModuleType) -> None:
    nothing = {"image_data": "", "s3_bucket": "", "s3_key": ""}
    assert filter_.lambda_handler([0.97, 0.03], None)["body"] == {**nothing, "inferences": [0.97, 0.03]}
    assert filter_.lambda_handler("[0.97, 0.03]", None)["body"] == {**nothing, "inferences": [0.97, 0.03]}


@pytest.mark.parametrize(("text", "threshold"), [("0", 0.0), ("1", 1.0), (".93", 0.93)])
def test_a_threshold_goes_from_0_to_1(filter_: ModuleType, text: str, threshold: float) -> None:
    assert filter_.threshold_from(text) == threshold


def test_text_that_is_not_json_is_shown_with_its_error(filter_: ModuleType) -> None:
    message = r"^the inferences are text that is not JSON: 'sure' \(Expecting value: line 1 column 1 \(char 0\)\)$"
    with pytest.raises(filter_.InferencesMissing, match=message):
        filter_.lambda_handler("sure", None)
