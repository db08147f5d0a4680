"""The workflow's own monitor: since when the traffic differs from the baseline, in what, and by how much."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Answers, endpoint_answers, job
from tests.unit.console.test_changes import STACK

from console.aws.monitoring.findings import Finding
from console.aws.monitoring.workflow_monitor import Comparison
from console.views.monitoring import Largest, largest
from display.drift_figures import DriftFigures

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:scones-monitor"
STATE = {
    "run": "bikes-monitor-2",
    "model": "bikes-1",
    "end": "2026-01-31T09:28:00Z",
    "since": "2026-01-30T08:00:00Z",
}
VIOLATIONS = {
    "violations": [
        {"feature_name": "brightness", "constraint_check_type": "baseline_drift_check", "description": "darker"}
    ]
}
FILES = {
    "monitoring/bikes/state.json": json.dumps(STATE).encode(),
    "monitoring/bikes/runs/bikes-monitor-2/constraint_violations.json": json.dumps(VIOLATIONS).encode(),
}


def report(distance: float, has_violations: bool) -> dict[str, Any]:
    test = {"family": "pixels", "corrected_p": 0.001, "before": 120.5, "after": 45.25}
    return {
        "message": "bikes has drifted: <darker>\nExamples: examples/a.png"
        if has_violations
        else "bikes has not drifted.\nWindow: an hour",
        "metrics": {"records": 40.0, "low_confidence": 0.25},
        "tests": [
            {**test, "feature": "contrast", "effect": 0.9 * distance},
            {**test, "feature": "brightness", "effect": distance},
        ],
        "has_violations": has_violations,
        "examples": ["examples/a.png"] if has_violations else [],
    }


RUNS = {
    "second": {"output": json.dumps(report(0.8125, True)), "startDate": NOW},
    "first": {"output": json.dumps(report(0.0625, False)), "startDate": NOW - timedelta(hours=1)},
    "idle": {"output": '{"status": "NoTraffic"}', "startDate": NOW - timedelta(hours=2)},
    "quality": {
        "input": '{"needs_ground_truth": true}',
        "output": json.dumps(
            {"metrics": {"accuracy": 0.875, "labeled_records": 32.0, "low_quality": 0.0}, "message": "good"}
        ),
        "startDate": NOW - timedelta(hours=3),
    },
    "broken": {
        "status": "FAILED",
        "error": "NoBaseline",
        "cause": "model bikes-1 has no baseline",
        "startDate": NOW - timedelta(hours=4),
    },
}


def answers(files: dict[str, bytes] | None = None, runs: Mapping[str, Any] = RUNS) -> Answers:
    def described(executionArn: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"status": "SUCCEEDED", **runs[executionArn.rpartition(":")[2]]}

    rows = [
        {"name": name, "executionArn": f"{MACHINE}:{name}", "status": "SUCCEEDED", "startDate": run["startDate"]}
        for name, run in runs.items()
    ]
    stack = {**STACK, "Outputs": [*STACK["Outputs"], {"OutputKey": "MonitorStateMachineArn", "OutputValue": MACHINE}]}
    return {
        **endpoint_answers(FILES if files is None else files),
        "cloudformation.describe_stacks": {"Stacks": [stack]},
        "sagemaker.list_monitoring_schedules": {"MonitoringScheduleSummaries": []},
        "stepfunctions.list_executions": {"executions": rows},
        "stepfunctions.describe_execution": described,
    }


def test_the_page_says_since_when_and_in_what_the_traffic_differs(open_console: Open) -> None:
    page = open_console(answers()).get("/drift/bikes").text
    assert "drifting</span></h1>" in page
    assert 'Drift first found</dt><dd><time datetime="2026-01-30T08:00:00.000+00:00"' in page
    assert "<small>in the window from this time</small>" in page
    assert "bikes has drifted: &lt;darker&gt;" in page
    assert "Features that differ</dt><dd>1<small>of 2</small>" in page
    assert "s3://images/monitoring/bikes/baselines/bikes-1/" in page


def test_the_largest_difference_leads_the_page_with_the_minimum_that_counts(open_console: Open) -> None:
    """The largest figure was once the time at which the window began."""
    page = open_console(answers()).get("/drift/bikes").text
    first = page[page.index('<dl class="figures is-led">') :].partition("</dd>")[0]
    assert "<dt>Largest difference</dt>" in first
    assert '<span class="tone-attention">0.8125</span><small>brightness: differs; the minimum is 0.05</small>' in first
    quiet = open_console(answers({}, {"first": RUNS["first"]})).get("/drift/bikes").text
    assert '<span class="tone-ink">0.0625</span>' in quiet


def test_the_largest_difference_of_shares_is_in_points_and_the_embedding_comes_last() -> None:
    def row(family: str, feature: str, distance: float, words: str = "") -> Finding:
        numbers = DriftFigures(family, feature, distance)
        return Finding(feature, words, Comparison(family, feature, distance, 0.2, numbers))

    rare, embedding = row("unusual images", "pixels", 0.321, "more"), row("embedding", "embedding", 0.9, "differs")
    found = largest([embedding, rare], [row("pixels", "noise", 0.95)])
    assert found == Largest("pixels", "+32.1 points", "differs; the minimum is 5 points", differs=True)
    assert largest([embedding], []) == Largest("embedding", "0.9", "differs", differs=True)
    near = largest([], [row("pixels", "noise", 0.07)])
    assert near == Largest("noise", "0.07", "may be chance, p 0.2; the minimum is 0.05", differs=False)
    assert largest([Finding("missing images", "3")], []) is None


def test_every_figure_of_the_last_window_is_that_of_its_report(open_console: Open) -> None:
    page = open_console(answers()).get("/drift/bikes").text
    brightness = page[page.index("brightness</span><small>darker</small><small>pixels") :]
    assert re.findall(r'<td class="number[^>]*>([^<]+)</td>', brightness)[:4] == ["120.5", "45.25", "0.8125", "0.001"]
    assert "Uncertain answers</dt><dd>25 %<small>below the confidence threshold</small>" in page
    assert "Accuracy</dt><dd>87.5 %<small>of 32 labeled</small>" in page


def test_the_most_unusual_images_are_shown(open_console: Open) -> None:
    page = open_console(answers()).get("/drift/bikes").text
    assert 'src="/objects/images/monitoring/bikes/runs/bikes-monitor-2/examples/a.png"' in page
    assert "Examples:" not in page


def test_tests_that_show_no_difference_are_folded_away(open_console: Open) -> None:
    page = open_console(answers()).get("/drift/bikes").text
    folded = page[page.index("<details") : page.index("</details>")]
    assert "1 test that shows no difference" in folded
    assert "contrast<small>" in folded
    assert "brightness" not in folded


def test_the_distance_of_each_feature_is_a_curve_over_the_runs(open_console: Open) -> None:
    page = open_console(answers()).get("/drift/bikes").text
    (curve,) = re.findall(r'<svg[^>]*aria-label="Distance of brightness from the baseline">(.*?)</svg>', page)
    assert re.findall(r'class="value">[\d:]+: ([\d.]+)<', curve) == ["0.0625", "0.8125"]
    assert page.index("Distance of brightness") < page.index("Distance of contrast")


def test_each_run_has_its_result_and_leads_to_its_execution(open_console: Open) -> None:
    page = open_console(answers()).get("/drift/bikes").text
    for text in (
        "differs</span>",
        "nothing compared: no traffic</span>",
        "quality holds</span>",
        "NoBaseline: model bikes-1 has no baseline",
    ):
        assert text in page
    assert 'href="/executions/scones-monitor/second"' in page


def test_the_list_shows_the_workflows_monitor_beside_schedules(open_console: Open) -> None:
    page = open_console(answers()).get("/monitoring").text
    assert 'href="/drift/bikes"' in page
    assert "Nothing watches" not in page
    assert "drifting" in page


FEW = {
    "output": json.dumps(
        {
            "message": "bikes: 5 records are too few to compare with the baseline; 10 are needed.",
            "metrics": {"records": 5.0, "violations": 0.0},
            "minimum_records": 10,
            "tests": [],
            "has_violations": False,
        }
    ),
    "startDate": NOW,
}
STEADY = {"monitoring/bikes/state.json": json.dumps({**STATE, "run": "bikes-monitor-3", "since": ""}).encode()}
IDLE = {"output": '{"status": "NoTraffic"}', "startDate": NOW}
SERVED: Answers = {
    "sagemaker.list_endpoints": {"Endpoints": [endpoint_answers({})["sagemaker.describe_endpoint"]]},
    "sagemaker.describe_training_job": job("bikes-1"),
}


REPEATED = {
    "output": json.dumps(
        {"metrics": {"records": 40.0}, "minimum_records": 10, "different_images": 4, "has_violations": False}
    ),
    "startDate": NOW,
}


@pytest.mark.parametrize("path", ["/", "/monitoring", "/drift/bikes"])
@pytest.mark.parametrize(
    ("newest", "words"),
    [
        (FEW, "too little traffic: 5 of 10 records needed"),
        (REPEATED, "too little traffic: 4 of 10 different images needed"),
        (IDLE, "nothing compared: no traffic"),
    ],
    ids=["few", "repeated", "idle"],
)
def test_a_window_that_compared_nothing_is_never_green(
    open_console: Open, path: str, newest: dict[str, Any], words: str
) -> None:
    page = open_console(answers(STEADY, {"few": newest}) | SERVED).get(path).text
    assert f'<span class="status tone-quiet is-quiet">{words}</span>' in page
    assert "no drift" not in page
    assert "Compared until" not in page


@pytest.mark.parametrize("path", ["/", "/monitoring", "/drift/bikes"])
def test_the_last_comparison_is_shown_with_its_own_time(open_console: Open, path: str) -> None:
    page = open_console(answers(STEADY, {"few": FEW, "first": RUNS["first"]}) | SERVED).get(path).text
    assert '<span class="status tone-quiet is-quiet">too little traffic: 5 of 10 records needed</span>' in page
    assert 'datetime="2026-01-31T08:30:00.000+00:00"' in page
    assert 'tone-good is-good">no drift' not in page.partition("<h2>Runs")[0]


@pytest.mark.parametrize("path", ["/", "/monitoring", "/drift/bikes"])
def test_a_comparison_in_the_newest_run_is_green(open_console: Open, path: str) -> None:
    page = open_console(answers(STEADY, {"first": RUNS["first"]}) | SERVED).get(path).text
    assert '<span class="status tone-good is-good">no drift</span>' in page


@pytest.mark.parametrize("path", ["/", "/monitoring", "/drift/bikes"])
@pytest.mark.parametrize(
    ("status", "words"), [("InService", "not compared yet"), ("Creating", "nothing compared: no endpoint")]
)
def test_a_run_from_before_the_endpoint_says_nothing_about_it(
    open_console: Open, path: str, status: str, words: str
) -> None:
    account = answers({}, {"early": {"output": '{"status": "NoEndpoint"}', "startDate": NOW}}) | SERVED
    account["sagemaker.describe_endpoint"] = account["sagemaker.describe_endpoint"] | {"EndpointStatus": status}
    page = open_console(account).get(path).text.partition("<h2>Runs")[0]
    assert f'<span class="status tone-quiet is-quiet">{words}</span>' in page


def test_the_overview_says_what_runs_of_the_monitor_found(open_console: Open) -> None:
    machine = {"name": "scones-monitor", "stateMachineArn": MACHINE, "type": "STANDARD", "creationDate": NOW}
    listed = {"stepfunctions.list_state_machines": {"stateMachines": [machine]}}
    page = open_console(answers() | listed).get("/").text
    found = dict(re.findall(r'href="/executions/scones-monitor/(\w+)">.*?class="status [^"]*">([^<]*)</span>', page))
    assert found["second"] == "differs"
    assert found["first"] == "no drift"
    assert found["idle"] == "nothing compared: no traffic"


def test_a_failed_run_is_no_good_sign(open_console: Open) -> None:
    page = open_console(answers(STEADY, {"broken": RUNS["broken"], "first": RUNS["first"]})).get("/monitoring").text
    assert "the last run failed" in page


def test_the_images_of_an_earlier_comparison_are_those_of_its_own_job(open_console: Open) -> None:
    exited = {"stateExitedEventDetails": {"name": "Name", "output": '{"name": "bikes-monitor-2"}'}}
    files = {**FILES, **STEADY}
    more: Answers = {"stepfunctions.get_execution_history": {"events": [exited]}}
    page = open_console(answers(files, {"few": FEW, "second": RUNS["second"]}) | more).get("/drift/bikes").text
    assert 'src="/objects/images/monitoring/bikes/runs/bikes-monitor-2/examples/a.png"' in page
    assert "Features that differ</dt><dd>1<small>of 2</small>" in page


def test_before_the_first_comparison_the_page_says_what_to_do(open_console: Open) -> None:
    page = open_console(answers({}, {"idle": IDLE})).get("/drift/bikes").text
    assert "No traffic has been compared" in page
    assert "scones monitor run" in page


@pytest.mark.parametrize("name", ["other", "bikes"])
def test_an_endpoint_that_no_monitor_watches_is_a_404(open_console: Open, name: str) -> None:
    unwatched = {"cloudformation.describe_stacks": {"Stacks": [STACK]}} if name == "bikes" else {}
    assert open_console(answers() | unwatched).get(f"/drift/{name}").status == 404


def test_the_page_of_the_drift_is_kept_up_to_date(open_console: Open) -> None:
    with open_console(answers()).stream("/drift/bikes") as events:
        blocks = next(events)
    assert "brightness" in blocks["live_features"]
    assert "differs" in blocks["live_runs"]


def test_the_overview_says_in_which_window_the_drift_was_found(open_console: Open) -> None:
    page = open_console(answers() | SERVED).get("/").text
    assert 'first found in the window from <time datetime="2026-01-30T08:00:00.000+00:00"' in page


def test_the_findings_come_before_the_curves_and_most_curves_are_folded(open_console: Open) -> None:
    tests = [
        {"family": "pixels", "feature": f"f{number}", "effect": 0.3, "corrected_p": 0.2, "before": 1.0, "after": 2.0}
        for number in range(9)
    ]
    run = {"output": json.dumps({**report(0.0625, False), "tests": tests}), "startDate": NOW}
    page = open_console(answers(STEADY, {"first": run})).get("/drift/bikes").text
    assert page.index("finding by finding") < page.index("Distance from the baseline")
    folded = page[page.index('<details id="more-curves"><summary class="quiet">5 more</summary>') :]
    assert folded.count("<figure>") == 5
    assert page.count("0.3, may be chance, p 0.2</span>") == 9


def test_a_certain_distance_below_the_minimum_is_too_small_to_count(open_console: Open) -> None:
    test = {"family": "pixels", "feature": "noise", "effect": 0.04, "corrected_p": 1e-6, "before": 1.0, "after": 1.1}
    run = {"output": json.dumps({**report(0.0625, False), "tests": [test]}), "startDate": NOW}
    page = open_console(answers(STEADY, {"first": run})).get("/drift/bikes").text
    assert "0.04, too small to count</span>" in page


def test_answers_are_named_by_the_classes_of_the_endpoint(open_console: Open) -> None:
    """The page said `class 1` and `probability 0` where all others of the endpoint say bicycle and motorcycle."""
    test = {"family": "model", "corrected_p": 0.001, "effect": 0.3, "before": 0.0, "after": 0.0}
    sentence = "class 1 has 80 % of the answers, instead of 50 %"
    found = {
        "message": f"bikes has drifted: {sentence}.",
        "metrics": {"records": 40.0, "low_confidence": 0.25},
        "tests": [
            {**test, "feature": "predicted_class", "shares": [0.5, 0.8], "at": 1.0},
            {**test, "feature": "probability_0", "before": 0.5, "after": 0.2, "effect": 0.2},
            {**test, "feature": "probability_7", "corrected_p": 0.5, "effect": 0.1},
        ],
        "has_violations": True,
        "examples": [],
    }
    violations = [
        {"feature_name": "predicted_class", "constraint_check_type": "categorical_values_check"}
        | {"description": f"{sentence} (corrected p 0.001)"},
        {"feature_name": "probability_0", "constraint_check_type": "baseline_drift_check"}
        | {"description": "probability 0 moved from 0.5 to 0.2 (corrected p 0.001)"},
    ]
    key = "monitoring/bikes/runs/bikes-monitor-2/constraint_violations.json"
    files = FILES | {key: json.dumps({"violations": violations}).encode()}
    page = (
        open_console(answers(files, {"second": {"output": json.dumps(found), "startDate": NOW}}))
        .get("/drift/bikes")
        .text
    )
    assert "bikes has drifted: motorcycle has 80 % of the answers, instead of 50 %." in page
    assert "80 % motorcycle" in page
    assert "probability of bicycle moved from 0.5 to 0.2" in page
    assert "the probability that the model gives bicycle" in page
    assert "probability 7" in page, "a number that no class of the workflow has stays"
    assert not re.search(r"class [01]|probability[_ ]0", page)
