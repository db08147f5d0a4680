"""The page of a captured record, to which every captured picture leads."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.unit.console.conftest import Console, Open
from tests.unit.console.doubles import NOW, Answers, bucket, endpoint_answers, ground_truth, record
from tests.unit.console.test_changes import STACK, workflow_answers
from tests.unit.console.test_drift import answers as drift_answers
from tests.unit.console.test_drift import report
from tests.unit.console.test_endpoints import FILES
from tests.unit.console.test_figures import rows_of, text_of
from tests.unit.console.test_inference_ids import STACKS

FILE = "data_capture/bikes/AllTraffic/2026/01/31/09/a.jsonl"
LATER = NOW + timedelta(minutes=5)


def direct(**changed: Any) -> str:
    """Return the record of a client that invokes the endpoint itself: it has no inference id."""
    line = json.loads(record("e1", [0.9, 0.1], LATER))
    del line["eventMetadata"]["inferenceId"]
    for side, members in changed.items():
        line["captureData"][side] |= members
    return json.dumps(line)


def place(line: str, at: int = 0) -> str:
    return urlencode({"file": FILE, "at": at, "size": len(line)})


def account(line: str) -> Answers:
    """Return an account of the workflow whose endpoint captured one record."""
    return workflow_answers() | endpoint_answers({FILE: line.encode()}) | STACKS


def shown(console: Console, line: str) -> dict[str, str]:
    """Return the rows of the page of a record."""
    page = console.get(f"/endpoints/bikes/captures?{place(line)}")
    assert page.status == 200
    return {name: cells[0] for name, cells in rows_of(page.text).items() if cells}


def pictures(page: str) -> list[str]:
    """Return where the pictures of a page lead to."""
    return [unescape(each) for each in re.findall(r'<a href="([^"]*)"><img', page)]


def test_a_record_that_no_execution_sent_has_a_page(open_console: Open) -> None:
    line = direct(endpointOutput={"observedContentType": "application/json"})
    console = open_console(account(line))  # nothing has been read of what the endpoint captured
    page = console.get(f"/endpoints/bikes/captures?{place(line)}").text
    assert "bicycle 0.9000" in text_of(page.partition("<h1>")[2].partition("</h1>")[0])
    (picture,) = re.findall(r'class="captured" src="([^"]*)"', page)
    assert console.get(unescape(picture)).body[8:] == b"e1"
    rows = shown(console, line)
    assert re.findall(r'<th>time</th><td><time datetime="([^"]+)"', page) == ["2026-01-31T09:35:00.000+00:00"]
    expected = {"endpoint": "bikes", "variant": "AllTraffic", "model": "m", "event id": "e1", "inference id": "none"}
    assert {name: rows[name] for name in expected} == expected
    assert rows["execution"] == "none is named: the request had no inference id"
    assert rows["review"] == "no answer on record"
    assert (rows["request"], rows["answer"]) == ("image/png 10 B", "application/json 10 B")
    assert rows["captured in"] == f"s3://images/{FILE}"


@pytest.mark.parametrize("query", ["", "?order=least", "?class=1"])
def test_every_captured_picture_leads_to_the_page_of_its_record(open_console: Open, query: str) -> None:
    console = open_console(endpoint_answers(FILES))
    links = pictures(console.get(f"/endpoints/bikes{query}").text)
    assert links
    for link in links:
        page = console.get(link)
        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")


def test_an_unusual_image_of_the_monitor_leads_to_the_page_of_its_record(open_console: Open) -> None:
    runs = {"last": {"output": json.dumps(report(0.8, True) | {"examples": ["examples/e1.png"]}), "startDate": NOW}}
    state = {"monitoring/bikes/state.json": json.dumps({"run": "last", "model": "m", "end": "", "since": ""}).encode()}
    console = open_console(drift_answers({**FILES, **state}, runs))
    (link,) = pictures(console.get("/drift/bikes").text)
    assert "event id" in rows_of(console.get(link).text)
    missing = console.get("/endpoints/bikes/captures?event=nobody")
    assert missing.status == 404
    assert "none of the 3 captured records that were read has the event id" in missing.text


def test_a_picture_that_is_opened_alone_becomes_its_page(open_console: Open) -> None:
    line = direct()
    console = open_console(account(line))
    address = f"/endpoints/bikes/captures/image?{place(line)}"
    opened = console.send("GET", address, "", {"Sec_Fetch_Dest": "document"})
    assert opened.status == 302
    assert shown(console, line)["event id"] == "e1"
    assert opened.headers["location"] == f"/endpoints/bikes/captures?{place(line)}"
    image = console.get(address)
    assert image.headers["content-type"] == "image/png"
    assert image.headers["vary"] == "Sec-Fetch-Dest"  # a browser keeps the image for an hour
    assert "style-src 'unsafe-inline'" in image.headers["content-security-policy"]
    assert console.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "query",
    [
        "file=secret.jsonl&at=0&size=9",
        f"file={FILE}&at=1&size=9",
        f"file={FILE}&at=0&size=0",
        f"file={FILE}&at=0&size={'9' * 15}",
        f"file={FILE}&at={'9' * 5000}&size=9",
        f"file={FILE}&at=0",
        "",
    ],
)
def test_only_captured_records_have_a_page(open_console: Open, query: str) -> None:
    console = open_console(account(direct()))
    for part in ("", "/image"):
        assert console.get(f"/endpoints/bikes/captures{part}?{query}").status == 404


@pytest.mark.parametrize(("query", "events"), [("", ["e2", "e1", "e3"]), ("order=least", ["e3", "e2", "e1"])])
def test_the_records_beside_one_are_those_of_the_filter(open_console: Open, query: str, events: list[str]) -> None:
    console = open_console(endpoint_answers(FILES))
    link = pictures(console.get(f"/endpoints/bikes?{query}").text)[0]
    seen = []
    while link:
        page = console.get(link).text
        seen.append(rows_of(page)["event id"][0])
        link = "".join(map(unescape, re.findall(r'rel="next" href="([^"]*)"', page)))
    assert sorted(seen) == sorted(events)
    assert seen[0] == events[0]
    assert f"{query}{'&' if query else ''}page=0#captures" in unescape(page)
    assert 'rel="prev"' in page


def test_a_record_from_before_a_change_of_the_endpoint_does_not_claim_the_model_of_now(open_console: Open) -> None:
    answers, line = account(direct()), direct()
    assert shown(open_console(answers), line)["model"] == "m"
    answers["sagemaker.describe_endpoint"] |= {"LastModifiedTime": LATER + timedelta(seconds=1)}
    changed = shown(open_console(answers), line)["model"]
    assert "The record does not name the model that answered, and the endpoint has changed since" in changed
    answers["sagemaker.describe_endpoint"] |= {"LastModifiedTime": NOW, "EndpointStatus": "Updating"}
    assert "and the endpoint is Updating." in shown(open_console(answers), line)["model"]
    answers["sagemaker.describe_endpoint_config"] = {"ProductionVariants": []}
    assert shown(open_console(answers), line)["model"].startswith("unknown")


def test_the_version_of_the_registry_is_named_if_the_model_was_made_from_one(open_console: Open) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/bikes/2"
    made = {"sagemaker.describe_model": {"PrimaryContainer": {"ModelPackageName": arn, "ModelDataUrl": "s3://a/b"}}}
    line = direct()
    page = open_console(account(line) | made).get(f"/endpoints/bikes/captures?{place(line)}").text
    assert '<a href="/models/bikes/2">bikes version 2</a>' in page


def test_a_record_of_an_execution_has_what_a_person_answered(open_console: Open) -> None:
    line = record("e1", [0.6, 0.4])
    key, body = ground_truth("bikes", "execution-e1", 1, NOW + timedelta(minutes=40))  # it was decided an hour later
    objects = {FILE: line.encode(), key: body}
    console = open_console(account(line) | bucket(objects) | STACKS)
    assert shown(console, line)["review"].startswith("A person answered: motorcycle")
    assert "#answer-execution-e1" in console.get(f"/endpoints/bikes/captures?{place(line)}").text


def test_a_record_without_a_picture_or_probabilities_shows_its_texts(open_console: Open) -> None:
    line = direct(
        endpointInput={"observedContentType": "text/csv", "encoding": "CSV", "data": "5.1,3.5"},
        endpointOutput={"encoding": "JSON", "data": '{"species": "<setosa>"}'},
    )
    console = open_console(account(line))
    page = console.get(f"/endpoints/bikes/captures?{place(line)}").text
    for text in ("5.1,3.5", '"species": "<setosa>"', "The request is no PNG, JPEG or GIF image", "no probabilities"):
        assert text in text_of(page)
    assert 'class="captured"' not in page
    gallery = console.get("/endpoints/bikes").text
    assert f'<a href="/endpoints/bikes/captures?{place(line)}">'.replace("&", "&amp;") in gallery


def test_an_endpoint_without_a_workflow_has_pages_of_its_records(open_console: Open) -> None:
    line = direct()
    console = open_console(endpoint_answers({FILE: line.encode()}))
    rows = shown(console, line)
    assert "execution" not in rows
    assert "threshold" not in console.get(f"/endpoints/bikes/captures?{place(line)}").text


def test_the_share_of_requests_to_capture_is_no_figure_of_what_was_captured(open_console: Open) -> None:
    page = open_console(endpoint_answers(FILES)).get("/endpoints/bikes").text
    assert "Captured</dt><dd>3<small>records of any time</small>" in page
    assert "Data capture is set to record 100 % of the requests. How many it recorded is counted below." in page


def test_no_page_has_a_link_to_a_raw_file(open_console: Open) -> None:
    console = open_console({**drift_answers({**FILES}), "cloudformation.describe_stacks": {"Stacks": [STACK]}})
    paths = ("/endpoints/bikes", "/endpoints/bikes?order=least", "/review", "/executions/scones-monitor/second")
    for path in paths:
        links = re.findall(r'<a[^>]* href="([^"]*)"', console.get(path).text)
        assert not [each for each in links if each.startswith("/objects/") or "/captures/image" in each], path


@pytest.mark.parametrize(
    "metadata",
    [
        {"inferenceTime": "9999-12-31T23:59:59-12:00"},
        {"inferenceTime": "0001-01-01T00:00:00+12:00"},
        {"inferenceId": ["a", "list"]},
        {"inferenceId": {"an": "object"}, "eventId": {"an": "object"}},
        {"inferenceId": None, "customAttributes": "no list"},
        {"inferenceId": "\ud800", "eventId": "\ud800"},
    ],
    ids=str,
)
def test_a_record_of_an_odd_form_breaks_no_page(open_console: Open, metadata: dict[str, Any]) -> None:
    odd = json.loads(direct())
    odd["eventMetadata"] |= metadata
    line = json.dumps(odd)
    console = open_console(account(f"{line}\n{direct()}"))
    assert console.get("/endpoints/bikes").status == 200
    assert console.get(f"/endpoints/bikes/captures?{place(direct(), len(line) + 1)}").status == 200
    assert console.get(f"/endpoints/bikes/captures?{place(line)}").status in (200, 404)


def test_a_record_that_the_endpoint_did_not_capture_has_no_page_of_it(open_console: Open) -> None:
    line, other = direct(), FILE.replace("/bikes/", "/cars/")
    console = open_console(account(line) | endpoint_answers({FILE: line.encode(), other: line.encode()}))
    for part in ("", "/image"):
        assert console.get(f"/endpoints/bikes/captures{part}?{place(line)}").status == 200
        assert console.get(f"/endpoints/bikes/captures{part}?{place(line).replace('bikes', 'cars')}").status == 404
