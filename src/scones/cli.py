"""The command `scones`: every step alone, or all of them."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from scones import output_folder, settings
from scones.console import Console
from scones.context import Context, opened
from scones.errors import SconesError, explained
from scones.settings import Setting

INTERRUPTED = 130
Result = TypeVar("Result")
Command = Callable[..., None]


@dataclass(frozen=True)
class Invocation:
    """What the command line says before a step: profile and console."""

    profile: str | None
    console: Console

    @property
    def target(self) -> str:
        return self.profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"

    def context(self, arguments: dict[str, str | None]) -> Context:
        given = {name: value for name, value in arguments.items() if value is not None}
        loaded = settings.load(given, os.environ, self.target, settings.PROJECT / "targets.toml")
        return opened(loaded, boto3.Session(profile_name=self.profile), self.console)


def option(setting: Setting) -> Callable[[Command], Command]:
    word, help_text = f"--{setting.name.replace('_', '-')}", f"{setting.help} [{setting.variable}]"
    if setting.parse is settings.boolean:
        return click.option(f"{word}/--no-{word[2:]}", setting.name, default=None, help=help_text, callback=said)
    return click.option(word, setting.name, metavar="VALUE", help=help_text)


def said(context: click.Context, parameter: click.Parameter, value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def takes(*names: str) -> Callable[[Command], Command]:
    """Options for settings, named as these are."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = option(settings.BY_NAME[name])(command)
        return command

    return decorate


def timed(context: Context, step: str, title: str, action: Callable[[Context], Result]) -> Result:
    output_folder.prove_writable(context)
    context.console.step(title)
    began = time.monotonic()
    result = action(context)
    output_folder.note(context, step, time.monotonic() - began)
    return result


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", help="AWS profile, as in `aws --profile` [AWS_PROFILE].")
@click.pass_context
def cli(context: click.Context, profile: str | None) -> None:
    """Deploy, stage images, train, serve, classify, report: the Scones Unlimited workflow on AWS.

    A step that is done already says so. Settings come from options, variables, targets.toml, defaults, in this order.
    """
    context.obj = Invocation(profile, Console())


def step_stage(context: Context) -> None:
    from scones.dataset import staging

    timed(context, "stage", "Stage the images", staging.stage)


def step_train(context: Context) -> None:
    from scones.training import training_job

    timed(context, "train", "Train", training_job.train)


def step_endpoint(context: Context) -> None:
    from scones.deployment import endpoint

    timed(context, "endpoint", "Deploy the endpoint", endpoint.endpoint)


def step_deploy(context: Context) -> None:
    from scones.deployment import deploy

    timed(context, "deploy", "Deploy the stack", deploy.deploy)


def step_classify(context: Context) -> None:
    from scones.classify import executions

    run = timed(context, "classify", "Classify test images", executions.classify)
    executions.write(run, context.settings.out)


def step_report(context: Context) -> None:
    from scones.report import report

    timed(context, "report", "Report", report.report)


PLACE = ("bucket", "out")
STAGE = ("dataset", "fallback_dataset", "classes")
TRAIN = ("role", "image_uri", "training_instance_type", "hyperparameters", "endpoint_name")
ENDPOINT = ("endpoint_instance_type",)
CONSENT = ("confirm", "yes")
DEPLOY = ("stack", "threshold", "near_classes", "notification_email", "endpoint_scaling", *CONSENT)
GATE = ("accuracy_at_least", "accuracy_tolerance", "latency_at_most_ms")
CLASSIFY = ("images", "concurrency")


@cli.command()
@takes(*DEPLOY, "classes", *TRAIN, *ENDPOINT, *GATE, "pipeline_on_new_data", *PLACE)
@click.pass_obj
def deploy(invocation: Invocation, /, **arguments: str | None) -> None:
    """Deploy the stack: bucket, role, functions, state machines, queues, alarms, dashboard."""
    step_deploy(invocation.context(arguments))


@cli.command()
@takes(*STAGE, *PLACE)
@click.pass_obj
def stage(invocation: Invocation, /, **arguments: str | None) -> None:
    """Get the images, write PNGs and manifests, put them in the bucket."""
    step_stage(invocation.context(arguments))


@cli.command()
@takes(*TRAIN, "stack", *PLACE)
@click.pass_obj
def train(invocation: Invocation, /, **arguments: str | None) -> None:
    """Train with SageMaker, following the job's log."""
    step_train(invocation.context(arguments))


@cli.command()
@takes(*TRAIN, *ENDPOINT, "stack", *PLACE)
@click.pass_obj
def endpoint(invocation: Invocation, /, **arguments: str | None) -> None:
    """Serve the trained model, capturing all traffic."""
    step_endpoint(invocation.context(arguments))


@cli.command()
@click.argument("keys", nargs=-1)
@takes(*CLASSIFY, "endpoint_name", "stack", *PLACE)
@click.pass_obj
def classify(invocation: Invocation, /, keys: tuple[str, ...], **arguments: str | None) -> None:
    """Send test images through the state machine; or the objects with KEYS, without touching the last run's record."""
    from scones.classify import executions

    context = invocation.context(arguments)
    if not keys:
        step_classify(context)
        executions.raise_failed(executions.read(context.settings.out).executions)
        return
    run = executions.classify(context, keys)
    for execution in run.executions:
        context.console.say(executions.describe(execution, context.settings.classes))
    executions.raise_failed(run.executions)


@cli.command("classify-batch")
@click.argument("prefix", default="test/")
@click.option("--manifest", metavar="KEY", help="A JSON list of keys in the bucket, instead of all under PREFIX.")
@takes("concurrency", "tolerated_failure_percentage", "endpoint_name", "stack", *PLACE)
@click.pass_obj
def classify_batch(invocation: Invocation, /, prefix: str, manifest: str | None, **arguments: str | None) -> None:
    """Send all images under PREFIX (test/) through the workflow, many at once, and report which failed."""
    from scones.classify import batch

    context = invocation.context(arguments)
    context.console.step("Classify a batch")
    batch.classify_batch(context, batch.Source(prefix, manifest))


@cli.command()
@takes(*GATE, *TRAIN, *ENDPOINT, "stack", *PLACE)
@click.pass_obj
def pipeline(invocation: Invocation, /, **arguments: str | None) -> None:
    """Train, evaluate, and put the model into service if it is good enough; exit code 3 if it is not."""
    from scones.pipeline import pipeline_run as pipelines

    timed(invocation.context(arguments), "pipeline", "Train and deploy", pipelines.pipeline)


@cli.command()
@takes(*TRAIN, "stack", *PLACE)
@click.pass_obj
def report(invocation: Invocation, /, **arguments: str | None) -> None:
    """Read all captured records; draw the picture, the page and summary.json."""
    step_report(invocation.context(arguments))


@cli.command()
@takes("endpoint_name", "stack", "role", *CONSENT, *PLACE)
@click.pass_obj
def destroy(invocation: Invocation, /, **arguments: str | None) -> None:
    """Remove all that the steps made in the account, the endpoint first."""
    from scones.removal import destroy as destruction

    context = invocation.context(arguments)
    context.console.step("Destroy")
    destruction.destroy(context)


@cli.command()
@takes(*DEPLOY, *STAGE, *TRAIN, *ENDPOINT, *CLASSIFY, *PLACE)
@click.pass_obj
def run(invocation: Invocation, /, **arguments: str | None) -> None:
    """All steps: deploy, stage, train, endpoint, classify, report."""
    from scones.classify import executions

    context = invocation.context(arguments)
    context.console.say(
        f"Target {context.settings.target}, account {context.account}, {context.region}, bucket {context.bucket}"
    )
    context.require_local_mode()
    for step in (step_deploy, step_stage, step_train, step_endpoint, step_classify, step_report):
        step(context)
    executions.raise_failed(executions.read(context.settings.out).executions)


@cli.command()
@click.option("--rate", type=float, metavar="N", help="Requests a second (default: 5).")
@click.option("--for", "lasts", metavar="TIME", help="How long, such as 30s, 2m or 1h (default: 30s).")
@click.option("--burst", type=int, metavar="N", help="Send N at once, instead of --rate and --for.")
@click.option("--endpoint", "to_endpoint", is_flag=True, help="Straight to the endpoint, past the state machine.")
@takes("endpoint_name", "stack", "threshold", "bucket")
@click.pass_obj
def load(
    invocation: Invocation,
    /,
    rate: float | None,
    lasts: str | None,
    burst: int | None,
    to_endpoint: bool,
    **arguments: str | None,
) -> None:
    """Send test images at a steady rate or in a burst, not waiting for answers; figures and a picture in out/load."""
    from scones.load import generator as loads

    if burst is not None and (rate is not None or lasts is not None):
        raise click.UsageError("--burst sends all at once: leave out --rate and --for")
    steady = loads.steady(5 if rate is None else rate, loads.seconds(lasts or "30s"))
    arrivals = steady if burst is None else loads.burst(burst)
    loads.load(invocation.context(arguments), arrivals, to_endpoint)


def interrupted(error: BaseException) -> int:
    click.echo("\nInterrupted. A step that is begun again goes on from here.", err=True)
    say_what_keeps_running(error.__cause__ or error)
    return INTERRUPTED


def say_what_keeps_running(error: BaseException) -> None:
    notes: list[str] = getattr(error, "__notes__", [])
    for note in notes:
        click.echo(f"  Keeps running: {note}", err=True)


def target_of(arguments: list[str]) -> str:
    """The profile's name for an error's message."""
    named = arguments[arguments.index("--profile") + 1 :][:1] if "--profile" in arguments else []
    return Invocation(named[0] if named else None, Console()).target


def exit_code(arguments: list[str]) -> int:
    try:
        cli(arguments, standalone_mode=False)
    except SconesError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    except OSError as error:
        click.echo(f"Error: {error.filename or 'a file'}: {error.strerror or error}", err=True)
        return 1
    except (BotoCoreError, ClientError) as error:
        click.echo(f"Error: {explained(error, target_of(arguments))}", err=True)
        say_what_keeps_running(error)
        return 1
    except (click.Abort, KeyboardInterrupt) as error:
        return interrupted(error)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return 0


def main() -> None:
    sys.exit(exit_code(sys.argv[1:]))
