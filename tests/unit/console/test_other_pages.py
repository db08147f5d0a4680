"""The registry, queues, logs and search."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, endpoint_answers, error, job, log, machine_answers
from tests.unit.console.test_changes import STACK, workflow_answers

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/bikes/2"
VERSION = {
    "ModelPackageGroupName": "bikes",
    "ModelPackageVersion": 2,
    "ModelPackageArn": ARN,
    "ModelApprovalStatus": "Approved",
    "CreationTime": NOW,
}
MODEL = {"Containers": [{"Image": "algorithm:1", "ModelDataUrl": "s3://images/models/bikes-1/output/model.tar.gz"}]}
REGISTRY: dict[str, Any] = {
    "sagemaker.list_model_package_groups": {
        "ModelPackageGroupSummaryList": [{"ModelPackageGroupName": "bikes", "CreationTime": NOW}]
    },
    "sagemaker.list_model_packages": {"ModelPackageSummaryList": [VERSION]},
    "sagemaker.describe_model_package": {"InferenceSpecification": MODEL},
    "sagemaker.describe_training_job": job("bikes-1"),
    **endpoint_answers({}),
    "sagemaker.list_endpoints": {
        "Endpoints": [
            {"EndpointName": "bikes", "EndpointStatus": "InService", "CreationTime": NOW, "LastModifiedTime": NOW}
        ]
    },
}


def test_the_lineage_leads_from_the_data_to_the_endpoint(open_console: Open) -> None:
    page = open_console(REGISTRY).get("/models/bikes/2").text
    lineage = page[page.index("Lineage") :]
    places = [
        lineage.index(text)
        for text in ("s3://images/train/", "/training-jobs/bikes-1", "model.tar.gz", "/endpoints/bikes")
    ]
    assert places == sorted(places)
    assert "0.9375" in lineage


def test_a_version_that_does_not_exist_is_a_404(open_console: Open) -> None:
    for number in ("9", "0", "x", "9" * 5000):
        assert open_console(REGISTRY).get(f"/models/bikes/{number}").status == 404


def test_the_registry_names_the_newest_and_the_newest_approved_version(open_console: Open) -> None:
    page = open_console(REGISTRY).get("/models").text
    assert page.count('href="/models/bikes/2"') == 2


def test_a_group_without_a_version_says_that_none_was_registered(open_console: Open) -> None:
    page = (
        open_console(REGISTRY | {"sagemaker.list_model_packages": {"ModelPackageSummaryList": []}}).get("/models").text
    )
    assert "<small>created <time" in page
    assert '<td class="number"><span class="quiet">none</span></td>' in page


def test_queues_have_the_counts_of_sqs(open_console: Open) -> None:
    attributes = {"ApproximateNumberOfMessages": "12", "ApproximateNumberOfMessagesNotVisible": "3"}
    urls = {"QueueUrls": ["http://queue/review", "http://queue/other"]}
    answers = {"sqs.list_queues": urls, "sqs.get_queue_attributes": {"Attributes": attributes}}
    page = open_console(workflow_answers() | answers).get("/queues").text
    assert page.count('<td class="number">12</td><td class="number">3</td>') == 2
    assert 'href="/review"' in page


def test_a_search_of_a_log_marks_what_was_searched(open_console: Open) -> None:
    stamp = int(NOW.timestamp() * 1000)
    events = {"events": [{"timestamp": stamp, "message": "a <b>bad</b> error here"}]}
    console = open_console({"logs.filter_log_events": events, **log()})
    page = console.get("/logs?group=/aws/lambda/f&text=error").text
    assert "a &lt;b&gt;bad&lt;/b&gt; <mark>error</mark> here" in page
    assert console.session.asked("logs.filter_log_events")[0]["filterPattern"] == '?"error" ?"ERROR" ?"Error"'


def test_the_end_of_a_stream_is_shown(open_console: Open) -> None:
    page = open_console(log("first", "last")).get("/logs?group=/aws/lambda/f&stream=bikes/algo-1").text
    assert "first" in page
    assert "last" in page


def test_a_log_opens_at_its_end_at_its_start_or_at_its_last_error(open_console: Open) -> None:
    console = open_console(log("first", "ERROR: one", "MemoryError: two", "last"))
    at_end, at_start, at_error = (
        console.get(f"/logs?group=/aws/lambda/f&stream=bikes/algo-1{at}").text for at in ("", "&at=start", "&at=error")
    )
    assert 'data-opens="end"' in at_end
    assert "data-stream" in at_end
    assert 'data-opens="start"' in at_start
    assert "data-stream" not in at_start
    assert "The first 4 lines" in at_start
    assert re.findall(r'<span id="failure"><i>[^<]+</i>([^\n]+)', at_error) == ["MemoryError: two"]


def test_the_log_of_a_failed_job_opens_at_its_last_error(open_console: Open) -> None:
    lines = log("first", "RuntimeError: no data", "done")
    failed = open_console({"sagemaker.describe_training_job": job(status="Failed"), **lines})
    assert re.findall(r'<span id="failure"><i>[^<]+</i>([^\n]+)', failed.get("/training-jobs/bikes").text) == [
        "RuntimeError: no data"
    ]
    completed = open_console({"sagemaker.describe_training_job": job(status="Completed"), **lines})
    assert 'id="failure"' not in completed.get("/training-jobs/bikes").text


def test_a_search_with_one_hit_leads_to_its_page(open_console: Open) -> None:
    console = open_console(machine_answers())
    assert console.get("/search?q=firs").headers["location"] == "/executions/decide/first"
    assert "Nothing has this" in console.get("/search?q=nothing-like-it").text


@pytest.mark.parametrize(
    ("asked", "page"), [("DRIFT", "/drift/bikes"), ("queue", "/queues"), ("last+hour", "/failures")]
)
def test_a_page_is_found_by_its_name(open_console: Open, asked: str, page: str) -> None:
    monitor = {"OutputKey": "MonitorStateMachineArn", "OutputValue": ":monitor"}
    stack = {**STACK, "Outputs": [*STACK["Outputs"], monitor]}
    console = open_console({"cloudformation.describe_stacks": {"Stacks": [stack]}})
    assert console.get(f"/search?q={asked}").headers["location"] == page


def test_pipelines_and_schedules_are_found_by_their_names(open_console: Open) -> None:
    pipeline = {"PipelineName": "night-train", "LastModifiedTime": NOW}
    schedule = {
        "MonitoringScheduleName": "Night-watch",
        "MonitoringScheduleStatus": "Scheduled",
        "MonitoringType": "DataQuality",
        "EndpointName": "bikes",
        "CreationTime": NOW,
        "LastModifiedTime": NOW,
    }
    answers = {
        "sagemaker.list_pipelines": {"PipelineSummaries": [pipeline]},
        "sagemaker.list_monitoring_schedules": {"MonitoringScheduleSummaries": [schedule]},
    }
    page = open_console(answers).get("/search?q=night").text
    assert 'href="/pipelines/night-train"' in page
    assert 'href="/monitoring/Night-watch"' in page


def test_a_model_made_from_a_version_of_the_registry_leads_to_its_job_and_its_data(open_console: Open) -> None:
    made = {"sagemaker.describe_model": {"PrimaryContainer": {"ModelPackageName": ARN}}}
    console = open_console(REGISTRY | made)
    assert 'href="/training-jobs/bikes-1"' in console.get("/endpoints/bikes").text
    lineage = console.get("/models/bikes/2").text
    assert 'href="/endpoints/bikes"' in lineage[lineage.index("Lineage") :]


def test_each_version_has_its_accuracy_and_its_job(open_console: Open) -> None:
    package = {"InferenceSpecification": MODEL, "CustomerMetadataProperties": {"accuracy": "0.8125"}}
    page = open_console(REGISTRY | {"sagemaker.describe_model_package": package}).get("/models/bikes").text
    assert '<td class="number">0.8125</td>' in page
    assert 'href="/training-jobs/bikes-1"' in page


def version(number: int) -> dict[str, Any]:
    return {**VERSION, "ModelPackageVersion": number, "ModelPackageArn": ARN.replace("/2", f"/{number}")}


def made_by(number: int) -> dict[str, Any]:
    place = f"s3://images/models/bikes-{number}/output/model.tar.gz"
    accuracy = {"accuracy": f"0.8{number}"}
    containers = [{"Image": "algorithm:1", "ModelDataUrl": place}]
    return {"InferenceSpecification": {"Containers": containers}, "CustomerMetadataProperties": accuracy}


def many_versions(searchable: int, count: int = 50) -> dict[str, Any]:
    """Return the answers of an account with a group, of whose versions Search has only the first ones."""

    def search(SearchExpression: Any, MaxResults: int, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert SearchExpression["Filters"][0]["Value"] == "bikes"
        found = [{"ModelPackage": {**version(n), **made_by(n)}} for n in range(searchable, 0, -1)]
        return {"Results": found[:MaxResults]}

    def describe(ModelPackageName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return made_by(int(ModelPackageName.rpartition("/")[2]))

    listed = {"ModelPackageSummaryList": [version(number) for number in range(count, 0, -1)]}
    answers = {"sagemaker.list_model_packages": listed, "sagemaker.search": search}
    return REGISTRY | answers | {"sagemaker.describe_model_package": describe}


@pytest.mark.parametrize("searchable", [0, 47, 50])
def test_every_version_of_a_page_has_its_job(open_console: Open, searchable: int) -> None:
    console = open_console(many_versions(searchable))
    page = console.get("/models/bikes").text
    assert all(f'<a href="/training-jobs/bikes-{n}">bikes-{n}</a>' in page for n in range(1, 51))
    assert all(f'<td class="number">0.8{n}</td>' in page for n in range(1, 51))
    assert len(console.session.asked("sagemaker.describe_model_package")) == 50 - searchable


def test_a_version_that_may_not_be_read_says_so(open_console: Open) -> None:
    denied = error("AccessDeniedException", "not authorized")
    answers = many_versions(47) | {"sagemaker.describe_model_package": denied}
    page = open_console(answers).get("/models/bikes").text
    assert page.count("not read") == 3


def test_older_groups_are_on_pages_of_their_own(open_console: Open) -> None:
    listed = {**REGISTRY["sagemaker.list_model_package_groups"], "NextToken": "more"}
    console = open_console(REGISTRY | {"sagemaker.list_model_package_groups": listed})
    assert 'href="/models?after=more"' in console.get("/models").text
    console.get("/models?after=more")
    assert console.session.asked("sagemaker.list_model_package_groups")[-1]["NextToken"] == "more"


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "No endpoint serves it now."), (30, "None of the newest 20 endpoints serves it.")],
)
def test_a_version_in_service_nowhere_is_only_said_of_the_endpoints_that_were_asked(
    open_console: Open, count: int, words: str
) -> None:
    row = REGISTRY["sagemaker.list_endpoints"]["Endpoints"][0]
    listed = {"Endpoints": [{**row, "EndpointName": f"bikes-{number}"} for number in range(count)]}
    other = {"InferenceSpecification": {"Containers": [{"Image": "a:1", "ModelDataUrl": "s3://images/other.tar.gz"}]}}
    answers = REGISTRY | {"sagemaker.list_endpoints": listed, "sagemaker.describe_model_package": other}
    assert words in open_console(answers).get("/models/bikes/2").text
