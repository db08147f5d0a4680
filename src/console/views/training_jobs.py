"""Training jobs: the list, one job with its curves and its log, and the comparison of many."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from console import pages
from console.aws import endpoints
from console.aws.client import NAMED_S
from console.aws.training import image_classification
from console.aws.training import jobs as training_jobs
from console.aws.training.comparison import ComparedJob, Comparison
from console.aws.training.jobs import SUBMIT_DIRECTORY, Job
from console.aws.training.logs import Value
from console.aws.workflow import workflow
from console.errors import ConsoleError, NotThere
from console.site import Site
from console.views.log_lines import lines_of
from display import figures
from display.line_chart import Axes, Series, line_chart
from display.parallel_chart import AXES_MAX, Line, parallel_chart
from display.scatter_chart import Point, scatter_chart

STATUSES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")
PHASES = ("train", "training", "validation", "val", "test", "eval")
SHOWN_LINES = 400
SMALL_IS_GOOD = ("loss", "error", "duration", "rmse", "mse", "mae")
NOT_SET = "not set"
PLAIN = Axes(x_name="value")
FEW = 6
"""The largest number of jobs that are compared side by side, value by value."""
TONES = ("class-6", "busy", "class-3", "class-2", "class-0")
"""Train is yellow and validation is blue: any color vision tells them apart, in light and in dark."""


async def load_list(site: Site, request: web.Request) -> dict[str, Any]:
    status, name, after = (request.query.get(key, "") for key in ("status", "q", "after"))
    jobs, following = await training_jobs.listed(site.aws, status, name, after)
    return {"jobs": jobs, "statuses": STATUSES, "status": status, "q": name, "after": after, "following": following}


async def load_comparison(site: Site, request: web.Request) -> dict[str, Any]:
    query = request.query
    comparison = await site.compared.compare(
        site.aws, pages.budget_s(site, request), query.get("q", ""), query.getall("name", [])
    )
    metrics, varying = comparison.metrics, comparison.varying
    numbers = [*metrics, *varying, "duration"]
    y = query.get("y") or next((name for name in numbers if name.startswith("validation")), numbers[0])
    x = query.get("x") or next((name for name in varying if name != y), "duration")
    points = _scatter(comparison, x, y)
    tied = [point for point in points if point.is_best]
    best = tied[0] if len(tied) == 1 else None
    few = by_age(comparison) if 1 < len(comparison.jobs) <= FEW else Comparison([], 0)
    return {
        "comparison": comparison,
        "metrics": metrics,
        "varying": varying,
        "numbers": numbers,
        "x": x,
        "y": y,
        "q": query.get("q", ""),
        "chart": scatter_chart(points, x, y) if points else "",
        "parallel": _parallel(comparison, y, best.name if best else ""),
        "best": best,
        "tied": tied if len(tied) > 1 else [],
        "few": few,
        "best_job": next((job for job in comparison.jobs if best and job.name == best.name), None),
        "names": query.getall("name", []),
        "differences": differences(few) if few.jobs else [],
        "same": same(few) if few.jobs else {},
    }


def by_age(comparison: Comparison) -> Comparison:
    """Return the jobs with the oldest first, so that a difference is new minus old."""
    return Comparison(sorted(comparison.jobs, key=lambda job: job.created), comparison.listed)


def difference(comparison: Comparison, name: str) -> str:
    """Return new minus old of two jobs with its sign, `0` for equal numbers, and nothing without two numbers."""
    if len(comparison.jobs) != 2:
        return ""
    old, new = (comparison.value(job, name) for job in comparison.jobs)
    if old is None or new is None:
        return ""
    value = new - old
    if value == 0:
        return "0"
    sign = "+" if value > 0 else "\N{MINUS SIGN}"
    return sign + (figures.duration(abs(value)) if name == "duration" else figures.number(abs(value)))


def same(comparison: Comparison) -> dict[str, str]:
    """Return the settings and hyperparameters that are equal in all jobs, by name."""
    first = comparison.jobs[0]
    equal = {**first.settings, **first.hyperparameters}
    differing = {*comparison.varying, *comparison.varying_settings}
    return {name: value for name, value in sorted(equal.items()) if name not in differing}


def differences(comparison: Comparison) -> list[tuple[str, list[str], str]]:
    """Return the metrics of a few jobs and what differs between them: a name, each job's value, and new minus old."""
    jobs = comparison.jobs
    rows = [(name, [job.settings.get(name, figures.NONE) for job in jobs]) for name in comparison.varying_settings]
    rows += [(name, [job.hyperparameters.get(name, figures.NONE) for job in jobs]) for name in comparison.varying]
    rows += [(name, [figures.number(job.metrics.get(name)) for job in jobs]) for name in comparison.metrics]
    rows += [("duration", [figures.duration(job.seconds) for job in jobs])]
    return [(name, values, difference(comparison, name)) for name, values in rows]


def _parallel(comparison: Comparison, y: str, best: str) -> str:
    """Return the chart of what varies, with y as the last axis; empty if fewer than two things vary."""
    varying = [name for name in comparison.varying if name != y]
    if len(varying) < 2:
        return ""
    dimensions = [*varying[: AXES_MAX - 1], y]
    shown = [job for job in comparison.jobs if comparison.value(job, y) is not None]
    values = {job.name: _values(comparison, job, dimensions) for job in shown}
    worded = {name for each in values.values() for name, value in each.items() if isinstance(value, str)}
    lines = [
        Line(name, dict.fromkeys(worded, NOT_SET) | each, f"/training-jobs/{name}", name == best)
        for name, each in values.items()
    ]
    return parallel_chart(lines, dimensions) if lines else ""


def _values(comparison: Comparison, job: ComparedJob, names: list[str]) -> dict[str, float | str]:
    values: dict[str, float | str] = {}
    for name in names:
        value: float | str | None = comparison.value(job, name)
        value = job.hyperparameters.get(name) if value is None else value
        if value is not None:
            values[name] = value
    return values


def _scatter(comparison: Comparison, x: str, y: str) -> list[Point]:
    """Return a point for each job that has both numbers. The best have the highest y; the lowest where y is a loss."""
    placed = []
    for job in comparison.jobs:
        at, value = comparison.value(job, x), comparison.value(job, y)
        if at is not None and value is not None:
            placed.append((at, value, job.name))
    if not placed:
        return []
    choose = min if any(word in y.lower() for word in SMALL_IS_GOOD) else max
    best = choose(value for _, value, _ in placed)
    return [Point(at, value, name, f"/training-jobs/{name}", value == best) for at, value, name in placed]


async def load_job(site: Site, request: web.Request) -> dict[str, Any]:
    job = await training_jobs.described(site.aws, request.match_info["name"])
    log = await site.job_logs.read(site.aws, job)
    is_classifier = image_classification.is_used_by(job)
    best = image_classification.best_of(log.curves) if is_classifier else None
    mark = (float(best.epoch), f"best: epoch {best.epoch}") if best else None
    own = {key: value for key, value in job.hyperparameters.items() if not key.startswith(SUBMIT_DIRECTORY)}
    return {
        "job": job,
        "charts": charts(log.curves, Axes(x_name="epoch", mark=mark) if is_classifier else PLAIN),
        "is_classifier": is_classifier,
        "best": best,
        "chosen_by": image_classification.CHOOSES,
        "defaults": image_classification.defaults_of(job) if is_classifier else {},
        "lines": lines_of(list(log.tail.lines)[-SHOWN_LINES:]),
        "line_count": log.tail.total,
        "hyperparameters": own,
        "artifact_size": await _artifact_size(site, job),
        "rivals": await rivals(site, job),
    }


async def rivals(site: Site, job: Job) -> dict[str, str]:
    """Return the jobs with which a completed one is worth comparing: what each is, by its name."""
    if job.status != "Completed":
        return {}
    try:
        before, newest, serving = await asyncio.gather(
            training_jobs.newest_completed(site.aws, job.created),
            training_jobs.newest_completed(site.aws),
            _in_service(site),
        )
    except ConsoleError:
        return {}  # the role may describe jobs and not list them
    named = {before.name: "the job before it"} if before else {}
    named |= {newest.name: "the newest job"} if newest else {}
    named |= {serving: "the job whose model is in service"}
    return {name: what for name, what in named.items() if name not in ("", job.name)}


async def _in_service(site: Site) -> str:
    """Return the job whose model the workflow's endpoint serves; empty if there is none or it is unknown."""
    try:
        stack = await workflow(site.aws)
        return (await endpoints.described(site.aws, stack.endpoint)).job if stack and stack.endpoint else ""
    except ConsoleError:
        return ""


def charts(
    curves: Mapping[str, list[Value]], axes: Axes = PLAIN
) -> list[tuple[str, str, list[tuple[str, str, float]]]]:
    """Return title, SVG and legend (name, tone, last value) of each chart. train:x and validation:x share one."""
    groups: dict[str, list[str]] = {}
    for name in sorted(curves):
        phase, _, rest = name.partition(":")
        groups.setdefault(rest if rest and phase.lower() in PHASES else name, []).append(name)
    drawn = []
    for title, names in groups.items():
        tones = TONES if len(names) > 1 else ("ink",)
        named = [(name.removesuffix(f":{title}"), name, tones[i % len(tones)]) for i, name in enumerate(names)]
        series = [Series(short, _points(curves[name]), tone) for short, name, tone in named]
        legend = [(short, tone, curves[name][-1].value) for short, name, tone in named]
        drawn.append((title, line_chart(series, f"Curve of {title}", axes), legend))
    return drawn


def _points(curve: list[Value]) -> tuple[tuple[float, float], ...]:
    return tuple((float(each.number), each.value) for each in curve)


async def _artifact_size(site: Site, job: Job) -> int | None:
    if not job.artifact or not job.is_ended:
        return None
    bucket, _, key = job.artifact.removeprefix("s3://").partition("/")
    try:
        answer = await site.aws.call("s3", "head_object", NAMED_S, Bucket=bucket, Key=key)
    except NotThere:
        return None
    except ConsoleError:
        return None  # the role may read SageMaker and not the bucket
    return int(answer["ContentLength"])
