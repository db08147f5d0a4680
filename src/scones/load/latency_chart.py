"""The chart of a load: each request's latency at the time when it was due, and the rates of requests and answers.

All requests of a burst are due at once, so its chart shows them at the time of the answer.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scones.chart_style import AMBER, DPI, GRID, INK, MUTED, PAPER, RED, TEAL, style
from scones.load.measurements import BELOW_THRESHOLD, FAILED, SUCCEEDED, Answer, Figures, duration, most_common

STYLES = {SUCCEEDED: ("o", TEAL, TEAL), BELOW_THRESHOLD: ("o", PAPER, AMBER), FAILED: ("X", RED, PAPER)}
LINES = {"p50": "-", "p95": "--", "p99": ":"}
BINS = 60


def load_figure(title: str, figures: Figures, answers: Sequence[Answer]) -> Figure:
    figure = Figure(figsize=(12, 7.5), facecolor=PAPER)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 1), hspace=0.12, left=0.09, right=0.93, top=0.83, bottom=0.12)
    above = figure.add_subplot(grid[0])
    below = figure.add_subplot(grid[1], sharex=above)
    for axes in (above, below):
        style(axes)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
    _latencies(above, figures, answers)
    _rates(below, answers)
    figure.text(0.09, 0.935, headline(figures), fontsize=19, fontweight="bold", color=INK)
    figure.text(0.09, 0.885, subtitle(title, figures), fontsize=12, color=MUTED)
    return figure


def headline(figures: Figures) -> str:
    sent = f"{figures.sent} at once" if figures.sent_per_s is None else f"{figures.sent_per_s:.1f} requests per second"
    return f"{sent}: half within {duration(figures.p50_s)}, 99 of 100 within {duration(figures.p99_s)}"


def subtitle(title: str, figures: Figures) -> str:
    failed = f" · failed: {figures.outcomes[FAILED]}{most_common(figures.errors)}" if figures.errors else ""
    unanswered = f" · {figures.in_flight} without an answer" if figures.in_flight else ""
    return f"{title} · {figures.sent} sent, {figures.ended_per_s:.1f} answered per second{failed}{unanswered}"


def _latencies(axes: Axes, figures: Figures, answers: Sequence[Answer]) -> None:
    for outcome, (marker, face, edge) in STYLES.items():
        chosen = [answer for answer in answers if answer.outcome == outcome]
        axes.scatter(
            [answer.ended_s if figures.sent_per_s is None else answer.due_s for answer in chosen],
            [answer.latency_s for answer in chosen],
            s=70 if outcome == FAILED else 34,
            marker=marker,
            facecolor=face,
            edgecolor=edge,
            linewidth=1.2,
            alpha=0.85,
            label=f"{outcome.replace('_', ' the ')} ({len(chosen)})",
            zorder=3,
        )
    for name, seconds in figures.percentiles.items():
        if seconds is not None:
            axes.axhline(seconds, color=INK, linewidth=1.1, linestyle=LINES[name], zorder=2)
    _name_percentiles(axes, figures)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: duration(seconds)))
    axes.set_ylabel("latency, from when it was due", color=MUTED, fontsize=12)
    axes.tick_params(labelbottom=False)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncol=3, frameon=False, fontsize=11, borderpad=0)


def _name_percentiles(axes: Axes, figures: Figures) -> None:
    """Write the names at the right edge. Percentiles that nearly coincide share a line."""
    top = max([answer for answer in figures.percentiles.values() if answer is not None], default=1.0)
    names: list[tuple[float, str]] = []
    for name, seconds in figures.percentiles.items():
        if seconds is None:
            continue
        if names and seconds - names[-1][0] < top * 0.06:
            names[-1] = (names[-1][0], f"{names[-1][1]}, {name}")
        else:
            names.append((seconds, name))
    for seconds, text in names:
        axes.annotate(text, (1.005, seconds), xycoords=("axes fraction", "data"), va="center", color=INK, fontsize=10.5)


def _rates(axes: Axes, answers: Sequence[Answer]) -> None:
    """Draw the requests per second, in bins of equal length."""
    last_s = max((answer.ended_s for answer in answers), default=1.0) or 1.0
    edges = np.linspace(0, last_s, min(BINS, max(4, int(last_s))) + 1)
    width_s = edges[1] - edges[0]
    most = 0.0
    for label, times, color, width in (
        ("due", [answer.due_s for answer in answers], MUTED, 1.4),
        ("answered", [answer.ended_s for answer in answers], TEAL, 2.2),
    ):
        counts, _ = np.histogram(times, bins=edges)
        most = max(most, float(counts.max() / width_s))
        axes.stairs(counts / width_s, edges, label=label, baseline=None, color=color, linewidth=width)
    axes.set_ylim(0, most * 1.35 or 1)
    axes.set_xlim(-0.01 * last_s, last_s * 1.01)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_ylabel("requests/s", color=MUTED, fontsize=12)
    axes.set_xlabel("seconds since the load began", color=MUTED, fontsize=11)
    axes.legend(loc="upper right", ncol=2, frameon=False, fontsize=11)


def draw(title: str, figures: Figures, answers: Sequence[Answer], path: Path) -> None:
    load_figure(title, figures, answers).savefig(path, dpi=DPI)
