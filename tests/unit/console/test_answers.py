"""Answers of people in the review: shown where the image is, and given once for equal images."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Answers, endpoint_answers, error, record
from tests.unit.console.test_changes import BODY, STACK, workflow_answers
from tests.unit.console.test_decisions import BELOW, account, history_of, output
from tests.unit.console.test_figures import text_of

from console.aws.review import ground_truth

KEY, RECORD = ground_truth("bikes", "first", 1, NOW)


def bucket(objects: dict[str, bytes]) -> Answers:
    """Return an S3 with these objects."""

    def listed(Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        rests = [key.removeprefix(Prefix) for key in objects if key.startswith(Prefix)]
        return {
            "Contents": [{"Key": Prefix + rest, "LastModified": NOW} for rest in rests if "/" not in rest],
            "CommonPrefixes": [
                {"Prefix": f"{Prefix}{each}/"} for each in {rest.split("/")[0] for rest in rests if "/" in rest}
            ],
        }

    def head(Key: str, **_: Any) -> Any:  # noqa: N803 - AWS's name
        return {"LastModified": NOW} if Key in objects else error("404", "Not Found")

    def read(Key: str, **_: Any) -> Any:  # noqa: N803 - AWS's name
        return {"Body": BytesIO(objects[Key])} if Key in objects else error("NoSuchKey", "does not exist")

    return {"s3.list_objects_v2": listed, "s3.head_object": head, "s3.get_object": read}


def test_an_execution_says_what_a_person_answered_and_when(open_console: Open) -> None:
    answers = account([{"name": "first", "status": "FAILED", **BELOW}]) | bucket({KEY: RECORD})
    answers["stepfunctions.get_execution_history"] = {"events": history_of(output(0.61, 0.39))}
    text = text_of(open_console(answers).get("/executions/decide/first").text)
    assert "Reviewed: motorcycle , 31 Jan 09:30:00" in text
    del answers["s3.get_object"]
    assert "Reviewed" not in open_console(answers | bucket({})).get("/executions/decide/first").text


def test_the_review_shows_the_record_that_was_written_and_past_answers(open_console: Open) -> None:
    second, body = ground_truth("bikes", "second", 0, NOW)
    many = f"{KEY}-of-a-program.jsonl"
    objects = {KEY: RECORD, second: body, many: b"not one answer", "secret/key": b"private text"}
    console = open_console(workflow_answers() | bucket(objects))
    text = text_of(console.get(f"/review?done={KEY}").text)
    assert '"groundTruthData": {"data": "1"' in text
    assert "first motorcycle 31 Jan 09:30:00" in text
    assert "second bicycle 31 Jan 09:30:00" in text
    assert "private text" not in console.get("/review?done=secret/key").text


def test_an_image_that_waits_three_times_is_answered_once(open_console: Open) -> None:
    bodies = [BODY | {"execution": f"e{n}"} for n in range(3)] + [BODY | {"execution": "other", "s3_key": "b.png"}]
    messages = [
        {"MessageId": f"m{n}", "ReceiptHandle": f"r{n}", "Body": json.dumps(body)} for n, body in enumerate(bodies)
    ]
    console = open_console(workflow_answers() | {"sqs.receive_message": {"Messages": messages}})
    page = console.get("/review").text
    assert page.count("says the model") == 2
    assert "This image waits 3 times: your answer goes for all." in page
    answer = console.post("/review", "decision=m0:1")
    assert "count=3" in answer.headers["location"]
    written = [request["Key"].rpartition("/")[2] for request in console.session.asked("s3.put_object")]
    assert sorted(written) == ["e0.jsonl", "e1.jsonl", "e2.jsonl"]
    assert len(console.session.asked("sqs.delete_message")) == 3


def test_equal_images_share_a_tile_where_the_least_certain_are_first(open_console: Open) -> None:
    same = record("e1", [0.61, 0.39])
    lines = [same.replace("execution-e1", f"execution-{n}") for n in range(12)] + [record("e2", [0.7, 0.3])]
    files = {"data_capture/bikes/AllTraffic/2026/01/31/09/a.jsonl": "\n".join(lines).encode()}
    console = open_console(endpoint_answers(files))
    page = console.get("/endpoints/bikes?order=least").text
    assert "12 times" in page
    assert page.count("<b>0.6100</b>") == 1
    assert "13</b> of 13 records" in page
    assert console.get("/endpoints/bikes").text.count("<b>0.6100</b>") == 12


def test_a_tile_says_what_a_person_answered(open_console: Open) -> None:
    files = {
        "data_capture/bikes/AllTraffic/2026/01/31/09/a.jsonl": record("e1", [0.61, 0.39]).encode(),
        ground_truth("bikes", "execution-e1", 1, NOW)[0]: RECORD,
    }
    answers = endpoint_answers(files) | {"cloudformation.describe_stacks": {"Stacks": [STACK]}}
    assert "reviewed: motorcycle" in open_console(answers).get("/endpoints/bikes").text
