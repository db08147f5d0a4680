"""The review of a certain image of a long queue: one whose answer was undone, or that of an execution."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from tests.unit.console.conftest import Console, Open
from tests.unit.console.doubles import PNG, Answers, bucket, send_batch
from tests.unit.console.test_changes import BODY, workflow_answers
from tests.unit.console.test_review import correct, decide

from console.aws.review.desk import HELD_MAX
from console.aws.review.queue_search import SEARCHED_MAX

URL = "http://queue/review"
KEY = "ground_truth/bikes/2026/01/30/23/{}.jsonl"


class Queue:
    """A queue of SQS: a message that was received is hidden until it is let go, and then comes last."""

    def __init__(self, length: int, receives_max: int = 1000) -> None:
        self.receives_max, self.numbers = receives_max, count()
        self.receives: dict[str, int] = {}
        self.bodies: dict[str, str] = {}
        self.sent: dict[str, datetime] = {}
        self.visible: list[str] = []
        for number in range(length):
            body = BODY | {"execution": f"e{number}", "s3_key": f"{number}.png", "confidence": 0.5 + number / 10_000}
            self.send(json.dumps(body))

    def send(self, MessageBody: str, QueueUrl: str = URL, sent: datetime | None = None) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Take a message; `sent` is when, if it is not now."""
        name = f"m{next(self.numbers)}"
        if QueueUrl != URL:
            return {"MessageId": name}  # an order
        self.bodies[name], self.sent[name] = MessageBody, sent or datetime.now(UTC)
        self.visible.append(name)
        return {"MessageId": name}

    def receive(self, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        names, self.visible = self.visible[:MaxNumberOfMessages], self.visible[MaxNumberOfMessages:]
        self.receives |= {name: self.receives.get(name, 0) + 1 for name in names}
        return {"Messages": [self._message(name) for name in names]}

    def release(self, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.visible += [each["ReceiptHandle"] for each in Entries if each["VisibilityTimeout"] == 0]
        return {}

    def delete(self, ReceiptHandle: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.bodies.pop(ReceiptHandle)
        return {}

    def delete_all(self, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        for each in Entries:
            self.delete(each["ReceiptHandle"])
        return {"Successful": [{"Id": each["Id"]} for each in Entries]}

    def attributes(self, **_: Any) -> dict[str, Any]:
        policy = json.dumps({"maxReceiveCount": self.receives_max})
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.bodies)), "RedrivePolicy": policy}}

    def answers(self, objects: dict[str, bytes] | None = None) -> Answers:
        """Return the answers of an account with this queue, and a bucket with these objects or an image for each."""
        images = {f"{number}.png": PNG for number in range(len(self.bodies))}
        return (
            workflow_answers()
            | bucket(images if objects is None else objects)
            | {
                "sqs.send_message": self.send,
                "sqs.send_message_batch": send_batch(self.send),
                "sqs.receive_message": self.receive,
                "sqs.change_message_visibility_batch": self.release,
                "sqs.delete_message": self.delete,
                "sqs.delete_message_batch": self.delete_all,
                "sqs.get_queue_attributes": self.attributes,
            }
        )

    def _message(self, name: str) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(self.receives[name]),
            "SentTimestamp": str(int(self.sent[name].timestamp() * 1000)),
        }
        return {"MessageId": name, "ReceiptHandle": name, "Body": self.bodies[name], "Attributes": attributes}


def images_of(page: str) -> list[str]:
    return re.findall(r'src="/objects/images/(\w+\.png)[^"]*" alt="The image to review"', page)


def under_the_digits(page: str) -> list[str]:
    """Return the messages that the digits answer."""
    return re.findall(r'value="(m\d+):\d"[^>]*data-press', page)


def undo(console: Console, *executions: str) -> str:
    answer = correct(console, "undo", *(KEY.format(each) for each in executions))
    return str(console.get(answer.headers["location"]).text)


def test_an_image_whose_answer_is_undone_is_the_first_again(open_console: Open) -> None:
    queue = Queue(40)
    console = open_console(queue.answers())
    assert images_of(console.get("/review").text)[0] == "0.png"
    decide(console, "m0:1")
    console.get("/review")  # the desk is full again: the undone image has no place of its own
    console.get("/review")
    page = undo(console, "e0")
    assert images_of(page)[0] == "0.png"
    assert set(under_the_digits(page)) == {"m40"}
    assert "and the first below" in page
    assert len(images_of(page)) == HELD_MAX
    assert len(queue.visible) == 40 - HELD_MAX  # all others can be received again


@pytest.mark.parametrize("number", [3, 25, 399])
def test_the_link_of_an_execution_leads_to_its_image_in_a_long_queue(open_console: Open, number: int) -> None:
    queue = Queue(400)
    page = open_console(queue.answers()).get(f"/review?execution=e{number}").text
    assert images_of(page)[0] == f"{number}.png"
    assert set(under_the_digits(page)) == {f"m{number}"}
    assert len(queue.visible) == 400 - len(images_of(page))


def test_the_digits_answer_no_other_image_if_the_one_that_was_wanted_is_not_there(open_console: Open) -> None:
    queue = Queue(SEARCHED_MAX + 100)
    console = open_console(queue.answers())
    page = console.get("/review?execution=nobody").text
    assert "is not among those below" in page
    assert under_the_digits(page) == []
    assert len(queue.visible) == SEARCHED_MAX + 100 - len(images_of(page))
    assert under_the_digits(console.get("/review").text) != []


def test_a_search_moves_no_message_to_the_dead_letters(open_console: Open) -> None:
    queue = Queue(30, receives_max=10)
    console = open_console(queue.answers())
    for _ in range(20):
        console.get("/review?execution=nobody")
    assert max(queue.receives.values()) <= 6


def test_one_message_that_waits_is_told_in_plain_words(open_console: Open) -> None:
    page = open_console(Queue(1).answers() | bucket({"0.png": PNG})).get("/review").text
    assert "1 message waits for an answer. It is held for you for five minutes." in page


def test_the_number_that_waits_is_that_of_messages_and_not_of_images(open_console: Open) -> None:
    queue = Queue(0)
    for number in range(5):
        queue.send(json.dumps(BODY | {"execution": f"e{number}"}))
    console = open_console(queue.answers() | bucket({"a.png": PNG}))
    page = console.get("/review").text
    assert "5 messages wait for an answer. 5 of them, about one image, are held for you for five minutes." in page
    assert "5 of these messages are about this image" in page
    assert "<small>messages</small>" in console.get("/").text
