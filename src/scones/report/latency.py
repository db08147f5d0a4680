"""The latency of a model: of the executions of a run, and of the newest load that the same model has answered."""

from collections.abc import Sequence
from html import escape

from display import figures
from display.line_chart import Axes, Series, line_chart
from scones.report import run_figures
from scones.report.content import Report
from scones.report.evidence import Document, Evidence
from scones.report.sections import CHART, CURVE_TONES, captioned, line_key

MS = 1000.0
POINTS = 60
NO_LOAD: Document = {}


def of_run(report: Report) -> str:
    """Return the chart of the run's executions, and of the newest load of the model that answered the run."""
    return _chart(report.answered_by, run_figures.latencies(report.run.executions), report.evidence)


def of_served(report: Report) -> str:
    """Return the chart of the newest load of the model in service; empty without one."""
    return _chart(report.served, (), report.evidence)


def answers_of(load: Document, model: str) -> list[float]:
    """Return the latencies of a load's answers by a model, in seconds, the shortest first. Failed ones are left out.

    Of an answer whose variant is unknown the model is known if all variants serve the same one.
    """
    variants = {name for name, served in load.get("models_by_variant", {}).items() if served == model}
    has_all = bool(variants) and len(variants) == len(load["models_by_variant"])
    return sorted(
        each["latency_s"]
        for each in load.get("answers", ())
        if each["outcome"] != "failed" and (has_all or each.get("variant") in variants)
    )


def _chart(model: str, executions_s: Sequence[float], evidence: Evidence) -> str:
    """Return the latencies as curves of the share that had ended."""
    load = next((each for each in evidence.loads if answers_of(each, model)), NO_LOAD)
    loaded_s = answers_of(load, model)
    parts = zip(("run", "load"), (executions_s, loaded_s), CURVE_TONES, strict=True)
    series = [Series(name, _share_ended(values), tone) for name, values, tone in parts if values]
    if not series:
        return ""
    keys = "".join(line_key(each.name, each.tone) for each in series)
    told = f"; the load: {escape(str(load['load']))}" if loaded_s else ""
    axes = Axes(*CHART, write=lambda value: figures.share(value or 0, 1), write_x=_written_ms, from_zero=True)
    chart = line_chart(series, "Share of the requests that had ended, by time", axes)
    note = f"{keys} share of the requests that took at most this long, all answered by {escape(model)}{told}"
    return captioned("Latency", note, chart)


def _written_ms(value: float) -> str:
    return figures.duration(value / MS)


def _share_ended(ordered_s: Sequence[float]) -> tuple[tuple[float, float], ...]:
    step = max(1, len(ordered_s) // POINTS)
    ranks = [*range(0, len(ordered_s) - 1, step), len(ordered_s) - 1]
    points = {round(ordered_s[rank] * MS, 1): (rank + 1) / len(ordered_s) for rank in ranks}
    return tuple(points.items())
