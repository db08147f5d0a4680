"""The message in a cause of Step Functions."""

import json

import pytest

from display.causes import cause_text


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ({"errorMessage": "no image", "errorType": "NotAnImage"}, "no image"),
        ({"TransformJobName": "t", "FailureReason": "ClientError: See job logs"}, "ClientError: See job logs"),
        ({"ErrorMessage": "no table"}, "no table"),
        ({"Status": "FAILED", "Cause": '{"FailureReason": "no data"}'}, "no data"),
        ({"TrainingJobName": "t", "TrainingJobStatus": "Stopped"}, "The job is Stopped"),
        ("plain words", "plain words"),
        ("[1]", "[1]"),
        ("", ""),
    ],
)
def test_a_cause_in_json_is_shown_by_its_message(cause: object, text: str) -> None:
    assert cause_text(cause if isinstance(cause, str) else json.dumps(cause)) == text


def test_json_without_a_message_stays_whole() -> None:
    assert cause_text('{"a": 1}') == '{"a": 1}'
