"""Monitoring: the workflow's own monitor, schedules of Model Monitor, and differences from the baseline over time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from aiohttp import web

from console import pages
from console.aws import endpoints
from console.aws.endpoints import Points
from console.aws.monitoring import metrics, schedules, workflow_monitor
from console.aws.monitoring.features import MINIMUM_DISTANCE, SIGNIFICANCE, WITHOUT_MINIMUM, meaning
from console.aws.monitoring.findings import Finding, findings, others
from console.aws.monitoring.verdict import Verdict, is_in_service, job_of, verdict
from console.aws.monitoring.workflow_monitor import Run
from console.aws.review.labels import Labels, labeled_ids, labels_of
from console.aws.review.pictures import image_address
from console.aws.workflow import Workflow, readable_workflow
from console.errors import ConsoleError, NotThere
from console.site import Site
from display import figures
from display.drift_figures import with_class_names
from display.line_chart import Axes, Series, line_chart

STRIP = 24
LOOKED_AT = 12
"""The number of executions whose violations are read."""
CURVES = 12
CURVE_WIDTH, CURVE_HEIGHT = 260.0, 120.0


@dataclass(frozen=True)
class Curve:
    """The distance of a feature from the baseline over time, the last one, and whether and why it is a difference."""

    name: str
    last: float
    differs: bool
    note: str
    chart: str
    meaning: str


@dataclass(frozen=True)
class Largest:
    """The feature that differs the most from the baseline: how much, and whether that counts, with the minimum."""

    name: str
    difference: str
    note: str
    differs: bool


async def load_list(site: Site, request: web.Request) -> dict[str, Any]:
    rows = await schedules.schedules(site.aws)
    executions = await asyncio.gather(*(schedules.executions(site.aws, each.name) for each in rows))
    stack = await _monitored(site)
    runs = await workflow_monitor.runs(site.aws, stack, STRIP) if stack else []
    return {
        "own": stack,
        "runs": runs,
        "labels": await _labels(site, request, stack) if stack else None,
        "drift": await _verdict(site, stack, runs) if stack else verdict(runs, None),
        "rows": [(schedule, last[:STRIP]) for schedule, last in zip(rows, executions, strict=True)],
    }


async def load_schedule(site: Site, request: web.Request) -> dict[str, Any]:
    name = request.match_info["name"]
    details = await schedules.described(site.aws, name)
    classes = await _classes(site, details.schedule.endpoint)
    executions, alerts = await asyncio.gather(schedules.executions(site.aws, name), schedules.alerts(site.aws, name))
    violated = [each for each in executions if each.status == "CompletedWithViolations"][:LOOKED_AT]
    lists = [
        [each.naming(classes) for each in listed]
        for listed in await asyncio.gather(*(schedules.violations(site.aws, each) for each in violated))
    ]
    measured = await _distances(site, details.schedule.endpoint, name)
    by_job = {execution.job: listed for execution, listed in zip(violated, lists, strict=True)}
    newest = lists[0] if lists else []
    return {
        "details": details,
        "schedule": details.schedule,
        "executions": executions,
        "alerts": alerts,
        "by_job": by_job,
        "newest": newest,
        "newest_time": violated[0].scheduled if violated else None,
        "windows": Counter(feature for each in lists for feature in {violation.feature for violation in each}),
        "looked_at": len(violated),
        "curves": curves(
            {with_class_names(feature, classes): points for feature, points in measured.items()},
            {each.feature for each in newest},
        ),
    }


async def load_drift(site: Site, request: web.Request) -> dict[str, Any]:
    """Load the workflow's own monitor of its endpoint."""
    stack = await _monitored(site)
    if stack is None or stack.endpoint != request.match_info["name"]:
        raise NotThere(f"no stack of the workflow in this account watches an endpoint {request.match_info['name']!r}")
    runs = await workflow_monitor.runs(site.aws, stack)
    drift = await _verdict(site, stack, runs)
    state = drift.state
    drifts, last = [run for run in runs if not run.is_quality], drift.compared
    job = await job_of(site.aws, stack, runs, drift)
    violations = await workflow_monitor.violations(site.aws, stack, job) if job else []
    tests = last.tests if last else ()
    rows = findings(violations, tests)
    same = others(rows, tests)
    return {
        "workflow": stack,
        "largest": largest(rows, same),
        "drift": drift,
        "state": state,
        "baseline": workflow_monitor.baseline_uri(stack, state.model) if state else "",
        "runs": runs,
        "last": last,
        "labels": await _labels(site, request, stack),
        "quality": next((run for run in runs if run.is_quality and "accuracy" in run.metrics), None),
        "findings": rows,
        "others": same,
        "differing": len({row.subject for row in rows}),
        "features": len({row.subject for row in rows} | {test.subject for test in tests}),
        "findings_file": workflow_monitor.violations_uri(stack, job) if job else "",
        "limits": (SIGNIFICANCE, MINIMUM_DISTANCE),
        "curves": curves(
            distances(drifts),
            {row.name for row in rows},
            MINIMUM_DISTANCE,
            {test.feature: test.corrected_p for test in tests},
        ),
        "examples": [
            (image_address(stack.bucket, workflow_monitor.example_key(stack, job, each)), PurePosixPath(each).stem)
            for each in last.examples
        ]
        if last and job
        else [],
    }


def largest(differing: Sequence[Finding], same: Sequence[Finding]) -> Largest | None:
    """Return the largest difference of those that count, otherwise of all; None if nothing was tested.

    That of the whole embedding has a scale of its own, so it is named only if there is no other.
    """
    tested = [row for row in differing if row.test] or [row for row in same if row.test]
    of_one_scale = [row for row in tested if row.name != WITHOUT_MINIMUM] or tested
    row = max(of_one_scale, key=lambda row: row.test.distance if row.test else 0.0, default=None)
    if row is None or row.test is None:
        return None
    told = _note(bool(row.sentence), row.test.corrected_p)
    is_of_points = row.difference != figures.number(row.test.distance)
    minimum = figures.points(MINIMUM_DISTANCE).lstrip("+") if is_of_points else f"{MINIMUM_DISTANCE:g}"
    told += "" if row.name == WITHOUT_MINIMUM else f"; the minimum is {minimum}"
    return Largest(row.name, row.difference, told, bool(row.sentence))


async def _verdict(site: Site, stack: Workflow, runs: Sequence[Run]) -> Verdict:
    state, serves = await asyncio.gather(workflow_monitor.state(site.aws, stack), is_in_service(site.aws, stack))
    return verdict(runs, state, serves)


def distances(runs: Sequence[Run]) -> dict[str, Points]:
    """Return the distance of each feature from the baseline, by the start of the run, the oldest first."""
    points: dict[str, list[tuple[float, float]]] = {}
    for run in reversed(runs):
        for test in run.tests:
            points.setdefault(test.feature, []).append((run.started.timestamp(), test.distance))
    return {feature: tuple(each) for feature, each in points.items()}


def curves(
    features: Mapping[str, Points],
    differing: Collection[str],
    limit: float | None = None,
    chances: Mapping[str, float] | None = None,
) -> list[Curve]:
    """Return the features that differ most, worst first. All charts have the same axes, so that they can be compared.

    chances: the corrected p of the last distances, as far as they are known.
    """
    if not features:
        return []
    times = [time for points in features.values() for time, _ in points]
    highest = max(value for points in features.values() for _, value in points)
    axes = Axes(
        width=CURVE_WIDTH,
        height=CURVE_HEIGHT,
        x_is_time=True,
        x_range=(min(times), max(times)),
        y_range=(0.0, max(highest, limit or 0.0)),
        limit=None if limit is None else (limit, f"minimum {limit:g}"),
    )
    worst = sorted(features, key=lambda name: (name not in differing, -features[name][-1][1]))[:CURVES]
    return [_curve(name, features[name], name in differing, axes, (chances or {}).get(name)) for name in worst]


def _curve(name: str, points: Points, is_differing: bool, axes: Axes, chance: float | None) -> Curve:
    series = Series("distance", points, "attention" if is_differing else "ink")
    axes = replace(axes, limit=None) if name == WITHOUT_MINIMUM else axes
    chart = line_chart([series], f"Distance of {name} from the baseline", axes)
    return Curve(name, points[-1][1], is_differing, _note(is_differing, chance), chart, meaning(name))


def _note(is_differing: bool, chance: float | None) -> str:
    """Return why the last distance of a feature is a difference or none."""
    if is_differing:
        return "differs"
    if chance is None:
        return ""
    return f"may be chance, p {figures.p_value(chance)}" if chance >= SIGNIFICANCE else "too small to count"


async def _classes(site: Site, endpoint: str) -> tuple[str, ...]:
    """Return the names of the classes of an endpoint: the workflow's; none of any other."""
    stack = await readable_workflow(site.aws)
    return stack.classes if stack and stack.endpoint == endpoint else ()


async def _distances(site: Site, endpoint: str, schedule: str) -> dict[str, Points]:
    try:
        return await metrics.distances(site.aws, endpoint, schedule) if endpoint else {}
    except ConsoleError:
        return {}  # the role may read SageMaker and not CloudWatch


async def _labels(site: Site, request: web.Request, stack: Workflow) -> Labels | None:
    """Return the labels of the workflow's endpoint; None if the role may not list them."""
    try:
        ids = await labeled_ids(site.aws, stack)
    except ConsoleError:
        return None
    try:
        endpoint = await endpoints.described(site.aws, stack.endpoint)
    except ConsoleError:
        endpoint = None  # it was deleted, so what it captured is not looked for
    if endpoint is None or not endpoint.captures:
        return labels_of(ids, (), is_partial=False)
    index = site.captures.of(endpoint.name, endpoint.captures)
    await index.advance(site.aws, pages.budget_s(site, request))
    return labels_of(ids, index.records, is_partial=bool(index.unread))


async def _monitored(site: Site) -> Workflow | None:
    stack = await readable_workflow(site.aws)
    return stack if stack and stack.monitor and stack.endpoint else None
