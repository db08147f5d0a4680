"""Endpoints: their figures, and the images that they captured."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.unit.console.conftest import Console, Open
from tests.unit.console.doubles import NOW, Session, endpoint_answers, error, nothing, record
from tests.unit.console.test_changes import STACK

from console import pages
from console.aws.client import Aws
from console.routes import VIEWS
from console.site import Site
from console.templates import environment
from console.views.endpoints import days

FILES = {
    "data_capture/bikes/AllTraffic/2026/01/31/09/a.jsonl": "\n".join(
        [record("e1", [0.9, 0.1]), record("e2", [0.2, 0.8], NOW + timedelta(seconds=5)), ""]
    ).encode(),
    "data_capture/bikes/AllTraffic/2026/01/31/10/b.jsonl": f"{record('e3', [0.55, 0.45])}\nnot a record\n".encode(),
}


@pytest.fixture
def console(open_console: Open) -> Console:
    return open_console(endpoint_answers(FILES))


def shown(console: Console, query: str = "") -> list[str]:
    """Return the confidences of the pictures on the page, in their order."""
    page = console.get(f"/endpoints/bikes{query}").text
    return re.findall(r"<b>(0\.\d{4})</b>", page)


def test_the_figures_are_those_of_cloudwatch(console: Console) -> None:
    page = console.get("/endpoints/bikes").text
    for figure in (
        "Invocations</dt><dd>4",
        "Server errors</dt><dd>1",
        "Latency</dt><dd>4 ms",
        "95 % within</dt><dd>10 ms",
    ):
        assert figure in page
    for text in ("Slowest</dt><dd>10 ms", "per minute", "1 → 2"):
        assert text in page
    assert 'href="/training-jobs/bikes-1"' in page


def test_an_endpoint_is_shown_where_cloudwatch_has_no_percentiles(open_console: Open) -> None:
    answers = endpoint_answers(FILES)
    metrics = answers["cloudwatch.get_metric_data"]

    def without_percentiles(**request: Any) -> Any:
        asked = {query["MetricStat"]["Stat"] for query in request["MetricDataQueries"]}
        return error("InternalError", "'p95'") if asked & {"p50", "p95", "p99"} else metrics(**request)

    page = open_console(answers | {"cloudwatch.get_metric_data": without_percentiles}).get("/endpoints/bikes").text
    assert "Slowest</dt><dd>10 ms" in page
    assert "p95" not in page


@pytest.mark.parametrize(
    ("query", "confidences"),
    [
        ("", ["0.8000", "0.9000", "0.5500"]),
        ("?order=least", ["0.5500", "0.8000", "0.9000"]),
        ("?class=1", ["0.8000"]),
        ("?low=0.7&high=0.85", ["0.8000"]),
        ("?to=2026-01-31T09:30:00", ["0.9000", "0.5500"]),
        ("?from=2026-01-31T09:30:01", ["0.8000"]),
    ],
)
def test_captured_images_are_filtered_and_ordered(console: Console, query: str, confidences: list[str]) -> None:
    assert sorted(shown(console, query)) == sorted(confidences)
    if "order" in query:
        assert shown(console, query) == confidences


def test_a_line_that_is_no_record_is_counted(console: Console) -> None:
    assert "1 lines of the capture files are not captured records" in console.get("/endpoints/bikes").text


def test_each_picture_is_read_from_its_place_in_the_file(console: Console) -> None:
    page = console.get("/endpoints/bikes").text
    addresses = re.findall(r'src="(/endpoints/bikes/captures[^"]+)"', page)
    images = {console.get(address.replace("&amp;", "&")).body[8:] for address in addresses}
    assert images == {b"e1", b"e2", b"e3"}


def test_only_captured_records_can_be_read_as_captures(console: Console) -> None:
    assert console.get("/endpoints/bikes/captures?file=secret.jsonl&at=0").status == 404


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("low=much", "Confidence from is 'much': it must be a number from 0 to 1, for example 0.9"),
        ("low=nan", "Confidence from is 'nan': it must be a number from 0 to 1, for example 0.9"),
        ("high=90", "Confidence to is '90': it must be a number from 0 to 1, for example 0.9"),
        ("class=bike", "Class is 'bike': it must be the number of a class, for example 0"),
        ("class=" + 5000 * "9", "…': it must be the number of a class, for example 0"),
        ("from=today", "From (UTC) is 'today': it must be a date"),
        ("to=25:00", "To (UTC) is '25:00': it must be a date"),
        ("order=most", "order is 'most': it must be one of newest, least"),
        ("range=2h", "range is '2h': it must be one of 30min, 1h, 3h, 24h, 7d"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named_and_the_way_back_keeps_the_others(
    console: Console, fault: str, words: str
) -> None:
    answer = console.get(f"/endpoints/bikes?page=1&{fault}&q=x")
    assert answer.status == 400
    assert words in unescape(answer.text)
    assert "could not convert" not in answer.text
    assert 'href="/endpoints/bikes?page=1&amp;q=x">Back</a>' in answer.text


def test_an_object_that_is_no_image_is_not_served(open_console: Open) -> None:
    files = {"page.html": b"<script>", "a.png": b"\x89PNG\r\n\x1a\n"}
    console = open_console(endpoint_answers(files))
    assert console.get("/objects/images/page.html").status == 400
    assert console.get("/objects/images/a.png").headers["content-type"] == "image/png"


def test_an_update_under_way_shows_its_stage_and_its_share_of_the_traffic(open_console: Open) -> None:
    pending = {
        "EndpointConfigName": "bikes-config-2",
        "StartTime": NOW,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "CurrentWeight": 0.25,
                "DesiredWeight": 1.0,
                "CurrentInstanceCount": 1,
                "DesiredInstanceCount": 4,
                "VariantStatus": [{"Status": "Baking", "StatusMessage": "Canary bakes", "StartTime": NOW}],
            }
        ],
    }
    answers = endpoint_answers(FILES)
    answers["sagemaker.describe_endpoint"] |= {"EndpointStatus": "Updating", "PendingDeploymentSummary": pending}
    page = open_console(answers).get("/endpoints/bikes").text
    for text in (
        "Update under way",
        "bikes-config-2",
        "Baking",
        "Canary bakes",
        ">1 of 4<",
        ">0.25 of 1<",
        "25 % of its requests",
    ):
        assert text in page


def test_the_least_certain_images_of_a_day_are_one_click_away(console: Console) -> None:
    assert "order=least#captures" in console.get("/endpoints/bikes").text
    assert days(NOW) == [
        ("today", "from=2026-01-31T00:00"),
        ("yesterday", "from=2026-01-30T00:00&to=2026-01-31T00:00"),
    ]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("InService", "The last update was rolled back, and bikes-config serves again.</b> alarm errors"),
        ("RollingBack", "The update is being rolled back to bikes-config.</b> alarm errors"),
        ("Failed", '<p class="notice tone-bad">alarm errors'),
    ],
)
def test_a_deployment_that_was_rolled_back_says_so(open_console: Open, status: str, text: str) -> None:
    answers = endpoint_answers(FILES)
    answers["sagemaker.describe_endpoint"] |= {"EndpointStatus": status, "FailureReason": "alarm errors"}
    assert text in open_console(answers).get("/endpoints/bikes").text


def test_captures_that_are_still_to_be_read_are_not_counted_as_none() -> None:
    aws = Aws(Session(nothing() | endpoint_answers(FILES)))
    site = Site(aws, environment(lambda name: name), page_reads_s=0)
    (view,) = (view for view in VIEWS if view.path == "/endpoints/{name}")

    async def opened() -> web.StreamResponse:
        request = make_mocked_request("GET", "/endpoints/bikes", match_info={"name": "bikes"})
        return await pages.handler(site, view)(request)

    page = asyncio.run(opened())
    aws.close()
    assert isinstance(page, web.Response)
    assert "Captured</dt><dd>reading…<" in str(page.text)


def test_the_model_of_an_endpoint_is_compared_with_that_of_the_newest_job(open_console: Open) -> None:
    newest = {"TrainingJobName": "bikes-2", "TrainingJobStatus": "Completed", "CreationTime": NOW}
    listed = {"sagemaker.list_training_jobs": {"TrainingJobSummaries": [newest]}}
    page = open_console(endpoint_answers(FILES) | listed).get("/endpoints/bikes").text
    assert 'href="/training-jobs/compare?name=bikes-1&name=bikes-2"' in page.replace("&amp;", "&")


def test_a_model_of_no_known_job_says_that_there_is_nothing_to_compare(open_console: Open) -> None:
    model = {"sagemaker.describe_model": {"PrimaryContainer": {"ModelDataUrl": "s3://images/mine.tar.gz"}}}
    page = open_console(endpoint_answers(FILES) | model).get("/endpoints/bikes").text
    assert "its training job is unknown" in page
    assert "training-jobs/compare" not in page


def test_the_chart_of_confidences_has_a_narrow_form_with_its_axis_and_threshold(open_console: Open) -> None:
    stacks = {"cloudformation.describe_stacks": {"Stacks": [STACK]}}
    page = open_console(endpoint_answers(FILES) | stacks).get("/endpoints/bikes").text
    drawn = page.partition('class="drawings"')[2].partition("</figure>")[0]
    assert re.findall(r'viewBox="0 0 (\d+) ', drawn) == ["860", "358"]
    assert drawn.count('class="threshold-name">threshold') == 2


def test_mean_and_slow_latencies_have_different_colors(console: Console) -> None:
    chart = console.get("/endpoints/bikes").text.partition("<b>Model latency</b>")[2].partition("<svg")[0]
    assert re.findall(r"key tone-(\w+)", chart) == ["ink", "busy"]


@pytest.mark.parametrize("query", ["", "?order=least"])
def test_the_histogram_counts_every_record_in_every_order(open_console: Open, query: str) -> None:
    lines = [record(f"e{n}", [share, 1 - share]) for n in range(700) for share in [0.6 + 0.39 * n / 700]]
    page = (
        open_console(endpoint_answers({next(iter(FILES)): "\n".join(lines).encode()}))
        .get(f"/endpoints/bikes{query}")
        .text
    )
    counted = page.split("Decisions by confidence", 1)[1].split("</figure>", 1)[0]
    assert sum(int(count) for count in re.findall(r"<title>(\d+) ", counted)) == 700
    assert "the newest 600" in page


def listed_answers(**changed: Any) -> dict[str, Any]:
    """Return the answers of an account with a fast, a slow and an unused endpoint."""
    rows = [
        {"EndpointName": name, "EndpointStatus": "InService", "CreationTime": NOW, "LastModifiedTime": NOW}
        for name in ("fast", "slow", "unused")
    ]
    values = {
        ("fast", "Average"): [2000.0, 8000.0],
        ("fast", "SampleCount"): [3.0, 1.0],
        ("fast", "p95"): [8000.0],
        ("slow", "Average"): [500_000.0],
        ("slow", "SampleCount"): [2.0],
        ("slow", "p95"): [900_000.0],
    }

    def metrics(MetricDataQueries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        results = []
        for each in MetricDataQueries:
            named = {item["Name"]: item["Value"] for item in each["MetricStat"]["Metric"]["Dimensions"]}
            found = values[(named["EndpointName"], each["MetricStat"]["Stat"])]
            times = [NOW + timedelta(minutes=minute) for minute in range(len(found))]
            results.append({"Id": each["Id"], "Timestamps": times, "Values": found})
        return {"MetricDataResults": results}

    known = [
        {"Dimensions": [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}]}
        for name in ("fast", "gone", "slow")
    ]
    return {
        **nothing(),
        "sagemaker.list_endpoints": {"Endpoints": rows},
        "cloudwatch.list_metrics": {"Metrics": known},
        "cloudwatch.get_metric_data": metrics,
        **changed,
    }


@pytest.mark.parametrize("path", ["/endpoints", "/"])
def test_the_list_says_which_endpoint_answers_slowest_with_one_call_for_all(open_console: Open, path: str) -> None:
    """It took opening each of them."""
    console = open_console(listed_answers())
    page = console.get(path).text
    cells = dict(re.findall(r'<a href="/endpoints/(\w+)">.*?<td class="number">(.*?)</td>', page, re.DOTALL))
    assert cells == {
        "fast": "3.5 ms<small>p95 8 ms</small>",
        "slow": "500 ms<small>p95 900 ms</small>",
        "unused": "—",
    }
    assert len(console.session.asked("cloudwatch.get_metric_data")) == 1
    assert len(console.session.asked("cloudwatch.list_metrics")) == 1


def test_the_list_has_the_mean_where_there_are_no_percentiles_and_no_column_without_metrics(open_console: Open) -> None:
    answers = listed_answers()
    metrics = answers["cloudwatch.get_metric_data"]

    def without_percentiles(**request: Any) -> Any:
        asked = {each["MetricStat"]["Stat"] for each in request["MetricDataQueries"]}
        return error("InternalError", "'p95'") if "p95" in asked else metrics(**request)

    page = open_console(answers | {"cloudwatch.get_metric_data": without_percentiles}).get("/endpoints").text
    assert '<td class="number">500 ms</td>' in page
    refused = listed_answers(**{"cloudwatch.list_metrics": error("AccessDenied", "not you")})
    page = open_console(refused).get("/endpoints").text
    assert "slow" in page
    assert "Latency" not in page
