"""The chart of the report: the confidence of every decision over time, and the threshold."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from display import figures
from scones.chart_style import AMBER, DPI, GRID, INK, MUTED, PAPER, style
from scones.dataset.manifests import Classes

# With more classes the colors repeat; the same color with the same marker appears only after 70 classes.
COLORS = ("#0b7a75", "#d1495b", "#2d6cdf", "#8f5fbf", "#b08900", "#5b8c2a", "#c05299", "#4d5c6b", "#d97706", "#0891b2")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LEGEND_COLUMNS = 4
WRONG = "#111111"
BELOW = "#fff4e5"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # Matplotlib counts days from it
TENTHS_BELOW = timedelta(seconds=8)
TICKS = ((timedelta(minutes=10), "%H:%M:%S"), (timedelta(days=1), "%H:%M"))


@dataclass(frozen=True)
class Decision:
    """One classified image. label is None if the true class is unknown."""

    time: datetime
    prediction: int
    confidence: float
    label: int | None

    @property
    def is_wrong(self) -> bool:
        return self.label is not None and self.label != self.prediction


def floor_of(decisions: list[Decision], threshold: float) -> float:
    """Return the lowest value of the axis: below the lowest confidence, and well below the threshold."""
    least = min([decision.confidence for decision in decisions] + [threshold])
    return max(0.0, min(least - 0.03, threshold - 0.15))


def _numbers(decisions: list[Decision]) -> list[float]:
    """Return matplotlib's day numbers, which avoid its handling of time zones."""
    return [float(dates.date2num(decision.time)) for decision in decisions]  # type: ignore[no-untyped-call]


def color_of(index: int) -> str:
    return COLORS[index % len(COLORS)]


def marker_of(index: int) -> str:
    return MARKERS[index % len(MARKERS)]


def _points(axes: Axes, decisions: list[Decision], threshold: float, classes: Classes) -> None:
    for index, name in enumerate(classes):
        for passed in (True, False):
            chosen = [d for d in decisions if d.prediction == index and (d.confidence >= threshold) == passed]
            axes.scatter(
                _numbers(chosen),
                [d.confidence for d in chosen],
                s=95,
                marker=marker_of(index),
                facecolor=color_of(index) if passed else PAPER,
                edgecolor=color_of(index),
                linewidth=1.8,
                alpha=0.9,
                label=name,
                zorder=3,
            )
    wrong = [d for d in decisions if d.is_wrong]
    axes.scatter(
        _numbers(wrong),
        [d.confidence for d in wrong],
        s=70,
        marker="x",
        color=WRONG,
        linewidth=2,
        zorder=4,
    )


def _threshold(axes: Axes, threshold: float) -> None:
    axes.annotate(
        f"threshold {threshold:g}",
        (0.003, threshold),
        xycoords=("axes fraction", "data"),
        xytext=(0, -6),
        textcoords="offset points",
        va="top",
        color="#9a5b00",
        fontsize=11,
        fontweight="bold",
    )


def _legend(axes: Axes, classes: Classes) -> None:
    def handle(label: str, marker: str, face: str, edge: str) -> Line2D:
        return Line2D(
            [], [], linestyle="", marker=marker, markerfacecolor=face, markeredgecolor=edge, markersize=9, label=label
        )

    handles = [handle(f"predicted {name}", marker_of(i), color_of(i), color_of(i)) for i, name in enumerate(classes)]
    handles.append(handle("below the threshold", "o", PAPER, MUTED))
    handles.append(handle("wrong according to the manifest", "x", WRONG, WRONG))
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-0.005, -0.12),
        ncol=LEGEND_COLUMNS,
        frameon=False,
        fontsize=11,
    )


def tick_label(time: datetime, span: timedelta) -> str:
    """Return the label of a tick of an axis that covers `span`, precise enough that two ticks have two labels."""
    if span < TENTHS_BELOW:
        return f"{time:%H:%M:%S}.{time.microsecond // 100_000}"
    return time.strftime(next((pattern for limit, pattern in TICKS if span < limit), "%d %b"))


def _time_axis(axes: Axes, decisions: list[Decision]) -> None:
    times = [decision.time for decision in decisions]
    span = max(times) - min(times) if times else timedelta()
    day = f"{min(times):%d %B %Y}, " if times else ""
    axes.xaxis_date(tz=UTC)
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=4, maxticks=8, tz=UTC))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(FuncFormatter(lambda day, _: tick_label(EPOCH + timedelta(days=day), span)))
    axes.set_xlabel(f"{day}time of the decision (UTC)", color=MUTED, fontsize=11)


def edges(floor: float, threshold: float) -> list[float]:
    """Return bins of about 0.02 from the floor to 1. One edge is the threshold, so that no bar spans it."""
    above = max(1, round((1 - threshold) / 0.02))
    below = max(1, round((threshold - floor) / 0.02))
    values = [*np.linspace(floor, threshold, below + 1), *np.linspace(threshold, 1, above + 1)[1:]]
    return sorted({float(value) for value in values})


def _histogram(axes: Axes, decisions: list[Decision], edges_at: list[float], classes: Classes) -> None:
    values = [[d.confidence for d in decisions if d.prediction == index] for index in range(len(classes))]
    colors = [color_of(index) for index in range(len(classes))]
    axes.hist(values, bins=edges_at, orientation="horizontal", stacked=True, color=colors, rwidth=0.86)
    axes.set_xlabel("decisions", color=MUTED, fontsize=11)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True, prune="lower"))
    axes.tick_params(labelleft=False)


def headline(decisions: list[Decision], threshold: float) -> str:
    passed = sum(decision.confidence >= threshold for decision in decisions)
    share = figures.share(passed, len(decisions)) if decisions else "None"
    return f"{share} of the decisions reach the threshold"


def subtitle(decisions: list[Decision], threshold: float) -> str:
    passed = [decision for decision in decisions if decision.confidence >= threshold]
    right = sum(not decision.is_wrong for decision in passed)
    return (
        f"{len(decisions)} images captured at the endpoint · "
        f"{len(passed)} reach the threshold, {right} of them correct · "
        f"{len(decisions) - len(passed)} go to a person for review"
    )


def _panels(figure: Figure, legend_rows: int) -> tuple[Axes, Axes]:
    bottom = 0.13 + 0.04 * min(legend_rows, 6)
    grid = figure.add_gridspec(1, 2, width_ratios=(6, 1), wspace=0.03, left=0.07, right=0.97, top=0.82, bottom=bottom)
    axes = figure.add_subplot(grid[0])
    return axes, figure.add_subplot(grid[1], sharey=axes)


def confidence_figure(decisions: list[Decision], threshold: float, classes: Classes) -> Figure:
    figure = Figure(figsize=(12, 6.75), facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes, side = _panels(figure, legend_rows=-(-(len(classes) + 2) // LEGEND_COLUMNS))
    floor = floor_of(decisions, threshold)
    for part in (axes, side):
        style(part)
        part.axhspan(floor, threshold, color=BELOW, zorder=0)
        part.axhline(threshold, color=AMBER, linewidth=1.6, zorder=2)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    _threshold(axes, threshold)
    _points(axes, decisions, threshold, classes)
    _legend(axes, classes)
    _histogram(side, decisions, edges(floor, threshold), classes)
    _time_axis(axes, decisions)
    axes.set_ylim(floor, 1.012)
    axes.set_ylabel("confidence of the decision", color=MUTED, fontsize=12)
    figure.text(0.07, 0.925, headline(decisions, threshold), fontsize=21, fontweight="bold", color=INK)
    figure.text(0.07, 0.87, subtitle(decisions, threshold), fontsize=12.5, color=MUTED)
    return figure


def draw(decisions: list[Decision], threshold: float, classes: Classes, path: Path) -> None:
    confidence_figure(decisions, threshold, classes).savefig(path, dpi=DPI)
