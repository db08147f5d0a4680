"""What pages say about the answer of a person: what is known, and never a guess."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, PNG, Answers, bucket, error, version_of
from tests.unit.console.test_decisions import BELOW, account, history_of, output
from tests.unit.console.test_figures import text_of


def below(objects: dict[str, bytes], *names: str) -> Answers:
    """Return an account with executions about `a b.png` that are below the threshold, and a bucket."""
    rows = [{"name": each, "status": "FAILED", **BELOW} for each in names]
    events = {"stepfunctions.get_execution_history": {"events": history_of(output(0.61, 0.39))}}
    return account(rows) | events | bucket(objects)


def answered_elsewhere(**changed: Any) -> tuple[str, bytes]:
    """Return the object of the answer that a person gave about `a b.png` through the execution `other`."""
    digest = blake2b(b"images\na b.png", digest_size=16).hexdigest()
    document = {"version": version_of(PNG), "answer": 1, "answered": NOW.isoformat(), "sends_order": False}
    keys = ["ground_truth/bikes/2026/01/31/09/other.jsonl"]
    return f"review_answers/bikes/images/{digest}.json", json.dumps({**document, "keys": keys, **changed}).encode()


def test_an_execution_knows_an_answer_about_its_image_that_was_given_through_another(open_console: Open) -> None:
    objects = dict([("a b.png", PNG), answered_elsewhere()])
    page = open_console(below(objects, "first")).get("/executions/decide/first").text
    text = text_of(page)
    assert "A person answered about the same image, through another execution: motorcycle" in text
    assert 'href="/review#answer-other"' in page
    assert "No answer names this execution. Review its image" in text
    assert "No person has answered" not in text
    assert "another one now" not in text


def test_an_answer_about_an_image_that_was_replaced_since_says_so(open_console: Open) -> None:
    objects = dict([("a b.png", PNG + b"new"), answered_elsewhere()])
    text = text_of(open_console(below(objects, "first")).get("/executions/decide/first").text)
    assert "The image in S3 is another one now" in text


def test_whether_a_person_answered_is_not_guessed_where_it_cannot_be_read(open_console: Open) -> None:
    answers = below({"a b.png": PNG}, "first") | {"s3.head_object": error("403", "Forbidden")}
    text = text_of(open_console(answers).get("/executions/decide/first").text)
    assert "It cannot be read whether a person answered: s3 refused head_object: 403: Forbidden" in text
    assert "No person has answered" not in text


def of_queue(*messages: dict[str, Any], in_flight: int = 0) -> Answers:
    """Return a review queue that hands out these messages once."""
    rest = list(messages)
    counts = {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": str(in_flight)}
    return {
        "sqs.receive_message": lambda **_: {"Messages": [rest.pop()] if rest else []},
        "sqs.get_queue_attributes": {"Attributes": counts},
    }


def test_the_review_says_what_is_known_of_an_image_that_is_not_there(open_console: Open) -> None:
    objects = dict([("a b.png", PNG), answered_elsewhere()])
    page = open_console(below(objects, "first") | of_queue()).get("/review?execution=first").text
    notice = text_of(page.partition('notice tone-attention">')[2].partition("</p>")[0])
    assert notice.startswith("The image of first is not among those below, and the digits answer no image. A person")
    assert "A person answered about the same image, through another execution: motorcycle" in notice
    assert notice.endswith("Its execution is FAILED: ThresholdConfidenceNotMet.")


def test_the_review_guesses_nothing_of_an_image_that_nobody_answered(open_console: Open) -> None:
    answers = below({"a b.png": PNG}, "first") | of_queue(in_flight=3)
    text = text_of(open_console(answers).get("/review?execution=first").text)
    assert "No answer about it is on record. Its execution is FAILED: ThresholdConfidenceNotMet." in text
    assert "The queue handed out no more. 3 messages are in flight (received, and not deleted yet), 0 of them" in text
    for guess in ("has been answered", "somebody else", "Somebody else", "it comes after"):
        assert guess not in text
    assert "No message could be received. 3 in flight: received, and not deleted yet." in text


def test_the_review_says_that_an_execution_does_not_exist(open_console: Open) -> None:
    text = text_of(open_console(below({}, "first") | of_queue()).get("/review?execution=nobody").text)
    assert "The image of nobody is not among those below, and the digits answer no image. ExecutionDoesNotE" in text
