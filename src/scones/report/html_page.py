"""The report's HTML page: one file that contains its images and loads nothing else."""

import base64
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from display import figures
from display.calibration_chart import bins, calibration_chart, expected_error
from display.colors import class_tone, marker_path
from display.confidence_charts import Decision, confidence_over_time, histogram
from display.line_chart import Axes, Series, line_chart
from display.matrix_chart import confusion_matrix
from display.stylesheet import stylesheet
from scones.classify.executions import Execution, cause_text
from scones.classify.run_record import Run
from scones.dataset.manifests import Classes, class_name
from scones.report import run_figures, sections
from scones.report.captured_records import CapturedRecord
from scones.report.curves import Curves
from scones.report.evidence import Evidence

STYLE = Path(__file__).with_name("report.css")
CAUSES_MAX = 20
CHART, WIDE_CHART = (520.0, 300.0), 1072.0
"""The size of a chart, and the width of one as wide as the page: two charts and the gap between them. A narrow page has
room for the first size only, so what is wide is drawn in both."""
CARDS_MAX, CHARTED_MAX = 200, 2000
"""The limits of a large run: with all of 10,000 images the page would have 32 MB."""
EMPTY = Evidence({}, {}, {}, {})
VALIDATION = (
    "The validation images are the test images. They also chose the epoch, so the accuracies are a little higher than "
    "on new images."
)

Pair = tuple[Execution, CapturedRecord]


@dataclass(frozen=True)
class Report:
    """The content of the page: the run, its captured records, the number of all records, the job's curves, and what
    other commands have left about the model.
    """

    summary: Mapping[str, Any]
    run: Run
    records: list[CapturedRecord]
    total: int
    curves: Curves
    evidence: Evidence = EMPTY

    @property
    def classes(self) -> Classes:
        return tuple(self.summary["classes"])

    @property
    def pairs(self) -> list[Pair]:
        """The executions and their records, without records that have no probabilities of the classes."""
        by_name = {execution.name: execution for execution in self.run.executions}
        named = [(by_name[record.inference_id or ""], record) for record in self.records if record.probabilities]
        return [(execution, record) for execution, record in named if record.prediction < len(self.classes)]

    @property
    def judged(self) -> list[Pair]:
        """The pairs whose true class is known."""
        return [(execution, record) for execution, record in self.pairs if execution.label is not None]


def data_uri(data: bytes) -> str:
    kind = "jpeg" if data.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def is_wrong(execution: Execution, record: CapturedRecord) -> bool:
    return execution.label is not None and bool(record.probabilities) and execution.label != record.prediction


def card(execution: Execution, record: CapturedRecord, classes: Classes) -> str:
    prediction = f"{class_name(record.prediction, classes)} {record.confidence:.4f}"
    mark = ' class="wrong"' if is_wrong(execution, record) else ""
    return (
        f'<li{mark}><img src="{data_uri(record.image)}" alt="{escape(execution.key)}">'
        f"<b>{escape(prediction)}</b><br>it is: {escape(class_name(execution.label, classes))}<br>"
        f"<small>{breakable(execution.key)}</small></li>"
    )


def breakable(name: str) -> str:
    """Return a name, escaped, that a narrow column breaks at its separators."""
    return re.sub(r"([/_])", r"\1<wbr>", escape(name))


def gallery(title: str, text: str, pairs: list[Pair], classes: Classes) -> str:
    cards = "".join(card(execution, record, classes) for execution, record in pairs[:CARDS_MAX])
    if len(pairs) > CARDS_MAX:
        text = f"{text} The first {CARDS_MAX} are shown."
    if not cards:
        return f"<h2>{title} (0)</h2><p>None.</p>"
    return f'<h2>{title} ({len(pairs)})</h2><p class="quiet">{text}</p><ul class="gallery">{cards}</ul>'


def headline(report: Report) -> str:
    """Return the figures at the top."""
    ran, judged = report.summary["executions"], report.judged
    right = sum(not is_wrong(*pair) for pair in judged)
    accuracy = report.summary["training_job"]["validation_accuracy"]
    shown = [
        ("Right", figures.share(right, len(judged)), f"{right} of {len(judged)} classified images"),
        ("Reached the threshold", ran["succeeded"], f"of {ran['started']} executions"),
        ("Below the threshold", ran["below_threshold"], "wait for review"),
        ("Failed", ran["failed"], ""),
        (
            "Validation accuracy",
            "unknown" if accuracy is None else f"{accuracy:.4g}",
            "in the last epoch, on the test images",
        ),
        ("Captured", report.summary["captured_records"], f"of {report.summary['invocations']} invocations"),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}<small>{note}</small></dd></div>" for name, value, note in shown)


def charts(report: Report) -> str:
    """Return the charts: decisions, the model's quality, and the training."""
    decisions = [decision_of(execution, record) for execution, record in report.pairs]
    threshold, classes = report.run.threshold, report.classes
    keys = "".join(
        f'<span class="key tone-{class_tone(index)}"><svg viewBox="-6 -6 12 12">'
        f'<path d="{marker_path(index, 0, 0, 4)}"/></svg>{escape(name)}</span>'
        for index, name in enumerate(classes)
    )
    parts = []
    if decisions:
        charted = decisions[:: -(-len(decisions) // CHARTED_MAX)]
        told = f"{keys} open: below the threshold; ring: wrong"
        if len(charted) < len(decisions):
            told += f"; {figures.count(len(charted))} of {figures.count(len(decisions))}, evenly chosen"
        drawn = [confidence_over_time(charted, threshold, classes, width) for width in (WIDE_CHART, CHART[0])]
        parts.append(_figure("Confidence over time", told, "".join(drawn), "wide"))
        parts.append(_figure("Decisions by confidence", keys, histogram(decisions, threshold, classes, CHART[0])))
    if report.judged:
        outcomes = [(record.confidence, not is_wrong(execution, record)) for execution, record in report.judged]
        error = f"share that is right, by confidence; expected error {expected_error(bins(outcomes)):.3f}"
        parts.append(_figure("Confusion matrix", "", confusion_matrix(confusion(report), classes)))
        parts.append(_figure("Calibration", error, calibration_chart(outcomes)))
    if report.curves:
        parts.append(_training(report.curves))
    parts.append(sections.latency(run_figures.latencies(report.run.executions), report.evidence.load))
    return f'<div class="charts">{"".join(parts)}<p class="quiet">{VALIDATION}</p></div>'


def confusion(report: Report) -> list[list[int]]:
    """Return how often each true class was predicted as each class."""
    counts = Counter((execution.label, record.prediction) for execution, record in report.judged)
    numbers = range(len(report.classes))
    return [[counts[true, predicted] for predicted in numbers] for true in numbers]


def decision_of(execution: Execution, record: CapturedRecord) -> Decision:
    """Return the decision, with the time of the execution's history: the capture has whole seconds only."""
    time = datetime.fromisoformat(execution.classified) if execution.classified else record.time
    return Decision(time.timestamp(), record.prediction, record.confidence, execution.label, execution.key)


def failures(run: Run) -> str:
    """Return a row for each cause of failed executions. Executions below the threshold have not failed."""
    failed = [execution for execution in run.executions if execution.outcome == "failed"]
    causes = Counter((execution.error or "unknown", cause_text(execution.cause)) for execution in failed)
    rows = "".join(
        f"<tr><td>{count}</td><td><b>{escape(error)}</b><br>{escape(cause)}</td></tr>"
        for (error, cause), count in causes.most_common(CAUSES_MAX)
    )
    head = "<tr><th>Executions</th><th>Error and cause</th></tr>"
    return f"<h2>Failures ({len(failed)})</h2>" + (f"<table>{head}{rows}</table>" if rows else "<p>None.</p>")


def table(summary: Mapping[str, Any]) -> str:
    job = summary["training_job"]
    rows = {
        "Target": summary["target"],
        "Classes": ", ".join(summary["classes"]),
        "Data": f"{summary['dataset']}: {summary['train_images']} train, {summary['test_images']} test images",
        "Training job": f"{job['name']}, {job['status']}, {figures.duration(job['training_seconds'])}",
        "Endpoint": f"{summary['endpoint']['name']}, {summary['endpoint']['status']}",
        "Steps": ", ".join(f"{name} {figures.duration(seconds)}" for name, seconds in summary["step_seconds"].items()),
    }
    return "".join(f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())


def another_model(summary: Mapping[str, Any]) -> str:
    """Return a remark if the model in service is not the one that answered the run."""
    model = summary.get("run", {}).get("model")
    if model in (None, summary["training_job"]["name"]):
        return ""
    return f"<p>The run was answered by {escape(model)}. <code>scones classify</code> tries the model in service.</p>"


def named(settings: Mapping[str, object]) -> dict[str, object]:
    return {name.replace("_", " "): value for name, value in settings.items()}


def render(report: Report) -> str:
    """Return the page."""
    run, classes = report.run, report.classes
    below = sorted((p for p in report.pairs if p[1].confidence < run.threshold), key=lambda p: p[1].confidence)
    wrong = [pair for pair in report.pairs if is_wrong(*pair) and pair[1].confidence >= run.threshold]
    below_text = f"Confidence below {run.threshold:g}: a person reviews these. The least certain comes first."
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Scones Unlimited: report</title><style>{stylesheet()}{STYLE.read_text()}</style></head><body>
<h1>Scones Unlimited</h1>
<p class="lead">Which vehicle has arrived? Its class decides whether it receives near or far orders.</p>
<dl class="figures">{headline(report)}</dl>
{charts(report)}
{another_model(report.summary)}{sections.gate(report.evidence)}
{sections.against_the_run_before(report.summary.get("run", {}), report.summary.get("run_before"))}
{sections.drift(report.evidence)}
{gallery("Confident but wrong", "According to the manifest, these go to the wrong loading bay.", wrong, classes)}
{gallery("Below the threshold", below_text, below, classes)}
{failures(run)}
<h2>The run</h2><table class="pairs">{table(report.summary)}</table>
{sections.table("Settings", named(report.summary.get("settings", {})))}
{sections.table("Versions", report.summary.get("versions", {}))}
</body></html>
"""


def _training(curves: Curves) -> str:
    tones = dict(zip(curves, ("muted", "ink"), strict=False))
    series = [
        Series(name.partition(":")[0], tuple((float(n), value) for n, value in enumerate(values, 1)), tones[name])
        for name, values in curves.items()
    ]
    keys = "".join(
        f'<span class="key line tone-{each.tone}">{each.name} {each.points[-1][1]:.4g}</span>' for each in series
    )
    chart = line_chart(series, "Training curves", Axes(*CHART, x_name="epoch"))
    return _figure("Accuracy by epoch", keys, chart)


def _figure(title: str, note: str, chart: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f"<figure{mark}><figcaption><b>{title}</b>{note}</figcaption>{chart}</figure>"
