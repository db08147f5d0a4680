"""Curves of metrics: those of one job, or of a few jobs in the same chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from console.aws.training.image_classification import CHOOSES, Best, epochs_of
from console.aws.training.logs import Value
from console.views.training.metrics import LARGE_IS_GOOD
from display import epochs, figures
from display.line_chart import Axes, Series, line_chart
from display.scales import is_wide

PHASES = ("train", "training", "validation", "val", "test", "eval")
BY_EPOCH = "epoch"
"""The name of the x axis of a job whose log tells the epoch of each value."""
PLAIN = Axes(x_name="value")
TONES = ("class-6", "busy", "class-3", "class-2", "class-0")
"""Train is yellow and validation is blue: any color vision tells them apart, in light and in dark."""
JOB_TONES = ("class-6", "busy", "class-3", "class-2", "class-0", "ink")


@dataclass(frozen=True)
class Key:
    """An entry of a legend: a curve's name and color, and the words on its last value, and on its best if one is."""

    name: str
    tone: str
    told: str


@dataclass(frozen=True)
class Chart:
    title: str
    svg: str
    legend: tuple[Key, ...]
    is_log: bool


def charts(curves: Mapping[str, list[Value]], axes: Axes = PLAIN, best: Best | None = None) -> list[Chart]:
    """Return the charts of a job. train:x and validation:x share one."""
    groups: dict[str, list[str]] = {}
    for name in sorted(curves):
        phase, _, rest = name.partition(":")
        groups.setdefault(rest if rest and phase.lower() in PHASES else name, []).append(name)
    return [
        _chart(
            title,
            [(name.removesuffix(f":{title}"), curves[name]) for name in names],
            TONES if len(names) > 1 else ("ink",),
            axes,
            [best if name == CHOOSES else None for name in names],
        )
        for title, names in groups.items()
    ]


def shared_charts(
    jobs: Sequence[tuple[str, Mapping[str, list[Value]]]], axes: Axes, bests: Mapping[str, Best | None]
) -> list[Chart]:
    """Return a chart of each metric with the curves of all jobs, so that they share the axes. Each job has a label."""
    names = sorted({name for _, curves in jobs for name in curves})
    # validation says more about a model than training
    names.sort(key=lambda name: not name.lower().startswith("val"))
    tones = {label: JOB_TONES[number % len(JOB_TONES)] for number, (label, _) in enumerate(jobs)}
    drawn = []
    for name in names:
        having = [(label, curves[name]) for label, curves in jobs if name in curves]
        kept = [bests[label] if name == CHOOSES else None for label, _ in having]
        drawn.append(_chart(name, having, [tones[label] for label, _ in having], axes, kept))
    return drawn


def _chart(
    title: str,
    named: Sequence[tuple[str, list[Value]]],
    tones: Sequence[str],
    axes: Axes,
    bests: Sequence[Best | None],
) -> Chart:
    colors = [tones[number % len(tones)] for number in range(len(named))]
    series = [Series(name, _points(curve, axes), tone) for (name, curve), tone in zip(named, colors, strict=True)]
    values = [each.value for _, curve in named for each in curve]
    is_log = may_be_log(title) and is_wide(values)
    legend = tuple(
        Key(name, tone, _told(curve, axes, best))
        for (name, curve), tone, best in zip(named, colors, bests, strict=True)
    )
    svg = line_chart(series, f"Curve of {title}", replace(axes, may_be_log=is_log))
    return Chart(title, svg, legend, is_log)


def may_be_log(name: str) -> bool:
    """Whether ratios of a metric mean something. Those of shares do not: 0.001 to 0.9 is not three equal steps."""
    return not any(word in name.lower() for word in LARGE_IS_GOOD)


def _points(curve: list[Value], axes: Axes) -> tuple[tuple[float, float], ...]:
    if axes.x_name == BY_EPOCH:
        return tuple((float(each.number), each.value) for each in epochs_of(curve))
    return tuple((float(each.number), each.value) for each in curve)


def _told(curve: list[Value], axes: Axes, best: Best | None) -> str:
    last = epochs.last(epochs_of(curve)) if axes.x_name == BY_EPOCH else None
    return epochs.told(last, best.kept if best else None) if last else f"last {figures.number(curve[-1].value)}"
