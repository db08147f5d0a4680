"""The report's chart and page, drawn without a display."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from scones.classify import run_record
from scones.classify.executions import Execution
from scones.classify.run_record import Run
from scones.context import Context
from scones.errors import MissingError
from scones.report import confidence_chart, html_page, report
from scones.report.captured_records import CapturedRecord
from scones.report.confidence_chart import Decision
from scones.report.curves import curves

START = datetime(2026, 1, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"
SUMMARY = {
    "target": "default",
    "dataset": "<b>archive</b>",
    "classes": ["bicycle", "motorcycle"],
    "train_images": 4,
    "test_images": 2,
    "training_job": {"name": "j", "status": "Completed", "validation_accuracy": None, "training_seconds": 9.0},
    "endpoint": {"name": "scones-vehicles", "status": "InService"},
    "executions": {"started": 3, "succeeded": 2, "below_threshold": 1, "failed": 0},
    "captured_records": 3,
    "invocations": 3,
    "step_seconds": {"stage": 1.5},
}


def execution(name: str, label: int) -> Execution:
    at = START.isoformat()
    return Execution(name, f"test/{name}.png", label, "succeeded", (0.9, 0.1), 1, None, None, at, at, at)


RUN = Run("r", "scones-vehicles", 0.93, (execution("right", 0), execution("wrong", 1), execution("unsure", 0)))


def record(name: str, confidence: float) -> CapturedRecord:
    return CapturedRecord(name, name, START, PNG, (confidence, 1 - confidence))


RECORDS = [record("right", 0.99), record("wrong", 0.97), record("unsure", 0.6)]
PAGE = html_page.Report(SUMMARY, RUN, RECORDS, 7, {"train:accuracy": (0.5, 0.75), "validation:accuracy": (0.4, 0.8)})


def test_records_of_other_runs_are_left_out() -> None:
    others = [record("earlier", 0.9), CapturedRecord("x", None, START, PNG, (1.0,))]
    assert report.of_run([*RECORDS, *others], RUN) == RECORDS


def test_a_report_without_an_endpoint_does_not_wait_for_records(context: Context) -> None:
    run_record.write(RUN, context.settings.out)
    with pytest.raises(MissingError, match="there is no endpoint scones-vehicles"):
        report.report(context)


@pytest.mark.parametrize(("since_s", "settled"), [(0, False), (299, False), (301, True)])
def test_a_report_does_not_wait_long_after_the_run(since_s: int, settled: bool) -> None:
    assert report.has_settled(RUN, START + timedelta(seconds=since_s)) == settled


@pytest.mark.parametrize("span_s", [0, 5, 3_000, 90_000, 900_000])
def test_the_chart_is_drawn_for_any_time_span(tmp_path: Path, span_s: int) -> None:
    decisions = [Decision(START + timedelta(seconds=span_s * n / 9), n % 2, 0.5 + n / 20, 0) for n in range(10)]
    confidence_chart.draw(decisions, 0.93, ("bicycle", "motorcycle"), tmp_path / "confidence.png")
    with Image.open(tmp_path / "confidence.png") as image:
        assert image.size == (1920, 1080)


@pytest.mark.parametrize(
    ("span", "label"),
    [
        (timedelta(seconds=3), "00:00:01.5"),
        (timedelta(seconds=8), "00:00:01"),
        (timedelta(minutes=10), "00:00"),
        (timedelta(days=2), "01 Jan"),
    ],
)
def test_a_tick_is_as_precise_as_its_axis_needs(span: timedelta, label: str) -> None:
    assert confidence_chart.tick_label(START + timedelta(seconds=1.5), span) == label


def test_the_chart_has_room_for_many_classes(tmp_path: Path) -> None:
    names = tuple(f"class_{number}" for number in range(100))
    decisions = [Decision(START + timedelta(seconds=number), number, 0.9, number) for number in range(100)]
    confidence_chart.draw(decisions, 0.8, names, tmp_path / "confidence.png")
    with Image.open(tmp_path / "confidence.png") as image:
        assert image.size == (1920, 1080)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.93, 1.0])
def test_no_bar_spans_the_threshold(threshold: float) -> None:
    edges = confidence_chart.edges(confidence_chart.floor_of([], threshold), threshold)
    assert threshold in edges
    assert edges[-1] == 1


def test_the_page_shows_low_confidence_and_wrong_predictions_and_escapes_names() -> None:
    html = html_page.render(PAGE)
    assert "Below the threshold (1)" in html
    assert "Confident but wrong (1)" in html
    assert "&lt;b&gt;archive" in html
    assert 'src="http' not in html


def test_the_page_has_every_chart_and_only_what_it_carries_itself() -> None:
    html = html_page.render(PAGE)
    for label in (
        "Confidence of each decision",
        "Number of decisions",
        "Confusion matrix",
        "Calibration",
        "Training curves",
    ):
        assert f'aria-label="{label}' in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert "url(" not in html


def test_shares_are_rounded_once() -> None:
    assert "66.7 %<small>2 of 3 classified images" in html_page.render(PAGE)
    passed = [Decision(START, 0, 0.95 if number else 0.5, 0) for number in range(40)]
    assert confidence_chart.headline(passed, 0.93) == "97.5 % of the decisions reach the threshold"


def test_the_confusion_matrix_counts_each_true_class() -> None:
    assert html_page.confusion(PAGE) == [[2, 0], [1, 0]]


def test_each_failure_is_listed_with_its_cause() -> None:
    failed = replace(RUN.executions[0], outcome="failed", error="NotAnImage", cause='{"errorMessage": "6 <bytes>"}')
    html = html_page.failures(replace(RUN, executions=(failed, failed)))
    assert "<td>2</td><td>NotAnImage</td><td>6 &lt;bytes&gt;</td>" in html


def test_curves_are_read_from_the_log() -> None:
    lines = [
        "Epoch[0] Train-accuracy=0.5",
        "Epoch[0] Validation-accuracy=0.25",
        "other",
        "Epoch[1] Train-accuracy=0.75",
    ]
    assert curves(lines) == {"train:accuracy": (0.5, 0.75), "validation:accuracy": (0.25,)}
