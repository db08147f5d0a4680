"""The report's chart and page, drawn without a display."""

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


def test_the_page_shows_low_confidence_and_wrong_predictions_and_escapes_names(tmp_path: Path) -> None:
    picture = tmp_path / "confidence.png"
    picture.write_bytes(PNG)
    html = html_page.render(SUMMARY, RUN, RECORDS, 7, picture)
    assert "Below the threshold (1)" in html
    assert "Confident but wrong (1)" in html
    assert "&lt;b&gt;archive" in html
    assert 'src="http' not in html
