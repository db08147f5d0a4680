"""The objects that all pages share: the AWS, the templates, and the frame around the content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web
from jinja2 import Environment

from console.aws.captures.index import Captures
from console.aws.client import Aws
from console.aws.decisions.failures import Reasons
from console.aws.decisions.subjects import Subjects
from console.aws.logs import Tails
from console.aws.review.answers import Answers
from console.aws.review.desk import ReviewDesk
from console.aws.training.comparison import ComparedJobs
from console.aws.training.logs import JobLogs
from console.errors import ConsoleError

PAGE_READS_S, STREAM_READS_S = 0.15, 0.4
"""How long one load reads capture files, or jobs to compare, of which there may be thousands."""


@dataclass(frozen=True)
class Place:
    """An entry of the navigation. `key` is the letter after `g`."""

    name: str
    path: str
    key: str


PLACES = (
    Place("Overview", "/", "o"),
    Place("Training jobs", "/training-jobs", "t"),
    Place("Endpoints", "/endpoints", "e"),
    Place("State machines", "/state-machines", "s"),
    Place("Pipelines", "/pipelines", "p"),
    Place("Models", "/models", "m"),
    Place("Monitoring", "/monitoring", "w"),
    Place("Queues", "/queues", "q"),
    Place("Review", "/review", "r"),
    Place("Logs", "/logs", "l"),
    Place("Upload", "/upload", "u"),
)


@dataclass(frozen=True)
class Site:
    """The AWS that the console shows, its templates, and what it has read of logs and captures."""

    aws: Aws
    templates: Environment
    compared: ComparedJobs = field(default_factory=ComparedJobs)
    desk: ReviewDesk = field(default_factory=ReviewDesk)
    answers: Answers = field(default_factory=Answers)
    reasons: Reasons = field(default_factory=Reasons)
    subjects: Subjects = field(default_factory=Subjects)
    tails: Tails = field(default_factory=Tails)
    job_logs: JobLogs = field(default_factory=JobLogs)
    captures: Captures = field(default_factory=Captures)
    page_reads_s: float = PAGE_READS_S
    stream_reads_s: float = STREAM_READS_S

    def prepare(self) -> None:
        """Do what the first pages would have to wait for: create clients and compile templates. It asks AWS nothing."""
        self.aws.prepare(*(partial(self.templates.get_template, name) for name in self.templates.list_templates()))

    async def frame(self, request: web.Request, place: str) -> dict[str, Any]:
        """Return what the frame of a page shows: the account, and whether changes are allowed."""
        try:
            account, problem = await self.aws.account(), ""
        except ConsoleError as error:
            account, problem = "", str(error)
        return {
            "places": PLACES,
            "place": place,
            "path": request.path,
            "query": request.query,
            "profile": self.aws.profile,
            "region": self.aws.region,
            "account": account,
            "account_problem": problem,
            "may_change": await self.aws.may_change(),
        }

    def render(self, template: str, context: Mapping[str, Any]) -> str:
        return self.templates.get_template(template).render(context)

    def render_blocks(self, template: str, context: Mapping[str, Any], prefix: str) -> dict[str, str]:
        """Return the blocks of a template whose names begin with the prefix."""
        loaded = self.templates.get_template(template)
        values = loaded.new_context(dict(context))
        return {name: "".join(block(values)) for name, block in loaded.blocks.items() if name.startswith(prefix)}
