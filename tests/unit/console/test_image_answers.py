"""One answer applies to all messages about its image, also to those that are received after it."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.console.conftest import Console, Open
from tests.unit.console.doubles import PNG, error
from tests.unit.console.test_changes import BAYS, BODY, STACK
from tests.unit.console.test_review import correct, decide
from tests.unit.console.test_review_queue import Queue, images_of

from console.aws.review.corrections import batches
from console.aws.review.ground_truth import label_in
from console.aws.review.image_answers import KEYS_MAX

BEFORE, AFTER = "2020-01-30T23:59:59.123Z", "2999-01-30T23:59:59.123Z"
LONG_AGO = datetime(2020, 1, 31, tzinfo=UTC)
KEY = "ground_truth/bikes/2020/01/30/23/{}.jsonl"


class Account:
    """A console over a queue of messages about one image, and the bucket."""

    def __init__(self, open_console: Open, **stack: Any) -> None:
        self.queue = Queue(0)
        self.objects = {"a.png": PNG}
        self.answers = self.queue.answers(self.objects)
        self.answers |= {"cloudformation.describe_stacks": {"Stacks": [STACK | stack]}}
        self.console: Console = open_console(self.answers)

    def send(self, *executions: str, time: str = BEFORE, sent: datetime | None = LONG_AGO) -> None:
        """Send a message of each execution that claims a time of the decision. SQS got it then, or now if None."""
        for each in executions:
            self.queue.send(json.dumps(BODY | {"execution": each, "s3_key": "a.png", "time": time}), sent=sent)

    def review(self) -> str:
        return str(self.console.get("/review").text)

    def answer(self, label: int, more: str = "", page: str = "") -> str:
        """Answer the first message of a page, or of the review as it is now, and return the next page."""
        page = page or self.review()
        message = re.findall(r'value="(m\d+):0"', page)[0]
        answer = decide(self.console, f"{message}:{label}", more, page)
        return str(self.console.get(answer.headers["location"]).text)

    def labels(self) -> dict[str, int | None]:
        """Return the labels in the ground truth, by execution."""
        truth = {key: body for key, body in self.objects.items() if key.startswith("ground_truth/")}
        return {key.rpartition("/")[2].removesuffix(".jsonl"): label_in(body) for key, body in truth.items()}


@pytest.fixture
def account(open_console: Open) -> Account:
    return Account(open_console)


def test_an_answer_goes_for_messages_that_are_received_after_it(account: Account) -> None:
    account.send("e0")
    first = account.review()
    assert images_of(first) == ["a.png"]
    account.send(*(f"e{number}" for number in range(1, 40)))
    page = account.answer(1, page=first)
    assert images_of(page) == []
    assert "39 more messages were about images that have an answer already: they got the same answer." in page
    assert account.labels() == {f"e{number}": 1 for number in range(40)}
    assert account.queue.bodies == {}


@pytest.mark.parametrize("newer", [{"time": AFTER}, {"sent": None}])
def test_a_message_that_is_newer_than_the_answer_waits_for_a_person(account: Account, newer: dict[str, Any]) -> None:
    """A sender can claim any time of a decision: SQS knows when it got the message."""
    account.send("e0")
    account.answer(1)
    account.send("e1", **newer)
    assert images_of(account.review()) == ["a.png"]
    assert account.labels() == {"e0": 1}


def test_an_image_that_was_replaced_waits_for_a_person(account: Account) -> None:
    account.send("e0")
    account.answer(1)
    account.objects["a.png"] = PNG + b"another"
    account.send("e1")
    assert images_of(account.review()) == ["a.png"]


def test_undoing_an_answer_puts_all_of_its_messages_back(account: Account) -> None:
    account.send("e0")
    page = account.review()
    account.send("e1", "e2")
    account.answer(1, page=page)
    answer = correct(account.console, "undo", KEY.format("e0"))
    assert answer.headers["location"] == "/review?undone=3&execution=e0&execution=e1&execution=e2"
    assert account.labels() == {}
    page = account.console.get(answer.headers["location"]).text
    assert images_of(page) == ["a.png"]
    assert "3 of these messages are about this image" in page
    assert account.labels() == {}


def test_changing_an_answer_changes_it_for_all_and_for_what_comes_later(account: Account) -> None:
    account.send("e0")
    page = account.review()
    account.send("e1")
    account.answer(1, page=page)
    correct(account.console, "0", KEY.format("e1"))
    account.send("e2")
    account.review()
    assert account.labels() == {"e0": 0, "e1": 0, "e2": 0}


def test_a_change_of_many_records_does_not_say_too_few(account: Account) -> None:
    account.send(*(f"e{number}" for number in range(30)))
    account.answer(1)
    assert account.labels() == {f"e{number}": 1 for number in range(30)}
    answer = correct(account.console, "0", KEY.format("e0"))
    assert account.labels() == {f"e{number}": 0 for number in range(30)}
    assert "for at least 12 executions" in account.console.get(answer.headers["location"]).text


def test_changing_the_answer_about_an_image_that_was_replaced_says_nothing_about_the_new_one(account: Account) -> None:
    account.send("e0")
    account.answer(1)
    account.objects["a.png"] = PNG + b"another"
    correct(account.console, "0", KEY.format("e0"))
    account.send("e1")
    assert images_of(account.review()) == ["a.png"]
    assert account.labels() == {"e0": 0}


@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_no_answer_is_repeated_where_the_console_may_not_change_the_account(
    account: Account, open_console: Open, service: str
) -> None:
    account.send("e0")
    account.answer(1)
    account.send("e1")
    console = open_console(account.answers, elsewhere=[service])
    assert console.get("/review").status == 200
    assert account.labels() == {"e0": 1}
    assert len(account.queue.bodies) == 1


def test_undoing_finds_the_records_that_were_written_before_an_error(account: Account) -> None:
    account.send("e0")
    account.answer(1)
    account.send("e1", "e2")
    delete = account.console.session.answers["sqs.delete_message_batch"]
    account.console.session.answers["sqs.delete_message_batch"] = error("AccessDenied")
    assert images_of(account.review()) == ["a.png"]  # a person can still answer them
    account.console.session.answers["sqs.delete_message_batch"] = delete
    assert account.labels() == {"e0": 1, "e1": 1, "e2": 1}
    correct(account.console, "undo", KEY.format("e0"))
    assert account.labels() == {}


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2020-01-30", "soon", ""])
def test_a_message_with_any_time_does_not_break_the_page(account: Account, time: str) -> None:
    account.send("e0")
    account.answer(1)
    account.send("e1", time=time)
    assert account.console.get("/review").status == 200


@pytest.mark.parametrize("changed", [{"answer": -1}, {"answer": 7}, {"answer": 1e999}, {"answered": "2019-01-01"}])
def test_an_answer_about_an_image_that_cannot_be_one_is_none(account: Account, changed: dict[str, Any]) -> None:
    account.send("e0")
    account.answer(1)
    (kept,) = [key for key in account.objects if "/images/" in key]
    account.objects[kept] = json.dumps(json.loads(account.objects[kept]) | changed).encode()
    account.send("e1")
    assert images_of(account.review()) == ["a.png"]


def test_an_answer_that_became_a_thousand_records_with_long_names_holds(account: Account) -> None:
    account.send("e0")
    account.answer(1)
    (kept,) = [key for key in account.objects if "/images/" in key]
    keys = [KEY.format(f"{number:04}" + "\U0001f6b2" * 60) for number in range(KEYS_MAX)]
    keys = [key.replace("bikes", "b" * 63) for key in keys]
    account.objects[kept] = json.dumps(json.loads(account.objects[kept]) | {"keys": keys}).encode()
    account.send("e1")
    account.review()
    assert account.labels() == {"e0": 1, "e1": 1}


def test_changing_an_earlier_answer_leaves_the_newest_one_about_the_image(account: Account) -> None:
    account.send("e0")
    account.answer(1)
    account.objects["a.png"] = PNG + b"another"
    account.send("e1")
    account.answer(0)
    correct(account.console, "1", KEY.format("e0"))
    account.send("e2")
    account.review()
    assert account.labels() == {"e0": 1, "e1": 0, "e2": 0}


def test_each_message_sends_its_order_once_if_the_person_wanted_orders(open_console: Open) -> None:
    account = Account(open_console, Outputs=[*STACK["Outputs"], *BAYS])
    account.send("e0")
    page = account.review()
    account.send("e1", "e1")  # SQS may deliver a message twice
    account.answer(1, "&order=send", page=page)
    sent = [each for each in account.console.session.asked("sqs.send_message") if each["QueueUrl"].endswith("/far")]
    assert [json.loads(each["MessageBody"])["execution"] for each in sent] == ["e0", "e1"]


def test_a_bucket_that_refuses_the_answer_leaves_the_message_to_a_person(account: Account) -> None:
    account.send("e0")
    account.answer(1)
    account.send("e1")
    account.console.session.answers["s3.put_object"] = error("AccessDenied")
    assert images_of(account.review()) == ["a.png"]
    assert len(account.queue.bodies) == 1


def test_an_undoing_of_hundreds_of_records_makes_few_calls_for_each(account: Account) -> None:
    account.send(*(f"e{number}" for number in range(300)))
    account.answer(1)
    while len(account.labels()) < 300:
        account.review()
    account.console.session.calls.clear()
    answer = correct(account.console, "undo", KEY.format("e7"))
    assert answer.headers["location"].startswith("/review?undone=300&")
    counts = Counter(name for name, _ in account.console.session.calls)
    assert counts.pop("s3.put_object") == 300  # the log has an entry of its own for each
    assert (counts["sqs.send_message_batch"], counts["s3.delete_objects"]) == (30, 30)
    assert counts.total() < 70
    assert account.labels() == {}
    assert len(account.queue.bodies) == 300


def test_a_change_of_hundreds_of_records_makes_few_calls_for_each(account: Account) -> None:
    account.send(*(f"e{number}" for number in range(300)))
    account.answer(1)
    while len(account.labels()) < 300:
        account.review()
    account.console.session.calls.clear()
    correct(account.console, "0", KEY.format("e7"))
    assert account.labels() == {f"e{number}": 0 for number in range(300)}
    counts = Counter(name for name, _ in account.console.session.calls)
    assert counts.pop("s3.put_object") == 2 * 300 + 1  # entries, records, and the answer about the image
    assert counts.total() < 10


def test_messages_that_are_received_later_take_few_calls_each(account: Account) -> None:
    account.send("e0")
    account.answer(1)
    account.review()
    account.send(*(f"e{number}" for number in range(1, 91)))
    account.console.session.calls.clear()
    account.review()
    assert account.labels() == {f"e{number}": 1 for number in range(91)}
    counts = Counter(name for name, _ in account.console.session.calls)
    assert counts["s3.put_object"] == 2 * 90 + 9  # entries and records, and the answer about the image
    assert counts["sqs.delete_message_batch"] == 9
    assert counts["sqs.delete_message"] == 0
    assert counts["s3.list_objects_v2"] < 60


@pytest.mark.parametrize("refuses", ["sqs.send_message_batch", "s3.delete_objects"])
def test_an_undoing_that_is_refused_in_part_says_so_and_leaves_the_rest(account: Account, refuses: str) -> None:
    account.send("e0")
    page = account.review()
    account.send("e1")
    account.answer(1, page=page)
    answers = account.console.session.answers
    allowed, refused = answers[refuses], {"Code": "AccessDenied", "Message": "not you"}

    def refuse_one(**request: Any) -> dict[str, Any]:
        if "Delete" in request:
            kept = request["Delete"]["Objects"].pop()
            return {**allowed(**request), "Errors": [{"Key": kept["Key"], **refused}]}
        kept = request["Entries"].pop()
        return {**allowed(**request), "Failed": [{"Id": kept["Id"], **refused}]}

    answers[refuses] = refuse_one
    answer = correct(account.console, "undo", KEY.format("e0"))
    assert answer.status == 502
    assert "1 of the answers were not undone, and still hold: AccessDenied: not you" in answer.text
    assert account.labels() == {"e1": 1}


def test_messages_are_sent_in_batches_that_sqs_takes() -> None:
    small = {str(number): "x" for number in range(25)}
    assert [len(batch) for batch in batches(small)] == [10, 10, 5]
    large = {"a": "x" * 200_000, "b": "\u20ac" * 30_000, "c": "x" * 300_000, "d": "x"}
    assert [list(batch) for batch in batches(large)] == [["a"], ["b"], ["c"], ["d"]]


def test_a_page_tells_the_count_of_its_own_opening(account: Account) -> None:
    """Two tabs share the messages that are held. The count of one was once that of the other."""
    account.send("e0")
    account.answer(1)
    account.send("e1")
    listed, other = account.answers["s3.list_objects_v2"], list[str]()

    def opened_meanwhile(**request: Any) -> Any:
        if request["Prefix"] == "ground_truth/bikes/" and not other:
            other.append("")  # past answers are read after the messages: another tab is opened just then
            other[0] = account.review()
        return listed(**request)

    account.console.session.answers["s3.list_objects_v2"] = opened_meanwhile
    assert "One more message was about an image that has an answer already" in account.review()
    assert "more message" not in other[0]
