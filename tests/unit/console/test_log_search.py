"""The search of logs: over all functions, in any case, errors only, and one invocation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Answers, history
from tests.unit.console.test_decisions import account
from tests.unit.console.test_figures import text_of

from console.aws import log_search
from console.aws.history.visits import request_in, visits

ID = "0b0d5f9e-6f5e-4c6b-9d2b-2c1a7f1e9a00"
OTHER = ID.replace("0b", "1c")
STAMP = int(NOW.timestamp() * 1000)
LINES = [
    f"START RequestId: {OTHER}",
    f"END RequestId: {OTHER}",
    f"START RequestId: {ID}",
    "printed without an id",
    f"[ERROR]\t2026-01-31T09:30:00Z\t{ID}\tImageNotFound: <none>",
    f"REPORT RequestId: {ID}",
    "START of another",
]


def functions(lines: list[str]) -> Answers:
    """Return two functions, of which one wrote these lines."""
    groups = ["/aws/lambda/serialize", "/aws/lambda/filter", "/aws/sagemaker/TrainingJobs"]

    def events(logGroupName: str, startTime: int, endTime: int = STAMP * 2, **_: Any) -> dict[str, Any]:  # noqa: N803
        rows: list[dict[str, Any]] = [
            {"logStreamName": "s", "timestamp": STAMP + n, "message": line}
            for n, line in enumerate(lines if logGroupName == groups[0] else [])
        ]
        return {"events": [row for row in rows if startTime <= row["timestamp"] < endTime or endTime > STAMP + 99]}

    return {
        "logs.describe_log_groups": {"logGroups": [{"logGroupName": name} for name in groups]},
        "logs.filter_log_events": events,
    }


def test_errors_of_all_functions_lead_to_their_invocation_and_their_execution(open_console: Open) -> None:
    cause = json.dumps({"errorMessage": "no image", "errorType": "ImageNotFound", "requestId": ID})
    failed = {"name": "broken", "status": "FAILED", "error": "ImageNotFound", "cause": cause}
    console = open_console(account([failed]) | functions(LINES))
    page = console.get("/logs?errors=only&hours=1").text
    assert "1 line, the newest first" in text_of(page)
    assert f'href="/logs?group=%2Faws%2Flambda%2Fserialize&amp;request={ID}"' in page
    assert 'href="/executions/decide/broken"' in page
    assert "31 Jan 09:30:00" in page
    assert "&lt;none&gt;" in page
    asked = {request["logGroupName"] for request in console.session.asked("logs.filter_log_events")}
    assert asked == {"/aws/lambda/serialize", "/aws/lambda/filter"}


def test_a_line_without_an_id_leads_to_the_invocation_that_wrote_it(open_console: Open) -> None:
    page = open_console(functions(LINES)).get("/logs?text=printed+without").text
    assert f'request={ID}" title="{ID}">{ID[:8]}</a>' in page
    before = open_console(functions(["[ERROR] too old to know", *LINES])).get("/logs?text=too+old+to+know").text
    assert "1 line, the newest first" in text_of(before)
    assert "title=" not in before.partition("<tbody>")[2]


def test_a_line_after_the_last_invocation_that_was_read_leads_to_none(
    open_console: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "STARTS_MAX", 1)
    page = open_console(functions(LINES)).get("/logs?text=printed+without").text
    assert ID not in page


def test_a_text_is_searched_and_marked_in_any_case(open_console: Open) -> None:
    console = open_console(functions(LINES))
    page = console.get("/logs?group=/aws/lambda/serialize&text=error").text
    assert "[<mark>ERROR</mark>]" in page
    assert console.get("/logs?text=imagenotfound").text.count("<mark>ImageNotFound</mark>") == 1


def test_an_invocation_has_the_lines_between_its_first_and_its_last(open_console: Open) -> None:
    text = text_of(open_console(functions(LINES)).get(f"/logs?group=/aws/lambda/serialize&request={ID}").text)
    assert "4 lines of the invocation" in text
    assert "printed without an id" in text
    assert OTHER not in text
    assert "START of another" not in text


@pytest.mark.parametrize("where", ["group=%2Faws%2Flambda%2Fserialize&", ""])
def test_a_search_without_a_line_gives_the_advice_that_fits(open_console: Open, where: str) -> None:
    console = open_console(account([]) | functions([]))
    errors = text_of(console.get(f"/logs?{where}errors=only&hours=1").text)
    assert "Look further back." in errors
    assert "shorter text" not in errors
    assert "Look further back, or for a shorter text." in text_of(console.get(f"/logs?{where}text=bike&hours=1").text)
    assert "Look for a shorter text." in text_of(console.get(f"/logs?{where}text=bike&hours=168").text)
    assert "Look" not in text_of(console.get(f"/logs?{where}errors=only&hours=168").text)


def test_one_line_is_one_line(open_console: Open) -> None:
    console = open_console(account([]) | functions(["ERROR: none"]))
    where = "/logs?group=%2Faws%2Flambda%2Fserialize&hours=168"
    assert "1 line." in text_of(console.get(f"{where}&text=none").text)
    assert "1 line of errors." in text_of(console.get(f"{where}&errors=only").text)


def test_the_search_of_all_functions_says_that_it_is_of_functions_only(open_console: Open) -> None:
    console = open_console(account([]) | functions(LINES))
    words = "Functions only: the logs of jobs and endpoints are searched in their own groups."
    assert words in text_of(console.get("/logs").text)
    assert words not in text_of(console.get("/logs?group=%2Faws%2Flambda%2Fserialize").text)


def test_an_invocation_without_lines_says_so(open_console: Open) -> None:
    assert f"No line has the id {ID}" in open_console(functions([])).get(f"/logs?group=g&request={ID}").text


def test_a_state_knows_the_invocation_of_its_function() -> None:
    events = history()
    result = {"Payload": {"requestId": OTHER}, "SdkResponseMetadata": {"RequestId": ID}}
    events[5]["taskSucceededEventDetails"] = {"output": json.dumps(result)}
    assert visits(events).visits[0].request == ID
    assert request_in('{"errorMessage": "x"}') == ""
