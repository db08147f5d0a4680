"""The review: what is answered, what becomes of it, and how an answer is corrected."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from botocore.exceptions import ReadTimeoutError
from tests.unit.console.conftest import Console, Open
from tests.unit.console.doubles import NOW, PNG, Session, bucket, error, ground_truth, send_batch
from tests.unit.console.test_changes import BAYS, BODY, BODY_CLASSES, STACK, changes, workflow_answers

from console.aws.client import Aws
from console.aws.review.corrections import undo_answers
from console.aws.review.desk import ReviewDesk
from console.aws.review.ground_truth import key_of, label_in, record_of
from console.aws.review.pictures import picture_of
from console.aws.workflow import workflow
from console.errors import NotThere

KEY = "ground_truth/bikes/2026/01/30/23/first.jsonl"
LOG = "review_answers/bikes/2026/01/30/23/first."
TAKES_BACK = {"sqs.send_message_batch": send_batch(lambda **_: {})}
UNDOING = ["sqs.send_message_batch", "s3.put_object", "s3.delete_objects"]


def logged(objects: dict[str, bytes]) -> list[Any]:
    """Return the answers of the log, the oldest first."""
    return [json.loads(objects[key])["answer"] for key in sorted(objects) if key.startswith(LOG)]


def decide(console: Console, decision: str, more: str = "", page: str = "") -> Any:
    """Answer a message as a page does, that of these texts or one that is opened now: it sends the image's version."""
    message = decision.partition(":")[0]
    (version,) = re.findall(f'name="version-{message}" value="([^"]*)"', page or console.get("/review").text)
    return console.post("/review", urlencode({"decision": decision, f"version-{message}": unescape(version)}) + more)


def correct(console: Console, decision: str, *keys: str) -> Any:
    return console.post("/review/answers", urlencode({"decision": decision, "keys": json.dumps(keys or (KEY,))}))


def test_a_review_that_is_put_back_can_be_received_by_others_at_once(open_console: Open) -> None:
    console = open_console(workflow_answers())
    console.get("/review")
    assert console.post("/review", "decision=m1:back").headers["location"] == "/review"
    (request,) = console.session.asked("sqs.change_message_visibility")
    assert request == {"QueueUrl": "http://queue/review", "ReceiptHandle": "r1", "VisibilityTimeout": 0}
    assert console.session.asked("s3.put_object") == []
    assert console.post("/review", "decision=m1:1").status == 404  # it is no longer held


@pytest.mark.parametrize("body", ["hello", "[]", '{"class": null, "confidence": "high", "execution_arn": "x"}'])
def test_a_message_of_another_program_does_not_hide_the_others(open_console: Open, body: str) -> None:
    messages = [
        {"MessageId": f"m{n}", "ReceiptHandle": "r", "Body": each} for n, each in enumerate([body, json.dumps(BODY)])
    ]
    page = open_console(workflow_answers() | {"sqs.receive_message": {"Messages": messages}}).get("/review")
    assert page.status == 200
    assert page.text.count("says the model") == 2
    assert "0.6100" in page.text


def test_a_review_becomes_ground_truth_before_its_message_is_deleted(open_console: Open) -> None:
    console = open_console(workflow_answers())
    assert "0.6100" in console.get("/review").text
    answer = decide(console, "m1:1")
    assert answer.status == 303
    logged_answer, put, _ = console.session.asked("s3.put_object")
    assert label_in(put["Body"]) == 1
    assert put["Key"] == KEY  # in the hour of the decision, not of the review
    assert logged_answer["Key"].startswith(LOG)
    assert json.loads(logged_answer["Body"])["message"] == BODY
    assert changes(console)[-4:-1] == ["s3.put_object", "s3.put_object", "sqs.delete_message"]


@pytest.mark.parametrize(("label", "queue", "event"), [(0, "near", "NearOrder"), (1, "far", "FarOrder")])
def test_a_review_sends_the_order_of_its_class_if_the_person_wants_it(
    open_console: Open, label: int, queue: str, event: str
) -> None:
    parameters = [*STACK["Parameters"], {"ParameterKey": "NearClasses", "ParameterValue": "bicycle"}]
    stack = {**STACK, "Parameters": parameters, "Outputs": [*STACK["Outputs"], *BAYS]}
    message = {"MessageId": "m1", "ReceiptHandle": "r1", "Body": json.dumps(BODY | {"inferences": [0.61, 0.39]})}
    answers = {"cloudformation.describe_stacks": {"Stacks": [stack]}, "sqs.send_message": {}}
    console = open_console(workflow_answers() | answers | {"sqs.receive_message": {"Messages": [message]}})
    assert "send the order" in console.get("/review").text
    answer = decide(console, f"m1:{label}", "&order=send")
    (sent,) = console.session.asked("sqs.send_message")
    body = json.loads(sent["MessageBody"])
    assert sent["QueueUrl"] == f"http://queue/{queue}"
    assert (body["event"], body["class"], body["confidence"]) == (event, BODY_CLASSES[label], [0.61, 0.39][label])
    assert (body["execution"], body["s3_key"], body["decided_by"]) == ("first", "a.png", "review")
    assert changes(console)[-4:-1] == ["s3.put_object", "sqs.send_message", "sqs.delete_message"]
    assert f"{queue.capitalize()}%20bay" in answer.headers["location"]
    assert "order=send" in answer.headers["location"]  # the box stays as it was for the next image


@pytest.mark.parametrize("form", ["decision=other:1", "decision=m1:7", "decision=m1:x"])
def test_a_review_of_an_unknown_message_or_class_writes_nothing(open_console: Open, form: str) -> None:
    console = open_console(workflow_answers())
    console.get("/review")
    assert console.post("/review", form).status in (400, 404)
    assert console.session.asked("s3.put_object") == []


def test_ground_truth_has_the_form_that_model_monitor_reads() -> None:
    key = key_of("bikes", "x" * 80, NOW)
    record = json.loads(record_of(key, 1))
    assert key == f"ground_truth/bikes/2026/01/31/09/{'x' * 64}.jsonl"
    assert record == {
        "groundTruthData": {"data": "1", "encoding": "CSV"},
        "eventMetadata": {"eventId": "x" * 64},
        "eventVersion": "0",
    }


def test_an_image_that_waits_three_times_is_answered_once(open_console: Open) -> None:
    bodies = [BODY | {"execution": f"e{n}"} for n in range(3)] + [BODY | {"execution": "other", "s3_key": "b.png"}]
    messages = [
        {"MessageId": f"m{n}", "ReceiptHandle": f"r{n}", "Body": json.dumps(body)} for n, body in enumerate(bodies)
    ]
    console = open_console(workflow_answers() | {"sqs.receive_message": {"Messages": messages}})
    page = console.get("/review").text
    assert page.count("says the model") == 2
    assert "3 of these messages are about this image. Your answer applies to all that wait." in page
    answer = decide(console, "m0:1")
    assert answer.headers["location"].count("done=") == 3
    puts = [request["Key"] for request in console.session.asked("s3.put_object")]
    written = [key.rpartition("/")[2] for key in puts if key.startswith("ground_truth/")]
    assert sorted(written) == ["e0.jsonl", "e1.jsonl", "e2.jsonl"]
    assert len(console.session.asked("sqs.delete_message")) == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "s3://images/a.png is not there"),
        (b"<html>", "s3://images/a.png is not a PNG, JPEG or GIF image"),
        (error("SlowDown", "Please reduce your request rate"), "cannot be read: s3 refused get_object: SlowDown"),
    ],
)
def test_no_answer_is_taken_about_an_image_that_cannot_be_shown(open_console: Open, body: Any, reason: str) -> None:
    objects = {} if body is None else {"a.png": body}
    answers = workflow_answers() | bucket(objects)
    if isinstance(body, Exception):
        answers["s3.get_object"] = body
    console = open_console(answers)
    page = console.get("/review").text
    assert reason in page
    assert len(re.findall(r"data-answer disabled", page)) == len(BODY_CLASSES)
    assert "data-press" not in page
    answer = console.post("/review", "decision=m1:1")
    assert answer.status == 400
    assert reason in answer.text
    assert console.session.asked("s3.put_object") == console.session.asked("sqs.delete_message") == []


def test_no_answer_is_taken_about_an_image_other_than_the_one_shown(open_console: Open) -> None:
    objects = {"a.png": PNG}
    console = open_console(workflow_answers() | bucket(objects))
    before = console.get("/review").text
    objects["a.png"] = PNG + b"other"
    now = console.get("/review").text  # in another tab
    for page in (before, now):
        answer = decide(console, "m1:1", page=page)
        assert answer.status == (303 if page == now else 400)
        assert ("is not the image that the page showed" in answer.text) == (page == before)
        assert (console.session.asked("s3.put_object") == []) == (page == before)


def test_a_message_whose_image_is_gone_can_be_discarded(open_console: Open) -> None:
    console = open_console(workflow_answers() | bucket({}))
    assert 'formaction="/review/m1/discard" class="later" data-discard>' in console.get("/review").text
    assert "Discard this message?" in console.post("/review/m1/discard").text
    assert console.session.asked("sqs.delete_message") == []
    assert console.post("/review/m1/discard", "confirmed=yes").headers["location"] == "/review"
    (request,) = console.session.asked("sqs.delete_message")
    assert request["ReceiptHandle"] == "r1"
    assert console.session.asked("s3.put_object") == []


def test_an_answer_that_is_undone_puts_its_image_back_and_stays_on_record(open_console: Open) -> None:
    objects = {"a.png": PNG}
    console = open_console(workflow_answers() | bucket(objects) | TAKES_BACK)
    console.get("/review")
    done = decide(console, "m1:1").headers["location"]
    assert parse_qs(urlsplit(done).query)["done"] == [KEY]
    assert "Undo" in console.get(done).text
    answer = correct(console, "undo")
    assert answer.headers["location"] == "/review?undone=1&execution=first"
    (sent,) = console.session.asked("sqs.send_message_batch")
    (entry,) = sent["Entries"]
    assert (sent["QueueUrl"], json.loads(entry["MessageBody"])) == ("http://queue/review", BODY)
    assert [name for name, _ in console.session.calls][-3:] == UNDOING
    assert KEY not in objects
    assert logged(objects) == [1, None]
    assert correct(console, "undo").status == 404  # it is in the queue once, not twice
    assert len(console.session.asked("sqs.send_message_batch")) == 1


def test_a_changed_answer_replaces_the_ground_truth_and_the_first_stays_on_record(open_console: Open) -> None:
    objects = {"a.png": PNG}
    console = open_console(workflow_answers() | bucket(objects))
    console.get("/review")
    decide(console, "m1:1")
    console.get("/review")
    answer = correct(console, "0")
    assert answer.headers["location"] == f"/review?done={quote(KEY)}"
    assert label_in(objects[KEY]) == 0
    assert logged(objects) == [1, 0]
    page = console.get("/review").text
    assert "before: motorcycle" in page
    past = page[page.index("Past answers") :]
    assert 'value="0"' not in past  # the answer that holds is not offered again
    assert f'src="/objects/images/{BODY["s3_key"]}"' in page[page.index("Past answers") :]
    del objects["a.png"]
    assert correct(console, "1").status == 400  # nobody can see what it shows
    assert label_in(objects[KEY]) == 0


def test_an_answer_of_another_program_is_kept_when_it_is_replaced(open_console: Open) -> None:
    objects = {"a.png": PNG, KEY: ground_truth("bikes", "first", 0, NOW)[1]}
    console = open_console(workflow_answers() | bucket(objects))
    assert "answered elsewhere" in console.get("/review").text
    assert correct(console, "1").status == 400  # the console does not know its image
    decide(console, "m1:1")
    assert label_in(objects[KEY]) == 1
    assert logged(objects) == [0, 1]


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("decision", "keys"),
    [
        ("1", "[]"),
        ("1", "no list"),
        ("1", json.dumps([KEY] * 13)),
        ("1", "[1]"),
        ("1", "[" * 5000),
        ("7", json.dumps([KEY])),
        ("x", json.dumps([KEY])),
        ("1", '["secret/key.jsonl"]'),
        ("undo", '["ground_truth/other/first.jsonl"]'),
        ("undo", '["ground_truth/bikes/2026/01/30/23/nobody.jsonl"]'),
    ],
)
def test_a_correction_of_something_else_changes_nothing(open_console: Open, decision: str, keys: str) -> None:
    objects = {"a.png": PNG}
    console = open_console(workflow_answers() | bucket(objects))
    console.get("/review")
    decide(console, "m1:1")
    before, changed = dict(objects), changes(console)
    answer = console.post("/review/answers", urlencode({"decision": decision, "keys": keys}))
    assert answer.status == 400
    assert (objects, changes(console)) == (before, changed)


def test_the_image_of_an_execution_is_the_first_of_the_review(open_console: Open) -> None:
    bodies = [BODY, BODY | {"execution": "wanted", "s3_key": "b.png", "confidence": 0.9}]
    messages = [
        {"MessageId": f"m{n}", "ReceiptHandle": f"r{n}", "Body": json.dumps(body)} for n, body in enumerate(bodies)
    ]
    images = bucket({"a.png": PNG, "b.png": PNG})
    console = open_console(workflow_answers() | images | {"sqs.receive_message": {"Messages": messages}})
    page = console.get("/review?execution=wanted").text
    assert page.index("b.png") < page.index("a.png")
    assert page.count('class="is-wanted"') == 1
    assert "is not among those below" in console.get("/review?execution=unknown").text


@pytest.mark.parametrize("key", ["a.png#b", "a b?c=d.png", "50%.png"])
def test_the_image_shown_is_the_one_of_the_message(open_console: Open, key: str) -> None:
    message = {"MessageId": "m1", "ReceiptHandle": "r1", "Body": json.dumps(BODY | {"s3_key": key})}
    objects = {key: PNG}
    console = open_console(workflow_answers() | bucket(objects) | {"sqs.receive_message": {"Messages": [message]}})

    def source() -> str:
        (path,) = re.findall(r'src="([^"]+)" alt="The image to review"', console.get("/review").text)
        return str(path)

    first = source()
    assert console.get(first).body == PNG
    objects[key] = PNG + b"other"
    assert source() != first  # a browser keeps images for an hour


def test_a_message_that_is_delivered_twice_is_answered_once(open_console: Open) -> None:
    messages = [{"MessageId": f"m{n}", "ReceiptHandle": f"r{n}", "Body": json.dumps(BODY)} for n in range(2)]
    stack = {**STACK, "Outputs": [*STACK["Outputs"], *BAYS]}
    answers = {"cloudformation.describe_stacks": {"Stacks": [stack]}, "sqs.send_message": {}}
    objects = {"a.png": PNG}
    console = open_console(
        workflow_answers() | bucket(objects) | answers | {"sqs.receive_message": {"Messages": messages}}
    )
    console.get("/review")
    answer = decide(console, "m0:1", "&order=send")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["done"] == [KEY]
    assert logged(objects) == [1]
    assert len(console.session.asked("sqs.send_message")) == 1
    assert {each["ReceiptHandle"] for each in console.session.asked("sqs.delete_message")} == {"r0", "r1"}


def test_an_answer_that_is_sent_twice_at_once_is_written_once() -> None:
    objects = {"a.png": PNG}
    aws = Aws(Session(workflow_answers() | bucket(objects)))

    async def answer_twice() -> list[Any]:
        stack = await workflow(aws)
        assert stack is not None
        desk = ReviewDesk()
        await desk.fill(aws, stack)
        version = (await picture_of(aws, "images", "a.png")).version
        answers = (desk.answer(aws, stack, "m1", label, version) for label in (1, 0))
        return list(await asyncio.gather(*answers, return_exceptions=True))

    first, second = asyncio.run(answer_twice())
    assert first == [KEY]
    assert isinstance(second, NotThere)
    assert logged(objects) == [1]
    assert label_in(objects[KEY]) == 1


def test_an_undoing_that_is_sent_twice_at_once_puts_the_image_back_once() -> None:
    objects = {"a.png": PNG}
    session = Session(workflow_answers() | bucket(objects) | TAKES_BACK)
    aws = Aws(session)

    async def undo_twice() -> list[Any]:
        stack = await workflow(aws)
        assert stack is not None
        desk = ReviewDesk()
        await desk.fill(aws, stack)
        await desk.answer(aws, stack, "m1", 1, (await picture_of(aws, "images", "a.png")).version)
        undoings = (undo_answers(aws, stack, desk.log, [KEY]) for _ in range(2))
        return list(await asyncio.gather(*undoings, return_exceptions=True))

    first, second = asyncio.run(undo_twice())
    assert first == ["first"]  # the name of its execution
    assert isinstance(second, NotThere)
    assert len(session.asked("sqs.send_message_batch")) == 1


def test_nothing_is_undone_while_the_log_cannot_be_read(open_console: Open) -> None:
    objects = {"a.png": PNG}
    answers = workflow_answers() | bucket(objects)
    console = open_console(answers | TAKES_BACK)
    console.get("/review")
    decide(console, "m1:1")
    console.session.answers["s3.list_objects_v2"] = error("SlowDown", "Please reduce your request rate")
    assert correct(console, "undo").status == 502
    assert console.session.asked("sqs.send_message_batch") == []
    assert label_in(objects[KEY]) == 1


def test_an_image_that_breaks_off_is_a_problem_of_its_own(open_console: Open) -> None:
    class Broken(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise ReadTimeoutError(endpoint_url="http://s3")

    console = open_console(workflow_answers() | {"s3.get_object": lambda **_: {"Body": Broken()}})
    page = console.get("/review")
    assert page.status == 200
    assert "s3://images/a.png cannot be read" in page.text
    assert console.get("/objects/images/a.png").status == 502


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    "body",
    [
        '{"confidence": 1' + "0" * 400 + "}",
        "[" * 5000,
        r'{"s3_bucket": "images", "s3_key": "\ud800.png"}',
        r'{"s3_bucket": "\ud800", "s3_key": "a.png", "execution": "\ud800"}',
        '{"s3_bucket": ["images"], "s3_key": {"a": 1}, "time": 5, "class": [], "execution_arn": []}',
    ],
)
def test_a_monstrous_message_does_not_break_the_page(open_console: Open, body: str) -> None:
    message = {"MessageId": "m1", "ReceiptHandle": "r1", "Body": body}
    console = open_console(workflow_answers() | {"sqs.receive_message": {"Messages": [message]}})
    assert console.get("/review").status == 200


def test_a_past_answer_leads_to_its_execution_whose_name_is_longer_than_the_id(open_console: Open) -> None:
    name = "nightly-" * 9 + "1"
    message = {"MessageId": "m1", "ReceiptHandle": "r1", "Body": json.dumps(BODY | {"execution": name})}
    row = {"name": name, "executionArn": name, "status": "FAILED", "startDate": NOW, "stopDate": NOW}
    listed = {"stepfunctions.list_executions": {"executions": [row]}}
    console = open_console(workflow_answers() | listed | {"sqs.receive_message": {"Messages": [message]}})
    console.get("/review")
    decide(console, "m1:1")
    assert f'href="/executions/decide/{name}"' in console.get("/review").text
