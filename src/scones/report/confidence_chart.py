"""The picture: every decision over time against its confidence, and the threshold that it had to pass."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scones.dataset.manifests import Classes

INK, MUTED, GRID, PAPER = "#1f2933", "#7b8794", "#e4e7eb", "#ffffff"
# More classes than these take them again: a colour and a marker come together a second time after seventy.
COLOURS = ("#0b7a75", "#d1495b", "#2d6cdf", "#8f5fbf", "#b08900", "#5b8c2a", "#c05299", "#4d5c6b", "#d97706", "#0891b2")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LEGEND_COLUMNS = 4
WRONG = "#111111"
ARRIVAL = "#fff4e5"
DPI = 160
TICKS = ((timedelta(minutes=10), "%H:%M:%S"), (timedelta(days=1), "%H:%M"))


@dataclass(frozen=True)
class Decision:
    time: datetime
    prediction: int
    confidence: float
    label: int | None

    @property
    def is_wrong(self) -> bool:
        return self.label is not None and self.label != self.prediction


def floor_of(decisions: list[Decision], threshold: float) -> float:
    """Lowest value of the axis: a little below the least confidence, and never so high that the threshold is lost."""
    least = min([decision.confidence for decision in decisions] + [threshold])
    return max(0.0, min(least - 0.03, threshold - 0.15))


def _style(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=MUTED, length=0, labelsize=11)
    axes.set_axisbelow(True)


def _numbers(decisions: list[Decision]) -> list[float]:
    """Matplotlib's days, which keep the time zone out of its way."""
    return [float(dates.date2num(decision.time)) for decision in decisions]  # type: ignore[no-untyped-call]


def colour_of(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


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
                facecolor=colour_of(index) if passed else PAPER,
                edgecolor=colour_of(index),
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

    handles = [handle(f"says {name}", marker_of(i), colour_of(i), colour_of(i)) for i, name in enumerate(classes)]
    handles.append(handle("below the threshold", "o", PAPER, MUTED))
    handles.append(handle("wrong, by the manifest", "x", WRONG, WRONG))
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-0.005, -0.12),
        ncol=LEGEND_COLUMNS,
        frameon=False,
        fontsize=11,
    )


def _time_axis(axes: Axes, decisions: list[Decision]) -> None:
    times = [decision.time for decision in decisions]
    span = max(times) - min(times) if times else timedelta()
    pattern = next((shape for limit, shape in TICKS if span < limit), "%d %b")
    day = f"{min(times):%d %B %Y}, " if times else ""
    axes.xaxis_date(tz=UTC)
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=4, maxticks=8, tz=UTC))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates.DateFormatter(pattern, tz=UTC))  # type: ignore[no-untyped-call]
    axes.set_xlabel(f"{day}time of the decision (UTC)", color=MUTED, fontsize=11)


def edges(floor: float, threshold: float) -> list[float]:
    """Bins of about 0.02 from the floor to 1, with an edge at the threshold: no bar is on both sides of it."""
    above = max(1, round((1 - threshold) / 0.02))
    below = max(1, round((threshold - floor) / 0.02))
    values = [*np.linspace(floor, threshold, below + 1), *np.linspace(threshold, 1, above + 1)[1:]]
    return sorted({float(value) for value in values})


def _histogram(axes: Axes, decisions: list[Decision], edges_at: list[float], classes: Classes) -> None:
    values = [[d.confidence for d in decisions if d.prediction == index] for index in range(len(classes))]
    colours = [colour_of(index) for index in range(len(classes))]
    axes.hist(values, bins=edges_at, orientation="horizontal", stacked=True, color=colours, rwidth=0.86)
    axes.set_xlabel("decisions", color=MUTED, fontsize=11)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True, prune="lower"))
    axes.tick_params(labelleft=False)


def headline(decisions: list[Decision], threshold: float) -> str:
    passed = sum(decision.confidence >= threshold for decision in decisions)
    share = f"{passed / len(decisions):.0%}" if decisions else "None"
    return f"{share} of the deliveries decided with confidence"


def subtitle(decisions: list[Decision], threshold: float) -> str:
    passed = [decision for decision in decisions if decision.confidence >= threshold]
    right = sum(not decision.is_wrong for decision in passed)
    return (
        f"{len(decisions)} images captured at the endpoint · "
        f"{len(passed)} reach the threshold, {right} of them rightly · "
        f"{len(decisions) - len(passed)} go to a person"
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
        _style(part)
        part.axhspan(floor, threshold, color=ARRIVAL, zorder=0)
        part.axhline(threshold, color="#c77700", linewidth=1.6, zorder=2)
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
