"""The list of training jobs, and one job with its curves and its log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console import pages
from console.aws import endpoints
from console.aws.client import NAMED_S
from console.aws.training import image_classification, succession
from console.aws.training import jobs as training_jobs
from console.aws.training.comparison import ComparedJob, in_order
from console.aws.training.jobs import SUBMIT_DIRECTORY, Job
from console.aws.training.logs import GROUP, Value
from console.aws.workflow import workflow
from console.errors import ConsoleError, NotThere
from console.site import Site
from console.views.log_lines import failure_in, lines_of
from console.views.parameters import choice
from console.views.training import metrics
from console.views.training.curves import BY_EPOCH, PLAIN, charts
from display.line_chart import Axes

STATUSES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")
SHOWN_LINES = 400
BEST_LINE = "best-epoch"
"""The id of the log's line with the best epoch."""
WEEK_H = 168


async def load_list(site: Site, request: web.Request) -> dict[str, Any]:
    status = choice(request.query, "status", STATUSES)
    name, after = (request.query.get(key, "") for key in ("q", "after"))
    jobs, following = await training_jobs.listed(site.aws, status, name, after)
    compared = await site.compared.of_page(site.aws, jobs, pages.budget_s(site, request))
    return {
        "jobs": jobs,
        "compared": compared,
        "common_metric": common_metric(compared.values()),
        "origin": metrics.origin,
        "statuses": STATUSES,
        "status": status,
        "q": name,
        "after": after,
        "following": following,
    }


def common_metric(jobs: Iterable[ComparedJob]) -> str:
    """Return the metric that stands for every job that has one; empty if there are several or none."""
    names = {job.headline for job in jobs if job.headline}
    return names.pop() if len(names) == 1 else ""


async def load_job(site: Site, request: web.Request) -> dict[str, Any]:
    job = await training_jobs.described(site.aws, request.match_info["name"])
    log = await site.job_logs.read(site.aws, job)
    is_classifier = image_classification.is_used_by(job)
    best = image_classification.best_of(log.curves) if is_classifier else None
    mark = (float(best.epoch), metrics.mark(job.status, best.epoch)) if best else None
    lines = list(log.tail.lines)
    first_shown = max(0, len(lines) - SHOWN_LINES)
    at, logged = (image_classification.line_of(best, log.curves, lines) if best else None) or (-1, "")
    is_shown = at >= first_shown
    anchors = {at - first_shown: BEST_LINE} if is_shown else {}
    anchors |= failure_in(lines[first_shown:]) if job.status == "Failed" else {}
    own = {key: value for key, value in job.hyperparameters.items() if not key.startswith(SUBMIT_DIRECTORY)}
    return {
        "job": job,
        "charts": charts(log.curves, Axes(x_name=BY_EPOCH, mark=mark) if is_classifier else PLAIN, best),
        "is_classifier": is_classifier,
        "best": best,
        "chosen_by": image_classification.CHOOSES,
        "kept": metrics.kept(job.status),
        "final_metrics": in_order(_last_values(job, log.curves)),
        "defaults": image_classification.defaults_of(job),
        "logged_epoch": logged,
        "epoch_line": f"#{BEST_LINE}" if is_shown else _search(job, logged),
        "lines": lines_of(lines[first_shown:], anchors=anchors),
        "line_count": log.tail.total,
        "hyperparameters": own,
        "artifact_size": await _artifact_size(site, job),
        "rivals": await rivals(site, job),
    }


def _last_values(job: Job, curves: Mapping[str, Sequence[Value]]) -> dict[str, float]:
    """Return the last values of a job's metrics: those of its curves, so that figures and legends are the same."""
    return {name: curves[name][-1].value if name in curves else value for name, value in job.final_metrics.items()}


def _search(job: Job, text: str) -> str:
    """Return the address of the search of a job's log for a text."""
    return "/logs?" + urlencode({"group": GROUP, "prefix": f"{job.name}/", "text": text, "hours": WEEK_H})


async def rivals(site: Site, job: Job) -> dict[str, str]:
    """Return the jobs with which a completed one is worth comparing: what each is, by its name."""
    if job.status != "Completed":
        return {}
    try:
        before, newest, (replaced, serving) = await asyncio.gather(
            training_jobs.newest_completed(site.aws, job.created),
            training_jobs.newest_completed(site.aws),
            _in_service(site, job),
        )
    except ConsoleError:
        return {}  # the role may describe jobs and not list them
    told = [
        (replaced, "the job whose model it replaced in service"),
        (serving, "the job whose model is in service"),
        (before.name if before else "", "the job before it"),
        (newest.name if newest else "", "the newest job"),
    ]
    named: dict[str, str] = {}
    for name, what in told:
        if name not in ("", job.name):
            named.setdefault(name, what)
    return named


async def _in_service(site: Site, job: Job) -> tuple[str, str]:
    """Return the job whose model this one's replaced at the workflow's endpoint, and the job whose model it serves.

    A name is empty if there is none, or if it is unknown.
    """
    try:
        stack = await workflow(site.aws)
        if stack is None or not stack.endpoint:
            return "", ""
        replaced = await succession.replaced_by(site.aws, stack.endpoint, job.name)
        return replaced, (await endpoints.described(site.aws, stack.endpoint)).job
    except ConsoleError:
        return "", ""


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
