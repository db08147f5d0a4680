"""The first page: what runs, whether it is healthy, and what happened last."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiohttp import web

from console import live
from console.aws import endpoints, state_machines
from console.aws.decisions.events import Event
from console.aws.decisions.failure_groups import grouped, key_of
from console.aws.decisions.failures import (
    MACHINES_SHOWN,
    NEEDS_REVIEW,
    Reason,
    last_hour,
    shown_status,
)
from console.aws.monitoring import workflow_monitor
from console.aws.monitoring.verdict import SERVING, Verdict, verdict
from console.aws.monitoring.workflow_monitor import Run
from console.aws.overview import EVENTS, Overview, overview
from console.aws.training import image_classification
from console.aws.training import jobs as training_jobs
from console.aws.training.comparison import in_order
from console.aws.training.image_classification import CHOOSES, Best
from console.aws.workflow import Workflow
from console.errors import ConsoleError
from console.site import Site

OF_ONE_KIND = 6
RUNNING_SHOWN, FAILURES_SHOWN = 8, 6
ENDINGS_READ_FIRST, ENDINGS_READ = 6, 60
"""The executions of pipelines that are asked why they failed: when the overview is opened, and otherwise."""
RUNS, RUNS_OF_A_DAY = 8, 24
"""The numbers of runs of the monitor that are read: a day's only if none of the newest has compared anything."""
EXPLAINED = 24
GROUPED = ("SUCCEEDED", "Completed", NEEDS_REVIEW)
"""Statuses whose runs are one line. Failures share one only if they have the same error and cause."""


@dataclass(frozen=True)
class Service:
    """The model of the workflow's endpoint: its training job with the final metrics, and the state of its drift."""

    endpoint: str
    job: str
    metrics: Mapping[str, float]
    best: Best | None
    """The epoch that was kept; None if the algorithm keeps the last, or if it is unknown."""
    is_monitored: bool
    drift: Verdict


@dataclass(frozen=True)
class Line:
    """A line of the list of events: one event, or a run of them that have nothing else between them."""

    event: Event
    """The newest."""
    status: str
    reason: Reason
    others: int = 0
    first: datetime | None = None
    """When the oldest of the others ended."""

    @property
    def more_path(self) -> str:
        """Return the path of the list that has the others."""
        status = "FAILED" if self.status == NEEDS_REVIEW else self.status
        return f"{self.event.list_path}?status={status}"


def lines(events: Sequence[tuple[Event, Reason]]) -> list[Line]:
    """Return a line for each event, the newest first. Neighbors that ended alike share a line."""
    made: list[Line] = []
    for event, reason in events:
        status = shown_status(event.status, reason)
        last = made[-1] if made else None
        if last and _are_alike(last, event, status, reason):
            made[-1] = Line(last.event, status, last.reason, last.others + 1, event.time)
        else:
            made.append(Line(event, status, reason))
    return made


def _are_alike(line: Line, event: Event, status: str, reason: Reason) -> bool:
    if (line.event.kind, line.status, line.event.found) != (event.kind, status, event.found):
        return False
    is_known_failure = event.has_failed and reason.is_known
    return status in GROUPED or (is_known_failure and key_of(line.event, line.reason) == key_of(event, reason))


def mixed(all_lines: Sequence[Line]) -> list[Line]:
    """Return the last lines, at most OF_ONE_KIND of each kind, so that a busy kind does not hide the others.

    Failures are counted apart: successes do not hide them.
    """
    counts: Counter[tuple[str, bool]] = Counter()
    kept = []
    for line in all_lines:
        key = (line.event.kind, line.status in GROUPED)
        counts[key] += 1
        if counts[key] <= OF_ONE_KIND:
            kept.append(line)
    return kept[:EVENTS]


async def load(site: Site, request: web.Request) -> dict[str, Any]:
    endings_read = ENDINGS_READ if live.wants_stream(request) else ENDINGS_READ_FIRST
    shown = await overview(site.aws, site.reasons, endings_read)
    runs = await _runs(site, shown.workflow)
    told = {event.path for event, _ in shown.failed.real} | {event.path for event in shown.running}
    shown.events = with_findings([each for each in shown.events if each.path not in told], runs)
    groups = grouped(shown.failed.explained)
    explained, service = await asyncio.gather(_explained(site, shown), _service(site, shown, runs))
    return {
        "shown": shown,
        "running": shown.running[:RUNNING_SHOWN],
        "others_running": Counter((each.list_path, each.status) for each in shown.running[RUNNING_SHOWN:]),
        "groups": groups[:FAILURES_SHOWN],
        "other_groups": len(groups) - FAILURES_SHOWN,
        "made": shown.failed.made,
        "lines": mixed(lines(explained)),
        "chosen_by": CHOOSES,
        "service": service,
        "monitored": shown.workflow.endpoint if shown.workflow and shown.workflow.monitor else "",
        "alarming": [alarm for alarm in shown.alarms if alarm.is_raised],
        "waiting_alarms": [alarm for alarm in shown.alarms if alarm.waits_because],
        "review": next((each for each in shown.waiting if each.queue.name == "Review"), None),
    }


def with_findings(events: Sequence[Event], runs: Sequence[Run]) -> list[Event]:
    """Return the events, with what runs of the monitor found: SUCCEEDED alone sounds as if there were no drift.

    Those of older runs, which have not been read, are left out.
    """
    found = {f"/executions/{run.machine}/{run.name}": (run.verdict, run.words) for run in runs}
    monitors = {run.machine for run in runs}
    told = []
    for event in events:
        if event.status != "SUCCEEDED" or event.machine not in monitors:
            told.append(event)
        elif event.path in found:
            told.append(replace(event, found=found[event.path]))
    return told


async def load_failures(site: Site, request: web.Request) -> dict[str, Any]:
    """Return what failed in the last hour, with reasons, by groups, or those of the group that is asked for."""
    machines = await state_machines.machines(site.aws)
    failed, asked = await last_hour(site.aws, machines, site.reasons, ENDINGS_READ), request.query.get("group", "")
    rows = [*failed.explained, *failed.reviewed]
    rows = [each for each in rows if key_of(*each) == asked] if asked else failed.failures
    return {
        "failed": failed,
        "made": failed.made,
        "asked": asked,
        "groups": grouped(failed.explained),
        "by_design": grouped(failed.reviewed),
        "one": next(iter(grouped(rows)), None) if asked else None,
        "rows": [(failure, shown_status(failure.status, reason), reason) for failure, reason in rows],
        "machines": machines,
        "is_every_machine": len(machines) <= MACHINES_SHOWN,
        "searched": MACHINES_SHOWN,
    }


async def _explained(site: Site, shown: Overview) -> list[tuple[Event, Reason]]:
    """Return the events with the reasons of the EXPLAINED newest failures."""
    known = {failure.path: reason for failure, reason in shown.failed.failures}
    unknown = [event for event in shown.events if event.has_failed and event.path not in known][:EXPLAINED]
    reasons = await asyncio.gather(*(site.reasons.of(site.aws, each) for each in unknown))
    known |= {event.path: reason for event, reason in zip(unknown, reasons, strict=True)}
    return [(event, known.get(event.path, Reason())) for event in shown.events]


async def _service(site: Site, shown: Overview, runs: Sequence[Run]) -> Service | None:
    """Return the model that the workflow's endpoint serves, and whether its traffic has drifted."""
    stack = shown.workflow
    if stack is None or all(each.name != stack.endpoint for each in shown.endpoints):
        return None
    try:
        endpoint = await endpoints.described(site.aws, stack.endpoint)
        metrics, best = await _trained(site, endpoint.job) if endpoint.job else ({}, None)
    except ConsoleError:
        return None  # it was deleted a moment ago
    state = await workflow_monitor.state(site.aws, stack) if stack.monitor else None
    drift = verdict(runs, state, endpoint.status in SERVING)
    return Service(stack.endpoint, endpoint.job, metrics, best, bool(stack.monitor), drift)


async def _trained(site: Site, name: str) -> tuple[Mapping[str, float], Best | None]:
    """Return the last values of a job's metrics, and its best epoch as far as the log can be read."""
    job = await training_jobs.described(site.aws, name)
    metrics = in_order(job.final_metrics)
    if not image_classification.is_used_by(job):
        return metrics, None
    try:
        return metrics, image_classification.best_of((await site.job_logs.read(site.aws, job)).curves)
    except ConsoleError:
        return metrics, None  # the role may not read logs


async def _runs(site: Site, stack: Workflow | None) -> list[Run]:
    """Return the last runs of the workflow's monitor."""
    if stack is None or not stack.monitor:
        return []
    try:
        runs = await workflow_monitor.runs(site.aws, stack, RUNS)
        has_compared = verdict(runs, None).compared or len(runs) < RUNS
        return runs if has_compared else await workflow_monitor.runs(site.aws, stack, RUNS_OF_A_DAY)
    except ConsoleError:
        return []  # the role may not read executions
