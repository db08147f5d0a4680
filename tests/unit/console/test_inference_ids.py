"""The executions of captured records: names that are longer than an inference id, and executions that are gone."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from tests.unit.console.conftest import Console, Open
from tests.unit.console.doubles import NOW, Answers, bucket, endpoint_answers, error, ground_truth, record
from tests.unit.console.test_changes import STACK, workflow_answers

from console import pages
from console.aws.history import inference_ids

NAME = "f0ffb50c-0152-48b9-98cb-8a24f06c337a_7af7aead-3bf1-4a5d-b470-b335e0c21fb5"
"""As EventBridge names an execution: 73 characters."""
STACKS = {"cloudformation.describe_stacks": {"Stacks": [STACK]}}
FILE = "data_capture/bikes/AllTraffic/2026/01/31/09/a.jsonl"


def sent_by(execution: str, **metadata: Any) -> bytes:
    """Return a capture file with the record of one execution."""
    line = json.loads(record("e1", [0.9, 0.1]))
    line["eventMetadata"] |= {"inferenceId": execution[-64:], **metadata}
    return json.dumps(line).encode()


def executions(*names: str, page: int = 1000) -> Answers:
    """Return the answers of a workflow with these executions, the newest first."""

    def listed(nextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        start = int(nextToken)
        rows = [
            {"name": name, "executionArn": f"arn:{name}", "status": "SUCCEEDED", "startDate": NOW, "stopDate": NOW}
            for name in names[start : start + page]
        ]
        return {"executions": rows} | ({"nextToken": str(start + page)} if start + page < len(names) else {})

    def described(executionArn: str) -> Any:  # noqa: N803 - AWS's name
        name = executionArn.rpartition(":")[2]
        known = {"name": name, "executionArn": executionArn, "stateMachineArn": "", "status": "SUCCEEDED"}
        return known | {"startDate": NOW} if name in names else error("ExecutionDoesNotExist")

    machine = {"name": "decide", "stateMachineArn": ":stateMachine:decide", "type": "STANDARD", "creationDate": NOW}
    return {
        "stepfunctions.list_executions": listed,
        "stepfunctions.describe_execution": described,
        "stepfunctions.list_state_machines": {"stateMachines": [machine]},
    }


def links(console: Console) -> list[str]:
    """Return the execution to which the page of each picture of the gallery leads; nothing if there is none."""
    pages = re.findall(r'<a href="([^"]*)"><img', console.get("/endpoints/bikes").text)
    found = [re.findall(r'href="(/executions/[^"]*)"', console.get(unescape(each)).text) for each in pages]
    return ["".join(each) for each in found]


@pytest.mark.parametrize("names", [(NAME,), ("other", "x" * 9 + NAME[9:], *map(str, range(2500)), NAME)])
def test_a_captured_image_leads_to_its_execution_whose_name_is_longer_than_the_id(
    open_console: Open, names: tuple[str, ...]
) -> None:
    console = open_console(endpoint_answers({FILE: sent_by(NAME)}) | STACKS | executions(*names))
    (link,) = links(console)
    assert link in {f"/executions/decide/{name}" for name in names if name.endswith(NAME[9:])}


def test_a_captured_image_whose_execution_is_gone_leads_nowhere(open_console: Open) -> None:
    files = {FILE: sent_by(NAME) + b"\n" + sent_by("short")}
    console = open_console(endpoint_answers(files) | STACKS | executions("other"))
    assert links(console) == ["", ""]


def test_the_whole_name_in_a_record_tells_two_executions_with_one_end(open_console: Open) -> None:
    files = {FILE: sent_by(NAME, customAttributes=[f"execution={NAME}"])}
    console = open_console(endpoint_answers(files) | STACKS | executions("x" * 9 + NAME[9:], NAME))
    assert links(console) == [f"/executions/decide/{NAME}"]


def test_the_execution_of_a_short_id_is_found_however_many_are_newer(
    open_console: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference_ids, "EXECUTIONS_MAX", 2)
    files = {FILE: sent_by("short") + b"\n" + sent_by(NAME) + b"\n" + sent_by("nobody")}
    newer = executions("a", "b", "c", NAME, "short", page=2)
    console = open_console(endpoint_answers(files) | STACKS | newer)
    assert sorted(links(console)) == ["", "", "/executions/decide/short"]


def test_a_name_that_is_known_is_a_link_where_executions_cannot_be_read(open_console: Open) -> None:
    refused = dict.fromkeys(executions(), error("AccessDeniedException"))
    files = {FILE: sent_by("short") + b"\n" + sent_by(NAME)}
    console = open_console(endpoint_answers(files) | STACKS | refused)
    assert sorted(links(console)) == ["", "/executions/decide/short"]


def test_an_answer_of_another_program_leads_to_its_execution_if_it_is_there(open_console: Open) -> None:
    objects = dict(ground_truth("bikes", name, 1, NOW) for name in (NAME, "gone"))
    console = open_console(workflow_answers() | bucket(objects) | executions(NAME))
    past = console.get("/review").text.partition("Past answers")[2]
    assert re.findall(r'href="/executions/decide/([^"]*)"', past) == [NAME]
    assert "gone" in past


def test_the_review_does_not_wait_for_an_execution_that_is_gone(
    open_console: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "budget_s", lambda *_: 0.0)
    objects = dict([ground_truth("bikes", "gone", 1, NOW)])
    console = open_console(workflow_answers() | bucket(objects) | executions("a", "b", "c", "d", page=1))
    assert "gone" in console.get("/review").text
    assert len(console.session.asked("stepfunctions.list_executions")) == 1
