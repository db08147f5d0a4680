"""The comparison of training jobs: many in charts and a table, two to six side by side by what differs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from console import pages
from console.aws.training import image_classification
from console.aws.training import jobs as training_jobs
from console.aws.training.comparison import TRAINING_TIME, ComparedJob, Comparison
from console.aws.training.logs import Value
from console.errors import ConsoleError
from console.site import Site
from console.views.training.curves import BY_EPOCH, PLAIN, Chart, shared_charts
from console.views.training.metrics import HAVE_MODELS, column_note, has_direction, is_small_good, origin
from console.views.training.side_by_side import TWO, VALIDATION_DATA, Row, Verdict, by_age, labels, rows, same, verdict
from console.views.training.value_table import value_table
from display.line_chart import Axes
from display.parallel_chart import AXES_MAX, NOT_SET, Line, parallel_chart
from display.scatter_chart import NARROW, WIDTH, Point, scatter_chart

FEW = 6
"""The largest number of jobs that are compared side by side, value by value."""


@dataclass(frozen=True)
class Few:
    """Two to six jobs, the oldest first, each with its label."""

    jobs: Sequence[ComparedJob]
    labels: Sequence[str]
    rows: Sequence[Row]
    same: Mapping[str, str]
    verdict: Verdict | None
    charts: Sequence[Chart]
    by: str
    """What a step on the x axis of the curves is, if it is known: `epoch`."""

    @property
    def are_two(self) -> bool:
        return len(self.jobs) == TWO


async def load_comparison(site: Site, request: web.Request) -> dict[str, Any]:
    query = request.query
    comparison = await site.compared.compare(
        site.aws, pages.budget_s(site, request), query.get("q", ""), query.getall("name", [])
    )
    metrics, varying = comparison.metrics, comparison.varying
    numbers = [*metrics, *varying, TRAINING_TIME]
    y = query.get("y") or next((name for name in numbers if name.startswith("validation")), numbers[0])
    x = query.get("x") or next((name for name in varying if name != y), TRAINING_TIME)
    bests = _best_jobs(comparison, y)
    best = bests[0] if len(bests) == 1 else None
    points = _scatter(comparison, x, y, bests)
    parallel = _parallel(comparison, y, bests)
    y_values = [value for job in comparison.jobs if (value := comparison.value(job, y)) is not None]
    return {
        "comparison": comparison,
        "metrics": [(name, column_note(name, any(job.best for job in comparison.jobs))) for name in metrics],
        "origin": origin,
        "varying": varying,
        "numbers": numbers,
        "x": x,
        "y": y,
        "q": query.get("q", ""),
        "charts": [scatter_chart(points, x, y, y_values, width) for width in (WIDTH, NARROW)] if points else [],
        "parallel": parallel,
        "parallel_axes": AXES_MAX - 1,
        "has_unset": any(NOT_SET in chart for chart in parallel),
        "best": best,
        "best_word": _best_word(y),
        "best_value": comparison.value(bests[0], y) if bests else None,
        "best_values": _set_values(comparison, best),
        "best_origin": origin(best, y) if best else "",
        "tied": bests if len(bests) > 1 else [],
        "table": value_table(comparison, request),
        "few": await _few(site, comparison) if 1 < len(comparison.jobs) <= FEW else None,
        "are_other_data": VALIDATION_DATA in comparison.varying_settings,
        "names": query.getall("name", []),
    }


async def _few(site: Site, comparison: Comparison) -> Few:
    ordered = by_age(comparison)
    names = labels(len(ordered.jobs))
    curves = await asyncio.gather(*(_curves(site, job.name) for job in ordered.jobs))
    bests = {name: job.best for name, job in zip(names, ordered.jobs, strict=True)}
    by_epoch = all(image_classification.is_image(job.settings["image"]) for job in ordered.jobs)
    axes = Axes(x_name=BY_EPOCH) if by_epoch else PLAIN
    return Few(
        jobs=ordered.jobs,
        labels=names,
        rows=rows(ordered),
        same=same(ordered),
        verdict=verdict(ordered),
        charts=shared_charts(list(zip(names, curves, strict=True)), axes, bests),
        by=BY_EPOCH if by_epoch else "",
    )


async def _curves(site: Site, name: str) -> Mapping[str, list[Value]]:
    try:
        return (await site.job_logs.read(site.aws, await training_jobs.described(site.aws, name))).curves
    except ConsoleError:
        return {}  # the role may not read logs


def _set_values(comparison: Comparison, job: ComparedJob | None) -> list[tuple[str, str]]:
    """Return the hyperparameters of a job that other jobs have not, as far as they are known."""
    return [(name, value) for name in comparison.varying if job and (value := comparison.told_value(job, name))]


def _best_word(name: str) -> str:
    """Return how the best job is called: whether large or small values are good is not known of every metric."""
    return "Best" if has_direction(name) else "Highest"


def _best_jobs(comparison: Comparison, y: str) -> list[ComparedJob]:
    """Return the jobs that have a model and the highest y, or the lowest where y is a loss: several if they tie."""
    values = [(value, job) for job in comparison.jobs if (value := comparison.value(job, y)) is not None]
    modeled = [(value, job) for value, job in values if job.status in HAVE_MODELS]
    best = (min if is_small_good(y) else max)((value for value, _ in modeled), default=None)
    return [job for value, job in modeled if value == best]


def _parallel(comparison: Comparison, y: str, bests: Sequence[ComparedJob]) -> list[str]:
    """Return the chart of what varies, with y as the last axis, wide and narrow; none if fewer than two things vary.

    What has one value in some jobs and is not set in the others has no axis: all lines would meet at the value.
    """
    shown = replace(comparison, jobs=[job for job in comparison.jobs if comparison.value(job, y) is not None])
    varying = [name for name in shown.varying if name != y and _has_two_values(shown, name)]
    if len(varying) < 2:
        return []
    dimensions, best_names = [*varying[: AXES_MAX - 1], y], {job.name for job in bests}
    lines = [
        Line(job.name, _values(shown, job, dimensions), f"/training-jobs/{job.name}", job.name in best_names)
        for job in shown.jobs
    ]
    return [parallel_chart(lines, dimensions, is_narrow) for is_narrow in (False, True)]


def _has_two_values(comparison: Comparison, name: str) -> bool:
    values = {comparison.set_value(job, name) for job in comparison.jobs} - {None}
    return len(values) > 1


def _values(comparison: Comparison, job: ComparedJob, names: list[str]) -> dict[str, float | str]:
    values: dict[str, float | str] = {}
    for name in names:
        value: float | str | None = comparison.value(job, name)
        value = comparison.set_value(job, name) if value is None else value
        if value is not None:
            values[name] = value
    return values


def _scatter(comparison: Comparison, x: str, y: str, bests: Sequence[ComparedJob]) -> list[Point]:
    """Return a point for each job that has both numbers."""
    best_names = {job.name for job in bests}
    placed = [(comparison.value(job, x), comparison.value(job, y), job) for job in comparison.jobs]
    return [
        Point(at, value, job.name, f"/training-jobs/{job.name}", job.name in best_names)
        for at, value, job in placed
        if at is not None and value is not None
    ]
