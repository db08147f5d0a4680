"""The report's chart and page, drawn without a display."""

import json
import platform
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from display.epochs import Epoch
from scones.classify import run_record
from scones.classify.executions import Execution
from scones.classify.run_record import Run
from scones.context import Context
from scones.errors import CaptureError, MissingError
from scones.report import confidence_chart, html_page, latency, report, run_figures, run_part
from scones.report.captured_records import CapturedRecord
from scones.report.confidence_chart import Decision
from scones.report.content import Report
from scones.report.curves import curves
from scones.report.evidence import Evidence, loads_of
from scones.report.sections import data_uri

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


def epochs_of(*values: float) -> tuple[Epoch, ...]:
    return tuple(Epoch(number, value) for number, value in enumerate(values, 1))


CURVES = {"train:accuracy": epochs_of(0.5, 0.75), "validation:accuracy": epochs_of(0.4, 0.8)}
PAGE = Report(SUMMARY, RUN, RECORDS, 7, CURVES)


def test_records_of_other_runs_are_left_out() -> None:
    others = [record("earlier", 0.9), CapturedRecord("x", None, START, PNG, (1.0,))]
    assert report.of_run([*RECORDS, *others], RUN) == RECORDS


def test_a_report_without_an_endpoint_does_not_wait_for_records(context: Context) -> None:
    run_record.write(RUN, context.settings.out)
    with pytest.raises(MissingError, match="there is no endpoint scones-vehicles"):
        report.report(context)


def test_a_run_of_another_endpoint_is_named_with_its_file_and_what_to_do(context: Context) -> None:
    """A benchmark once left its run in the folder of the report, which then looked for the captures of its endpoint."""
    other = replace(RUN, id="large", endpoint="scones-large")
    run_record.write(other, context.settings.out)
    with pytest.raises(MissingError) as without_endpoint:
        report.report(context)
    with pytest.raises(CaptureError, match="no record of run large \\(3 of others\\)") as without_records:
        report.require_decisions(context, other, [], 3)
    for told in (str(without_endpoint.value), str(without_records.value)):
        assert f"run large of endpoint scones-large, which {context.settings.out / 'executions.json'} names" in told
        assert f"not about endpoint {context.settings.endpoint_name} of the settings" in told
        assert "`scones classify`" in told
        assert "--out" in told


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


def test_all_charts_have_the_same_size_and_one_is_also_drawn_as_wide_as_the_page() -> None:
    sizes = re.findall(r'viewBox="0 0 (\d+) (\d+)" class="chart"', html_page.render(PAGE))
    assert Counter(sizes) == {("1072", "300"): 1, ("520", "300"): 6}


def test_shares_are_rounded_once() -> None:
    assert "66.7 %<small>2 of 3 classified images" in html_page.render(PAGE)
    passed = [Decision(START, 0, 0.95 if number else 0.5, 0) for number in range(40)]
    assert confidence_chart.headline(passed, 0.93) == "97.5 % of the decisions reach the threshold"


def test_the_confusion_matrix_counts_each_true_class() -> None:
    assert run_part.confusion(PAGE) == [[2, 0], [1, 0]]


def test_each_failure_is_listed_with_its_cause() -> None:
    failed = replace(RUN.executions[0], outcome="failed", error="NotAnImage", cause='{"errorMessage": "6 <bytes>"}')
    html = run_part.failures(replace(RUN, executions=(failed, failed)))
    assert "<td>2</td><td><b>NotAnImage</b><br>6 &lt;bytes&gt;</td>" in html


def test_curves_are_read_from_the_log() -> None:
    lines = [
        "Epoch[0] Train-accuracy=0.5",
        "Epoch[0] Validation-accuracy=0.25",
        "other",
        "Epoch[1] Train-accuracy=0.75",
    ]
    assert curves(lines) == {"train:accuracy": epochs_of(0.5, 0.75), "validation:accuracy": epochs_of(0.25)}


def test_an_epoch_that_was_not_validated_leaves_its_place_in_the_curve() -> None:
    lines = ["Epoch[0] Validation-accuracy=0.25", "Epoch[2] Validation-accuracy=0.5"]
    assert curves(lines) == {"validation:accuracy": (Epoch(1, 0.25), Epoch(3, 0.5))}


def test_an_epoch_whose_accuracy_is_no_number_is_not_kept() -> None:
    lines = ["Epoch[0] Validation-accuracy=nan", "Epoch[1] Validation-accuracy=0.5"]
    assert curves(lines) == {"validation:accuracy": (Epoch(2, 0.5),)}


def seconds(name: str, seconds_: float) -> Execution:
    """Return an execution that took so many seconds."""
    stopped = (START + timedelta(seconds=seconds_)).isoformat()
    return replace(execution(name, 0), stopped=stopped)


def test_the_figures_of_a_run_are_those_of_its_executions_and_records() -> None:
    timed = replace(RUN, executions=tuple(seconds(each.name, n) for n, each in enumerate(RUN.executions, 1)))
    figures = run_figures.figures_of(timed, RECORDS, "model-1")
    assert (figures["classified"], figures["judged"], figures["right"]) == (3, 3, 3)
    assert figures["reached_threshold"] == 2
    assert figures["mean_confidence"] == pytest.approx((0.99 + 0.97 + 0.6) / 3)
    assert (figures["p50_s"], figures["p95_s"], figures["p99_s"]) == (2.0, 3.0, 3.0)


def test_the_run_before_is_remembered_and_a_second_report_does_not_replace_it(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    assert run_figures.run_before(summary, "first") is None
    first, second = ({"id": name, "model": "m"} for name in ("first", "second"))
    summary.write_text(json.dumps({"run": first, "run_before": None}))
    assert run_figures.run_before(summary, "second") == first
    summary.write_text(json.dumps({"run": second, "run_before": first}))
    assert run_figures.run_before(summary, "second") == first
    summary.write_text('{"target": "of an earlier version"}')
    assert run_figures.run_before(summary, "second") is None


def load_by(*models: str, endpoint: str = "e", **changed: Any) -> dict[str, Any]:
    """Return a load whose answers come from variants that serve these models, in turn."""
    variants = [f"variant-{number}" for number in range(len(models))]
    return {
        "load": f"a burst of 2 by {' and '.join(models)}",
        "endpoint": endpoint,
        "models_by_variant": dict(zip(variants, models, strict=True)),
        "answers": [
            {"latency_s": seconds, "outcome": "succeeded", "variant": variants[number % len(variants)]}
            for number, seconds in enumerate((0.5, 0.25))
        ],
        **changed,
    }


EVIDENCE = Evidence(
    gate={
        "multiclass_classification_metrics": {
            "accuracy": {"value": 0.8125},
            "confusion_matrix": {"0": {"0": 7, "1": 1}, "1": {"0": 2, "1": 6}},
        },
        "gate": {"summary": "New model: 0.812, 13 of 16\nModel in service: none\nPassed"},
    },
    state={"model": "m", "since": "2026-01-01T00:00:00Z"},
    comparison={
        "message": "bikes has drifted: <darker>\nExamples: examples/a.png",
        "tests": [
            {
                "family": "pixels",
                "feature": "red_green",
                "effect": 0.1,
                "corrected_p": 0.5,
                "before": 1.0,
                "after": 1.0,
            },
            {
                "family": "pixels",
                "feature": "brightness",
                "effect": 0.75,
                "corrected_p": 7e-5,
                "before": 142.0,
                "after": 52.5,
            },
        ],
    },
    loads=(load_by("j"),),
    examples=(PNG,),
)


def test_findings_and_the_gate_name_classes_and_not_their_numbers() -> None:
    tests = [
        {"family": "model", "feature": "predicted_class", "effect": 0.3, "corrected_p": 1e-5, "before": 0.0}
        | {"after": 0.0, "shares": [0.5, 0.8], "at": 1.0},
        {
            "family": "model",
            "feature": "probability_0",
            "effect": 0.3,
            "corrected_p": 1e-5,
            "before": 0.5,
            "after": 0.2,
        },
    ]
    found = {"message": "e has drifted: class 1 has 80 % of the answers, instead of 50 %", "tests": tests}
    gate = {**EVIDENCE.gate, "gate": {"summary": "New model: 0.812, 13 of 16 (class 0 0.875, 7 of 8)\nPassed"}}
    page = html_page.render(replace(PAGE, evidence=replace(EVIDENCE, comparison=found, gate=gate)))
    for told in ("motorcycle has 80 % of the answers", "probability of bicycle", "80 % motorcycle", "(bicycle 0.875"):
        assert told in page
    assert not re.search(r"class \d|probability \d", page)


def test_the_page_says_in_what_the_traffic_drifted_and_how_good_the_model_was_at_the_gate() -> None:
    page = html_page.render(replace(PAGE, evidence=EVIDENCE))
    assert "Drift: first found in the window from 2026-01-01 00:00 UTC" in page
    assert "bikes has drifted: &lt;darker&gt;" in page
    assert page.index("<td>brightness</td><td>142</td><td>52.5</td><td>0.75</td><td>7·10⁻⁵</td>") < page.index(
        "red green"
    )
    assert "At the pipeline's gate</dt><dd>81.2 %<small>13 of 16 test images" in page
    assert "At the gate. New model: 0.812, 13 of 16; Model in service: none; Passed." in page
    assert 'aria-label="Confusion matrix"' in page[page.index("Confusion matrix at the gate") :]
    assert "scones monitor run" in html_page.render(PAGE)


def test_the_most_unusual_images_are_pictures_and_not_names_of_files() -> None:
    page = html_page.render(replace(PAGE, evidence=EVIDENCE))
    assert f'<img src="{data_uri(PNG)}" alt="An unusual image">' in page
    assert "examples/a.png" not in page


def test_the_validation_accuracy_is_that_of_the_kept_epoch_which_the_chart_marks() -> None:
    job = {**SUMMARY["training_job"], "validation_accuracy": 0.8, "kept_epoch": 2}  # type: ignore[dict-item]
    curves_ = {"train:accuracy": epochs_of(0.5, 0.75, 0.9, 0.95), "validation:accuracy": epochs_of(0.4, 0.8, 0.7)}
    page = html_page.render(replace(PAGE, summary={**SUMMARY, "training_job": job}, curves=curves_))
    assert "Validation accuracy</dt><dd>0.8<small>epoch 2, kept, on the test images" in page
    assert ">kept: epoch 2</text>" in page
    assert "validation best 0.8 at epoch 2, last 0.7 at epoch 3</span>" in page
    assert "train last 0.95 at epoch 4</span>" in page


def test_the_two_curves_of_a_chart_have_different_colors() -> None:
    page = html_page.render(replace(PAGE, evidence=EVIDENCE))
    for first, second in (("train", "validation"), ("run", "load")):
        tones = [re.search(rf'line tone-([\w-]+)">{name}', page)[1] for name in (first, second)]  # type: ignore[index]
        assert set(tones) == {"busy", "class-6"}


def test_the_latency_of_the_run_and_of_the_load_are_curves() -> None:
    page = html_page.render(replace(PAGE, evidence=EVIDENCE))
    assert "250 ms: 50 %" in page
    assert "500 ms: 100 %" in page
    assert "all answered by j; the load: a burst of 2 by j" in page


def test_a_load_that_another_model_has_answered_is_left_out() -> None:
    loads = (load_by("later"), load_by("j"), load_by("j", "later"))
    page = html_page.render(replace(PAGE, evidence=replace(EVIDENCE, loads=loads)))
    assert "the load: a burst of 2 by j<" in page
    assert "by later" not in page
    unknown = (load_by("j", models_by_variant={}),)
    assert "the load:" not in html_page.render(replace(PAGE, evidence=replace(EVIDENCE, loads=unknown)))


def test_of_a_load_with_two_models_each_has_its_own_answers() -> None:
    mixed = load_by("j", "later")
    assert latency.answers_of(mixed, "j") == [0.5]
    assert latency.answers_of(mixed, "later") == [0.25]
    of_workflow = [{**each, "variant": None} for each in mixed["answers"]]
    assert latency.answers_of({**mixed, "answers": of_workflow}, "j") == []
    assert latency.answers_of({**load_by("j"), "answers": of_workflow}, "j") == [0.25, 0.5]


def test_a_model_that_is_no_longer_in_service_keeps_its_load_and_the_new_one_has_its_own() -> None:
    summary = {**SUMMARY, "run": run_figures.figures_of(RUN, RECORDS, "model-1"), "run_before": None}
    loads = (load_by("j"), load_by("model-1"))
    page = html_page.render(replace(PAGE, summary=summary, evidence=replace(EVIDENCE, loads=loads)))
    served, earlier = page.split("<h2>The last run, answered by model-1, which is no longer in service</h2>")
    assert "all answered by j; the load: a burst of 2 by j" in served
    assert "all answered by model-1; the load: a burst of 2 by model-1" in earlier
    assert "model-1" not in served


def test_the_run_before_is_beside_this_one() -> None:
    now = run_figures.figures_of(RUN, RECORDS, "model-2")
    summary = {**SUMMARY, "run": now, "run_before": {**now, "model": "model-1", "right": 1}}
    page = html_page.render(replace(PAGE, summary=summary))
    assert "<th>Model</th><td>model-1</td><td>model-2</td>" in page
    assert "<th>Right</th><td>33.3 %</td><td>66.7 %</td>" in page


def test_settings_and_versions_are_listed() -> None:
    summary = {**SUMMARY, "settings": {"training_image": "algorithm:1"}, "versions": report.versions()}
    page = html_page.render(replace(PAGE, summary=summary))
    assert "<th>training image of the model in service</th><td>algorithm:1</td>" in page
    assert f"<th>python</th><td>{platform.python_version()}</td>" in page


def test_loads_of_the_endpoint_are_read_from_the_newest_and_damaged_ones_left_out(tmp_path: Path) -> None:
    assert loads_of(tmp_path, "e") == ()
    old, new, other = load_by("j", load="old"), load_by("j", load="new"), load_by("j", endpoint="other")
    for number, text in enumerate([json.dumps(old), json.dumps(new), json.dumps(other), "{", '{"load": "unnamed"}']):
        (tmp_path / f"2026010{number}-000000.json").write_text(text)
    assert loads_of(tmp_path, "e") == (new, old)


def test_a_run_keeps_the_model_that_answered_it_when_the_endpoint_gets_another(tmp_path: Path) -> None:
    summary, later = tmp_path / "summary.json", START + timedelta(hours=1)
    assert run_figures.model_of(RUN, "model-1", START, summary) == "model-1"
    assert run_figures.model_of(RUN, "model-2", later, summary) == "an earlier model"
    summary.write_text(json.dumps({"run": {"id": RUN.id, "model": "model-1"}}))
    assert run_figures.model_of(RUN, "model-2", later, summary) == "model-1"


def test_figures_of_an_earlier_model_are_in_a_part_of_their_own() -> None:
    summary = {**SUMMARY, "run": run_figures.figures_of(RUN, RECORDS, "model-1"), "run_before": None}
    page = html_page.render(replace(PAGE, summary=summary, evidence=EVIDENCE))
    served, earlier = page.split("<h2>The last run, answered by model-1, which is no longer in service</h2>")
    for text in (
        "<h2>j, in service now</h2>",
        "Validation accuracy",
        "Accuracy by epoch",
        "the pipeline's gate",
        "Drift",
    ):
        assert text in served
        assert text not in earlier
    for text in ("<dt>Right</dt>", "Below the threshold", "<b>Confusion matrix</b>", "Calibration", "Confident but"):
        assert text in earlier
        assert text not in served


def test_figures_of_one_model_are_together_under_its_name() -> None:
    page = html_page.render(PAGE)
    assert page.index("<h2>j, in service</h2>") < page.index("<dt>Right</dt>") < page.index("<dt>Validation accuracy")
    assert "no longer in service" not in page


def test_the_page_of_a_large_run_stays_small() -> None:
    names = [f"n{number}" for number in range(5000)]
    run = replace(RUN, executions=tuple(execution(name, 0) for name in names))
    records = [record(name, 0.5 + number / 20_000) for number, name in enumerate(names)]
    page = html_page.render(replace(PAGE, run=run, records=records))
    assert page.count("<li>") == 200
    assert "Below the threshold (5000)" in page
    assert "1,667 of 5,000, evenly chosen" in page
    assert 'alt="test/n0.png"' in page  # the least certain come first
