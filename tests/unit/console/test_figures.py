"""Every figure of a page is the API's: each test takes it from the answers of AWS, and looks for it on the page."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Answers, endpoint_answers, ground_truth, job, machine_answers, record
from tests.unit.console.test_changes import STACK, workflow_answers
from tests.unit.console.test_drift import FILES, RUNS, report
from tests.unit.console.test_drift import answers as drift_answers
from tests.unit.console.test_other_pages import REGISTRY

from display import figures

FIGURE = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>", re.DOTALL)
ROW = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)
NOTE = re.compile(r"<small[^>]*>.*?</small>", re.DOTALL)
QUEUES = {
    "near": ("4", "1", "0"),
    "far": ("17", "0", "2"),
    "review": ("1234", "12", "0"),
    "scones-dead-letters": ("3",),
}
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def figures_of(page: str) -> dict[str, str]:
    """Return the large figures of a page by their names, with their notes."""
    return {text_of(name): text_of(value) for name, value in FIGURE.findall(page)}


def rows_of(page: str) -> dict[str, list[str]]:
    """Return the cells of each row of the page's tables, by the first one, without its note."""
    rows = [CELL.findall(row) for row in ROW.findall(page)]
    return {text_of(NOTE.sub("", cells[0])): [text_of(each) for each in cells[1:]] for cells in rows if cells}


def stack_with_queues() -> Answers:
    """Return the answers of an account with the workflow's stack, its three queues, and one for dead letters."""

    def attributes(QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        counts = QUEUES[QueueUrl.rpartition("/")[2]]
        return {"Attributes": dict(zip(COUNTS, counts, strict=False))}

    bays = [
        {"OutputKey": f"{bay}OrdersQueueUrl", "OutputValue": f"http://queue/{bay.lower()}"} for bay in ("Near", "Far")
    ]
    return workflow_answers() | {
        "cloudformation.describe_stacks": {"Stacks": [{**STACK, "Outputs": [*STACK["Outputs"], *bays]}]},
        "sqs.list_queues": {"QueueUrls": [f"http://queue/{name}" for name in QUEUES]},
        "sqs.get_queue_attributes": attributes,
    }


def endpoint_row(name: str, status: str) -> dict[str, Any]:
    return {"EndpointName": name, "EndpointStatus": status, "CreationTime": NOW, "LastModifiedTime": NOW}


def job_row(name: str, status: str, seconds: float | None) -> dict[str, Any]:
    ended = {} if seconds is None else {"TrainingEndTime": NOW + timedelta(seconds=seconds)}
    return {"TrainingJobName": name, "TrainingJobStatus": status, "CreationTime": NOW, **ended}


def busy_account() -> Answers:
    alarms = [("errors", "ALARM"), ("latency", "OK"), ("drift", "ALARM"), ("age", "INSUFFICIENT_DATA")]
    rows = [job_row("running", "InProgress", None), job_row("failed", "Failed", 42), job_row("done", "Completed", 3723)]
    return {
        **stack_with_queues(),
        **endpoint_answers({}),
        "sagemaker.list_endpoints": {
            "Endpoints": [
                endpoint_row("bikes", "InService"),
                endpoint_row("b", "Failed"),
                endpoint_row("c", "Updating"),
            ]
        },
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": rows},
        "sagemaker.describe_training_job": lambda TrainingJobName: job(  # noqa: N803 - AWS's name
            TrainingJobName,
            FailureReason="AlgorithmError: the data are gone" if TrainingJobName == "failed" else "",
            FinalMetricDataList=[
                {"MetricName": "validation:accuracy", "Value": 0.84375, "Timestamp": NOW},
                {"MetricName": "validation:loss", "Value": 12345.6, "Timestamp": NOW},
            ],
        ),
        "cloudwatch.describe_alarms": {
            "MetricAlarms": [{"AlarmName": name, "StateValue": state, "StateReason": "seen"} for name, state in alarms]
        },
    }


def test_the_overview_has_the_counts_of_each_service(open_console: Open) -> None:
    shown = figures_of(open_console(busy_account()).get("/").text)
    expected = {
        "Running now": "1 jobs and executions",
        "Endpoints in service": "1 of 3",
        "Waiting for review": "1,246 messages",
        "Near bay": "5",
        "Far bay": "19 all other classes",
        "Alarms": "2 of 4",
    }
    assert {name: shown[name] for name in expected} == expected


def test_the_events_of_the_overview_have_their_durations_and_causes(open_console: Open) -> None:
    account = busy_account()
    broken = {"status": "FAILED", "error": "NoModel", "cause": '{"errorMessage": "the model is gone"}'}
    account["stepfunctions.describe_execution"] |= broken
    account["stepfunctions.list_executions"] = {"executions": [account["stepfunctions.describe_execution"]]}
    page = open_console(account).get("/").text
    rows = rows_of(page)
    assert rows["done"][:2] == ["Completed", figures.duration(3723)]
    assert rows["failed"][:2] == ["Failed", figures.duration(42)]
    assert rows["first"][:2] == ["FAILED", figures.duration(0.046)]
    order = list(rows)
    assert order[order.index("failed") + 1] == "AlgorithmError: the data are gone"
    assert order[order.index("first") + 1] == "NoModel : the model is gone"


def test_the_model_in_service_has_the_metrics_of_its_training_job(open_console: Open) -> None:
    rows = rows_of(open_console(busy_account()).get("/").text)
    assert rows["model"] == ["bikes-1"]
    assert rows["validation:accuracy"] == [f"{figures.number(0.84375)} last value"]
    assert rows["validation:loss"] == ["12,346 last value"]


def test_each_queue_has_its_own_counts(open_console: Open) -> None:
    rows = rows_of(open_console(stack_with_queues()).get("/queues").text)
    assert rows["Near bay"] == ["4", "1"]
    assert rows["Far bay"] == ["17", "0"]
    assert rows["Review"] == ["1,234", "12"]
    assert rows["scones-dead-letters"] == ["3", "0"]


def test_latency_and_errors_of_an_endpoint_are_those_of_all_requests(open_console: Open) -> None:
    """The mean weighs each minute by its requests; the slowest is the largest maximum."""
    by_metric = {
        ("Invocations", "Sum"): [30.0, 10.0],
        ("Invocation4XXErrors", "Sum"): [3.0, 4.0],
        ("Invocation5XXErrors", "Sum"): [1.0, 0.0],
        ("ModelLatency", "Average"): [2000.0, 10_000.0],
        ("ModelLatency", "Maximum"): [90_000.0, 40_000.0],
    }

    def metrics(MetricDataQueries: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        results = []
        for query in MetricDataQueries:
            stat = query["MetricStat"]
            values = by_metric.get((stat["Metric"]["MetricName"], stat["Stat"]), [])
            times = [NOW, NOW + timedelta(minutes=1)][: len(values)]
            results.append({"Id": query["Id"], "Timestamps": times, "Values": values})
        return {"MetricDataResults": results}

    shown = figures_of(
        open_console(endpoint_answers({}) | {"cloudwatch.get_metric_data": metrics}).get("/endpoints/bikes").text
    )
    assert shown["Invocations"].startswith("40 ")
    assert shown["Client errors"] == "7"
    assert shown["Server errors"] == f"1 {figures.share(1, 40)}"
    assert shown["Latency"] == f"{figures.duration((30 * 0.002 + 10 * 0.01) / 40)} mean"
    assert shown["Slowest"] == figures.duration(0.09)


def test_percentiles_are_of_the_whole_range_and_say_how_many_requests_they_are_of(open_console: Open) -> None:
    """CloudWatch answers for the whole range with one value, and for the chart with one of each minute."""
    whole = {"p50": 3000.0, "p95": 8000.0, "p99": 9000.0}
    asked: dict[tuple[str, int], float] = {}

    def metrics(MetricDataQueries: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        results = []
        for query in MetricDataQueries:
            statistic, period = query["MetricStat"]["Stat"], query["MetricStat"]["Period"]
            values = [100.0, 46.0] if statistic in ("SampleCount", "Sum") else [5000.0, 7000.0]
            if query["MetricStat"]["Metric"]["MetricName"] == "ModelLatency" and period == 1800:
                values = [whole[statistic]]
                asked[statistic, period] = values[0]
            times = [NOW, NOW + timedelta(minutes=1)][: len(values)]
            results.append({"Id": query["Id"], "Timestamps": times, "Values": values})
        return {"MetricDataResults": results}

    console = open_console(endpoint_answers({}) | {"cloudwatch.get_metric_data": metrics})
    page = console.get("/endpoints/bikes?range=30min").text
    assert asked == {(statistic, 1800): value for statistic, value in whole.items()}
    shown = figures_of(page)
    for statistic, value in whole.items():
        assert shown[f"{statistic[1:]} % within"] == f"{figures.duration(value * 1e-6)} {statistic}"
    text = text_of(page)
    assert "in the last 30 min, computed from 146 requests. The percentiles above are of all of them together" in text
    assert "The p95 of the chart is per minute: each point is of the requests of its own time only" in text
    assert "p95 per minute 7 ms" in text  # the hover text of the chart's last point


def test_the_traffic_of_each_variant_is_its_share_of_the_weights(open_console: Open) -> None:
    answers = endpoint_answers({})
    answers["sagemaker.describe_endpoint"]["ProductionVariants"] = [
        {"VariantName": name, "CurrentWeight": weight, "CurrentInstanceCount": count, "DesiredInstanceCount": count}
        for name, weight, count in (("a", 3.0, 2), ("b", 1.0, 5))
    ]
    rows = rows_of(open_console(answers).get("/endpoints/bikes").text)
    assert rows["a"][1:3] == ["2", figures.share(3, 4)]
    assert rows["b"][1:3] == ["5", figures.share(1, 4)]


def test_each_row_of_a_comparison_has_the_values_of_its_job(open_console: Open) -> None:
    def described(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        number = int(TrainingJobName[-1])
        metric = {"MetricName": "validation:accuracy", "Value": 0.5 + number / 100, "Timestamp": NOW}
        times: dict[str, Any] = {"TrainingStartTime": NOW, "TrainingEndTime": NOW + timedelta(seconds=100 * number)}
        parameters = {"epochs": str(number), "optimizer": "adam"}
        return job(TrainingJobName, HyperParameters=parameters, FinalMetricDataList=[metric], **times)

    names = [f"job-{number}" for number in range(1, 9)]
    listed = {"TrainingJobSummaries": [job_row(name, "Completed", 60) for name in names]}
    console = open_console({"sagemaker.list_training_jobs": listed, "sagemaker.describe_training_job": described})
    rows = rows_of(console.get("/training-jobs/compare").text)
    for number, name in enumerate(names, 1):
        accuracy, seconds = figures.number(0.5 + number / 100), figures.duration(100 * number)
        assert rows[name] == ["Completed", accuracy, seconds, str(number)]


def test_the_lineage_has_every_metric_and_channel_of_the_job(open_console: Open) -> None:
    page = open_console(REGISTRY).get("/models/bikes/2").text
    lineage = text_of(page[page.index("Lineage") : page.index("Details")])
    described = REGISTRY["sagemaker.describe_training_job"]
    for metric in described["FinalMetricDataList"]:
        assert f"{metric['MetricName']} {figures.number(metric['Value'])}" in lineage
    for channel in described["InputDataConfig"]:
        assert f"{channel['ChannelName']} {channel['DataSource']['S3DataSource']['S3Uri']}" in lineage


def test_every_feature_of_the_last_window_has_the_numbers_of_its_test(open_console: Open) -> None:
    rows = rows_of(open_console(drift_answers()).get("/drift/bikes").text)
    for test in report(0.8125, has_violations=True)["tests"]:
        numbers = [figures.number(test[key]) for key in ("before", "after", "effect", "corrected_p")]
        assert rows[test["feature"]] == numbers


def test_the_records_of_the_last_window_are_those_of_its_report(open_console: Open) -> None:
    shown = figures_of(open_console(drift_answers()).get("/drift/bikes").text)
    metrics = report(0.8125, has_violations=True)["metrics"]
    assert shown["Records"] == f"{metrics['records']:.0f} in the last comparison"
    assert shown["Uncertain answers"] == f"{figures.share(metrics['low_confidence'], 1)} below the confidence threshold"


def test_the_labels_are_those_of_the_ground_truth_and_the_share_is_of_the_captured_records(open_console: Open) -> None:
    captured = [record(f"e{number}", [0.9, 0.1]) for number in range(8)]
    files = FILES | {"data_capture/bikes/AllTraffic/2026/01/31/09/a.jsonl": "\n".join(captured).encode()}
    named = ("execution-e1", "execution-e2", "e3", "of-a-record-that-was-not-captured")
    files |= dict(ground_truth("bikes", name, 0, NOW) for name in named)
    console = open_console(drift_answers(files))
    share = f"for 3 of 8 captured records, {figures.share(3, 8)}"
    assert figures_of(console.get("/drift/bikes").text)["Labels"] == f"4 {share}"
    assert f"Labels: 4 , {share}." in text_of(console.get("/monitoring").text)
    without = open_console(drift_answers(FILES))
    assert figures_of(without.get("/drift/bikes").text)["Labels"] == "0 no record is captured"


def test_each_run_of_the_monitor_has_its_time(open_console: Open) -> None:
    page = open_console(drift_answers()).get("/drift/bikes").text
    for name, run in RUNS.items():
        started: datetime = run["startDate"]  # type: ignore[assignment]
        row = next(row for row in ROW.findall(page) if f"/executions/scones-monitor/{name}" in row)
        assert started.isoformat(timespec="milliseconds") in row


def test_the_executions_of_a_machine_have_the_durations_of_the_api(open_console: Open) -> None:
    rows = rows_of(open_console(machine_answers()).get("/state-machines/decide").text)
    assert figures.duration(0.046) in rows["a b.png"]
