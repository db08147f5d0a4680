"""Sections of the report's page that are not about single images: latency, drift, the run before, settings."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from display import figures
from display.line_chart import Axes, Series, line_chart
from scones.report.evidence import ACCURACY, Evidence

FEATURES_SHOWN = 8
MS = 1000.0
POINTS = 60
NOT_COMPARED = "No traffic of this model has been compared with its baseline: <code>scones monitor run</code> does so."
Write = Callable[[Any], str]


def latency(executions_s: Sequence[float], load: Mapping[str, Any]) -> str:
    """Return the latencies of the run's executions and of the last load, as curves of the share that had ended."""
    loaded_s = sorted(each["latency_s"] for each in load.get("answers", ()) if each["outcome"] != "failed")
    parts = [("run", executions_s, "ink"), ("load", loaded_s, "muted")]
    series = [Series(name, _share_ended(values), tone) for name, values, tone in parts if values]
    if not series:
        return ""
    keys = "".join(f'<span class="key line tone-{each.tone}">{each.name}</span>' for each in series)
    told = f"; the load: {escape(str(load['load']))}" if loaded_s else ""
    axes = Axes(520.0, 300.0, write=lambda value: figures.share(value or 0, 1), write_x=_written_ms, from_zero=True)
    chart = line_chart(series, "Share of the executions that had ended, by time", axes)
    caption = f"<b>Latency</b>{keys} share of the executions that took at most this long{told}"
    return f"<figure><figcaption>{caption}</figcaption>{chart}</figure>"


def _written_ms(value: float) -> str:
    return figures.duration(value / MS)


def _share_ended(ordered_s: Sequence[float]) -> tuple[tuple[float, float], ...]:
    step = max(1, len(ordered_s) // POINTS)
    ranks = [*range(0, len(ordered_s) - 1, step), len(ordered_s) - 1]
    points = {round(ordered_s[rank] * MS, 1): (rank + 1) / len(ordered_s) for rank in ranks}
    return tuple(points.items())


def drift(evidence: Evidence) -> str:
    """Return what the monitor found in the last window, and the features that are the farthest from the baseline."""
    state, report = evidence.state, evidence.comparison
    if not state:
        return f"<h2>Drift</h2><p>{NOT_COMPARED}</p>"
    verdict = "no drift" if report.get("tests") else "too little traffic to compare"
    if state.get("since"):
        verdict = f"drifting since {escape(str(state['since']))}"
    message = escape(str(report.get("message", ""))).replace("\n", "<br>")
    tests = sorted(report.get("tests", ()), key=lambda test: test["corrected_p"])[:FEATURES_SHOWN]
    rows = "".join(
        f"<tr><td>{escape(str(test['feature']).replace('_', ' '))}</td><td>{figures.number(test['before'])}</td>"
        f"<td>{figures.number(test['after'])}</td><td>{figures.number(test['effect'])}</td>"
        f"<td>{figures.number(test['corrected_p'])}</td></tr>"
        for test in tests
    )
    head = "<tr><th>Feature</th><th>Baseline</th><th>Window</th><th>Distance</th><th>Corrected p</th></tr>"
    return f"<h2>Drift: {verdict}</h2><p>{message}</p>" + (f"<table>{head}{rows}</table>" if rows else "")


def gate(evidence: Evidence) -> str:
    """Return the accuracy that the pipeline's gate measured on all test images; empty if it has passed no gate."""
    metrics = evidence.gate.get(ACCURACY, {})
    counts = [count for row in metrics.get("confusion_matrix", {}).values() for count in row.values()]
    if not counts:
        return ""
    accuracy = figures.share(metrics["accuracy"]["value"], 1)
    return f"<p>At the pipeline's gate the model had an accuracy of <b>{accuracy}</b> on {sum(counts)} test images.</p>"


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
    return f"<h2>Against the run before</h2><table><tr><th></th><th>before</th><th>now</th></tr>{cells}</table>"


def _latency_of(name: str) -> Write:
    return lambda run: figures.duration(run[f"{name}_s"])


def table(title: str, rows: Mapping[str, object]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())
    return f'<h2>{title}</h2><table class="pairs">{cells}</table>' if cells else ""
