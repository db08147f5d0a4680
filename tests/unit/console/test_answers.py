"""Answers of people in the review: shown where the image is, and given once for equal images."""

from __future__ import annotations

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, bucket, endpoint_answers, ground_truth, record
from tests.unit.console.test_changes import STACK, workflow_answers
from tests.unit.console.test_decisions import BELOW, account, history_of, output
from tests.unit.console.test_figures import text_of

KEY, RECORD = ground_truth("bikes", "first", 1, NOW)


def test_an_execution_says_what_a_person_answered_and_when(open_console: Open) -> None:
    answers = account([{"name": "first", "status": "FAILED", **BELOW}]) | bucket({KEY: RECORD})
    answers["stepfunctions.get_execution_history"] = {"events": history_of(output(0.61, 0.39))}
    page = open_console(answers).get("/executions/decide/first").text
    assert "A person answered: motorcycle , 31 Jan 09:30:00" in text_of(page)
    assert 'href="/review#answer-first"' in page
    unanswered = open_console(answers | bucket({})).get("/executions/decide/first").text
    assert "A person answered" not in unanswered
    assert "No person has answered yet. Review this image" in text_of(unanswered)
    assert 'href="/review?execution=first"' in unanswered


def test_the_review_shows_the_record_that_was_written_and_past_answers(open_console: Open) -> None:
    second, body = ground_truth("bikes", "second", 0, NOW)
    many = f"{KEY}-of-a-program.jsonl"
    objects = {KEY: RECORD, second: body, many: b"not one answer", "secret/key": b"private text"}
    console = open_console(workflow_answers() | bucket(objects))
    text = text_of(console.get(f"/review?done={KEY}").text)
    assert f"Written: motorcycle {KEY} {{" in text
    assert '"groundTruthData": {"data": "1"' in text
    assert "first motorcycle answered elsewhere 31 Jan 09:30:00" in text
    assert "second bicycle answered elsewhere 31 Jan 09:30:00" in text
    assert "private text" not in console.get("/review?done=secret/key").text


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
