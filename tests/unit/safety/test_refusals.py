"""How a refusal reads for a client, and in the log."""

from __future__ import annotations

import json
import logging

import pytest
from botocore.parsers import create_parser

from safety.refusals import DISCONNECTED, RefusalLog, answer_to

REASON = "Refused: set SCONES_ALLOWED_HOSTS & <restart>."
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
JSON = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}


def signed(service: str) -> dict[str, str]:
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/{service}/aws4_request, Signature=x"}


@pytest.mark.parametrize(
    ("protocol", "sent"),
    [
        ("query", FORM | signed("sns")),
        ("json", JSON | signed("sqs")),
        ("json", {"X-Amz-Target": "SageMaker.ListModels"}),
        ("rest-json", signed("lambda")),
        ("rest-json", signed("sagemaker") | {"Content-Type": "image/png"}),
        ("rest-xml", signed("s3") | {"Content-Type": "application/json"}),
        ("rest-xml", {}),
    ],
)
def test_botocore_prints_the_reason(protocol: str, sent: dict[str, str]) -> None:
    answer = answer_to(list(sent.items()), REASON)
    response = {"status_code": 403, "headers": {k.lower(): v for k, v in answer.headers.items()}, "body": answer.body}
    error = create_parser(protocol).parse(response, None)["Error"]
    assert error["Message"] == REASON
    assert error["Code"].startswith("AccessDenied")


def test_a_page_that_sends_json_gets_json() -> None:
    assert json.loads(answer_to([("Content-Type", "application/json")], REASON).body)["message"] == REASON


@pytest.mark.parametrize(("sent", "content_type"), [(JSON, "application/x-amz-json-1.1"), ({}, "text/xml")])
def test_a_refusal_names_its_content_type(sent: dict[str, str], content_type: str) -> None:
    assert answer_to(list(sent.items()), REASON).headers["Content-Type"] == content_type


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_source_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    refusals = RefusalLog(logging.getLogger("refusals"), clock)
    for _ in range(3):
        refusals.add("127.0.0.1", "Refused: a")
    assert caplog.messages == ["127.0.0.1: Refused: a"]
    for clock.now in (1059.0, 1060.0):
        refusals.add("127.0.0.1", "Refused: a")
    assert len(caplog.messages) == 2


def test_a_flood_of_different_refusals_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog(logging.getLogger("refusals"), Clock())
    for number in range(1000):
        refusals.add("127.0.0.1", f"Refused: {number}")
    assert len(caplog.messages) == 100


def test_control_characters_do_not_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    RefusalLog(logging.getLogger("refusals"), Clock()).add("127.0.0.1", "a\x1b[31m\r\nb\u202e" + "x" * 10_000)
    assert caplog.messages[0].startswith("127.0.0.1: a?[31m??b?xxx")
    assert len(caplog.messages[0]) < 600


def test_a_client_that_has_disconnected_leaves_no_line_of_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog(logging.getLogger("refusals"), Clock())
    refusals.add("127.0.0.1", DISCONNECTED)
    refusals.add("127.0.0.1", REASON)
    assert [record.getMessage() for record in caplog.records] == [f"127.0.0.1: {REASON}"]
