"""Every address of the console, and the view, file or change that it leads to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from console import changes, pages
from console.pages import View
from console.site import Site
from console.views import (
    actions,
    endpoints,
    images,
    logs,
    models,
    monitoring,
    overview,
    pipelines,
    queues,
    review,
    search,
    upload,
)
from console.views.captures import record
from console.views.state_machines import execution, machines
from console.views.training import comparison, jobs

VIEWS = (
    View("/", "overview.html", overview.load, "Overview"),
    View("/failures", "failures.html", overview.load_failures, "Overview", every_s=4.0),
    View("/training-jobs", "training_jobs.html", jobs.load_list, "Training jobs"),
    View("/training-jobs/compare", "compare.html", comparison.load_comparison, "Training jobs", every_s=1.0),
    View("/training-jobs/{name}", "training_job.html", jobs.load_job, "Training jobs", every_s=1.0),
    View("/endpoints", "endpoints.html", endpoints.load_list, "Endpoints"),
    View("/endpoints/{name}", "endpoint.html", endpoints.load_endpoint, "Endpoints"),
    View("/endpoints/{name}/captures", "captured_record.html", record.load_record, "Endpoints"),
    View("/state-machines", "state_machines.html", machines.load_list, "State machines"),
    View("/state-machines/{machine}", "state_machine.html", machines.load_machine, "State machines"),
    View("/executions/{machine}/{name}", "execution.html", execution.load_execution, "State machines", every_s=0.7),
    View("/pipelines", "pipelines.html", pipelines.load_list, "Pipelines"),
    View("/pipelines/{name}", "pipeline.html", pipelines.load_pipeline, "Pipelines"),
    View("/pipelines/{name}/{id}", "pipeline_execution.html", pipelines.load_execution, "Pipelines", every_s=1.0),
    View("/models", "models.html", models.load_groups, "Models"),
    View("/models/{group}", "model_group.html", models.load_group, "Models"),
    View("/models/{group}/{number}", "model_version.html", models.load_version, "Models"),
    View("/monitoring", "monitoring.html", monitoring.load_list, "Monitoring"),
    View("/drift/{name}", "drift.html", monitoring.load_drift, "Monitoring", every_s=5.0),
    View("/monitoring/{name}", "monitoring_schedule.html", monitoring.load_schedule, "Monitoring"),
    View("/queues", "queues.html", queues.load_queues, "Queues"),
    View("/review", "review.html", review.load_review, "Review"),
    View("/logs", "logs.html", logs.load, "Logs"),
    View("/search", "search.html", search.load, ""),
    View("/upload", "upload.html", upload.load, "Upload"),
)

Answer = Callable[[Site, web.Request], Awaitable[web.StreamResponse]]
FILES: dict[str, Answer] = {
    "/endpoints/{name}/captures/image": record.image,
    "/objects/{bucket}/{key:.+}": images.s3_object,
}


def add(router: web.UrlDispatcher, site: Site) -> None:
    """Add every view, file and change to the router."""
    for view in VIEWS:
        router.add_get(view.path, pages.handler(site, view))
    for path, answer in FILES.items():
        router.add_get(path, _bound(site, answer))
    for change in actions.CHANGES:
        router.add_post(change.path, changes.handler(site, change))


def _bound(site: Site, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def respond(request: web.Request) -> web.StreamResponse:
        return await answer(site, request)

    return respond
