"""The steps of the workflow as functions of the context, each with its title and its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.commands.invocation import timed
from scones.errors import SconesError

if TYPE_CHECKING:
    from scones.context import Context

# The imports inside the functions keep `scones --help` fast: see the package's docstring.


def deploy(context: Context) -> None:
    from scones.deployment.deploy import deploy

    timed(context, "deploy", "Deploy the stack", deploy)


def stage(context: Context) -> None:
    from scones.dataset.staging import stage

    timed(context, "stage", "Stage the images", stage)


def train(context: Context) -> None:
    from scones.training.train import train

    timed(context, "train", "Train", train)


def endpoint(context: Context) -> None:
    from scones.deployment.endpoint import endpoint

    timed(context, "endpoint", "Deploy the endpoint", endpoint)


def classify(context: Context) -> None:
    """Classify test images and write the run's record, also when executions failed."""
    from scones.classify import run_record
    from scones.classify.classify import classify

    run = timed(context, "classify", "Classify test images", classify)
    run_record.write(run, context.settings.out)


def classify_keys(context: Context, keys: tuple[str, ...]) -> None:
    """Classify the objects with these keys, and print the results."""
    from scones.classify import run_record
    from scones.classify.classify import classify

    run = classify(context, keys)
    for execution in run.executions:
        context.console.say(run_record.describe(execution, context.settings.classes))
    run_record.raise_failed(run.executions)


def report(context: Context) -> None:
    from scones.report.report import report

    timed(context, "report", "Report", report)


def refresh_report(context: Context) -> None:
    """Write the report again, if there is a run to report on. A failure is only a warning."""
    from scones.classify.run_record import RECORD
    from scones.report.report import report

    if not (context.settings.out / RECORD).is_file():
        return
    try:
        report(context)
    except SconesError as error:
        context.console.warn(f"The report was not written again: {error}")


def page_of_report(context: Context) -> tuple[str, str]:
    """Return the report's page, as advice on what to open."""
    return "open", (context.settings.out.resolve() / "index.html").as_uri()


def raise_failed(context: Context) -> None:
    """Raise an error if executions of the last run failed."""
    from scones.classify import run_record

    run_record.raise_failed(run_record.read(context.settings.out).executions)


ALL = (deploy, stage, train, endpoint, classify, report)
