"""The part of the report's page about the run: what the model answered, how long it took, and how it failed."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from display import figures
from display.calibration_chart import bins, calibration_chart, expected_error
from display.colors import class_tone, marker_path
from display.confidence_charts import Decision, confidence_over_time, histogram
from display.matrix_chart import confusion_matrix
from scones.classify.executions import Execution, cause_text
from scones.classify.run_record import Run
from scones.dataset.manifests import Classes, class_name
from scones.report import latency
from scones.report.captured_records import CapturedRecord
from scones.report.content import Pair, Report, is_wrong
from scones.report.sections import (
    CHART,
    WIDE_CHART,
    Figure,
    breakable,
    captioned,
    data_uri,
)

CAUSES_MAX = 20
CARDS_MAX, CHARTED_MAX = 200, 2000
"""The limits of a large run: with all of 10,000 images the page would have 32 MB."""
Write = Callable[[Any], str]


def headline(report: Report) -> list[Figure]:
    ran, judged = report.summary["executions"], report.judged
    right = sum(not is_wrong(*pair) for pair in judged)
    return [
        ("Right", figures.share(right, len(judged)), f"{right} of {len(judged)} classified images"),
        ("Reached the threshold", ran["succeeded"], f"of {ran['started']} executions"),
        ("Below the threshold", ran["below_threshold"], "wait for review"),
        ("Failed", ran["failed"], ""),
        ("Captured", report.summary["captured_records"], f"of {report.summary['invocations']} invocations"),
    ]


def charts(report: Report) -> list[str]:
    """Return the charts of the decisions, of how right they are, and of the latency."""
    classes = report.classes
    parts = _decisions(report)
    if report.judged:
        outcomes = [(record.confidence, not is_wrong(execution, record)) for execution, record in report.judged]
        error = f"share that is right, by confidence; expected error {expected_error(bins(outcomes)):.3f}"
        parts.append(captioned("Confusion matrix", "", confusion_matrix(confusion(report), classes)))
        parts.append(captioned("Calibration", error, calibration_chart(outcomes)))
    return [*parts, latency.of_run(report)]


def _decisions(report: Report) -> list[str]:
    decisions = [decision_of(execution, record) for execution, record in report.pairs]
    if not decisions:
        return []
    threshold, classes = report.run.threshold, report.classes
    keys = "".join(
        f'<span class="key tone-{class_tone(index)}"><svg viewBox="-6 -6 12 12">'
        f'<path d="{marker_path(index, 0, 0, 4)}"/></svg>{escape(name)}</span>'
        for index, name in enumerate(classes)
    )
    charted = decisions[:: -(-len(decisions) // CHARTED_MAX)]
    told = f"{keys} open: below the threshold; ring: wrong"
    if len(charted) < len(decisions):
        told += f"; {figures.count(len(charted))} of {figures.count(len(decisions))}, evenly chosen"
    drawn = [confidence_over_time(charted, threshold, classes, width) for width in (WIDE_CHART, CHART[0])]
    return [
        captioned("Confidence over time", told, "".join(drawn), "wide"),
        captioned("Decisions by confidence", keys, histogram(decisions, threshold, classes, CHART[0])),
    ]


def confusion(report: Report) -> list[list[int]]:
    """Return how often each true class was predicted as each class."""
    counts = Counter((execution.label, record.prediction) for execution, record in report.judged)
    numbers = range(len(report.classes))
    return [[counts[true, predicted] for predicted in numbers] for true in numbers]


def decision_of(execution: Execution, record: CapturedRecord) -> Decision:
    """Return the decision, with the time of the execution's history: the capture has whole seconds only."""
    time = datetime.fromisoformat(execution.classified) if execution.classified else record.time
    return Decision(time.timestamp(), record.prediction, record.confidence, execution.label, execution.key)


# ---- images and failures ----


def galleries(report: Report) -> str:
    """Return the images that are confidently wrong, and those below the threshold, the least certain first."""
    threshold, classes = report.run.threshold, report.classes
    below = sorted((p for p in report.pairs if p[1].confidence < threshold), key=lambda p: p[1].confidence)
    wrong = [pair for pair in report.pairs if is_wrong(*pair) and pair[1].confidence >= threshold]
    below_text = f"Confidence below {threshold:g}: a person reviews these. The least certain comes first."
    return (
        gallery("Confident but wrong", "According to the manifest, these go to the wrong loading bay.", wrong, classes)
        + "\n"
        + gallery("Below the threshold", below_text, below, classes)
    )


def gallery(title: str, text: str, pairs: list[Pair], classes: Classes) -> str:
    cards = "".join(card(execution, record, classes) for execution, record in pairs[:CARDS_MAX])
    if len(pairs) > CARDS_MAX:
        text = f"{text} The first {CARDS_MAX} are shown."
    if not cards:
        return f"<h3>{title} (0)</h3><p>None.</p>"
    return f'<h3>{title} ({len(pairs)})</h3><p class="quiet">{text}</p><ul class="gallery">{cards}</ul>'


def card(execution: Execution, record: CapturedRecord, classes: Classes) -> str:
    prediction = f"{class_name(record.prediction, classes)} {record.confidence:.4f}"
    mark = ' class="wrong"' if is_wrong(execution, record) else ""
    return (
        f'<li{mark}><img src="{data_uri(record.image)}" alt="{escape(execution.key)}">'
        f"<b>{escape(prediction)}</b><br>it is: {escape(class_name(execution.label, classes))}<br>"
        f"<small>{breakable(execution.key)}</small></li>"
    )


def failures(run: Run) -> str:
    """Return a row for each cause of failed executions. Executions below the threshold have not failed."""
    failed = [execution for execution in run.executions if execution.outcome == "failed"]
    causes = Counter((execution.error or "unknown", cause_text(execution.cause)) for execution in failed)
    rows = "".join(
        f"<tr><td>{count}</td><td><b>{escape(error)}</b><br>{escape(cause)}</td></tr>"
        for (error, cause), count in causes.most_common(CAUSES_MAX)
    )
    head = "<tr><th>Executions</th><th>Error and cause</th></tr>"
    return f"<h3>Failures ({len(failed)})</h3>" + (f"<table>{head}{rows}</table>" if rows else "<p>None.</p>")


def against_the_run_before(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """Return a table of this run's figures beside those of the run before."""
    if before is None:
        return ""
    rows: tuple[tuple[str, Write], ...] = (
        ("Model", lambda run: escape(str(run["model"]))),
        ("Right", lambda run: figures.share(run["right"], run["judged"])),
        ("Reached the threshold", lambda run: figures.share(run["reached_threshold"], run["classified"])),
        ("Mean confidence", lambda run: figures.number(run["mean_confidence"])),
        *((f"Latency, {name}", _latency_of(name)) for name in ("p50", "p95", "p99")),
        ("Classified images", lambda run: figures.count(run["classified"])),
    )
    cells = "".join(f"<tr><th>{name}</th><td>{write(before)}</td><td>{write(now)}</td></tr>" for name, write in rows)
    return f"<h3>Against the run before</h3><table><tr><th></th><th>before</th><th>now</th></tr>{cells}</table>"


def _latency_of(name: str) -> Write:
    return lambda run: figures.duration(run[f"{name}_s"])
