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

from scones import kit as kits
from scones import settings, timings
from scones.console import Console
from scones.errors import SconesError, explained
from scones.kit import Kit
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

    def kit(self, arguments: dict[str, str | None]) -> Kit:
        given = {name: value for name, value in arguments.items() if value is not None}
        loaded = settings.load(given, os.environ, self.target, settings.PROJECT / "targets.toml")
        return kits.opened(loaded, boto3.Session(profile_name=self.profile), self.console)


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


def timed(kit: Kit, step: str, title: str, action: Callable[[Kit], Result]) -> Result:
    timings.prove_writable(kit)
    kit.console.step(title)
    began = time.monotonic()
    result = action(kit)
    timings.note(kit, step, time.monotonic() - began)
    return result


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", help="AWS profile, as in `aws --profile` [AWS_PROFILE].")
@click.pass_context
def cli(context: click.Context, profile: str | None) -> None:
    """Deploy, stage images, train, serve, classify, report: the Scones Unlimited workflow on AWS.

    A step that is done already says so. Settings come from options, variables, targets.toml, defaults, in this order.
    """
    context.obj = Invocation(profile, Console())


def step_stage(kit: Kit) -> None:
    from scones import stage

    timed(kit, "stage", "Stage the images", stage.stage)


def step_train(kit: Kit) -> None:
    from scones import training

    timed(kit, "train", "Train", training.train)


def step_endpoint(kit: Kit) -> None:
    from scones import endpoint

    timed(kit, "endpoint", "Deploy the endpoint", endpoint.endpoint)


def step_deploy(kit: Kit) -> None:
    from scones import deploy

    timed(kit, "deploy", "Deploy the stack", deploy.deploy)


def step_classify(kit: Kit) -> None:
    from scones import executions

    run = timed(kit, "classify", "Classify test images", executions.classify)
    executions.write(run, kit.settings.out)


def step_report(kit: Kit) -> None:
    from scones import report

    timed(kit, "report", "Report", report.report)


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
    step_deploy(invocation.kit(arguments))


@cli.command()
@takes(*STAGE, *PLACE)
@click.pass_obj
def stage(invocation: Invocation, /, **arguments: str | None) -> None:
    """Get the images, write PNGs and manifests, put them in the bucket."""
    step_stage(invocation.kit(arguments))


@cli.command()
@takes(*TRAIN, "stack", *PLACE)
@click.pass_obj
def train(invocation: Invocation, /, **arguments: str | None) -> None:
    """Train with SageMaker, following the job's log."""
    step_train(invocation.kit(arguments))


@cli.command()
@takes(*TRAIN, *ENDPOINT, "stack", *PLACE)
@click.pass_obj
def endpoint(invocation: Invocation, /, **arguments: str | None) -> None:
    """Serve the trained model, capturing all traffic."""
    step_endpoint(invocation.kit(arguments))


@cli.command()
@click.argument("keys", nargs=-1)
@takes(*CLASSIFY, "endpoint_name", "stack", *PLACE)
@click.pass_obj
def classify(invocation: Invocation, /, keys: tuple[str, ...], **arguments: str | None) -> None:
    """Send test images through the state machine; or the objects with KEYS, without touching the last run's record."""
    from scones import executions

    kit = invocation.kit(arguments)
    if not keys:
        step_classify(kit)
        executions.raise_failed(executions.read(kit.settings.out).executions)
        return
    run = executions.classify(kit, keys)
    for execution in run.executions:
        kit.console.say(executions.describe(execution, kit.settings.classes))
    executions.raise_failed(run.executions)


@cli.command("classify-batch")
@click.argument("prefix", default="test/")
@click.option("--manifest", metavar="KEY", help="A JSON list of keys in the bucket, instead of all under PREFIX.")
@takes("concurrency", "tolerated_failure_percentage", "endpoint_name", "stack", *PLACE)
@click.pass_obj
def classify_batch(invocation: Invocation, /, prefix: str, manifest: str | None, **arguments: str | None) -> None:
    """Send all images under PREFIX (test/) through the workflow, many at once, and report which failed."""
    from scones import batches

    kit = invocation.kit(arguments)
    kit.console.step("Classify a batch")
    batches.classify_batch(kit, batches.Source(prefix, manifest))


@cli.command()
@takes(*GATE, *TRAIN, *ENDPOINT, "stack", *PLACE)
@click.pass_obj
def pipeline(invocation: Invocation, /, **arguments: str | None) -> None:
    """Train, evaluate, and put the model into service if it is good enough; exit code 3 if it is not."""
    from scones import pipeline as pipelines

    timed(invocation.kit(arguments), "pipeline", "Train and deploy", pipelines.pipeline)


@cli.command()
@takes(*TRAIN, "stack", *PLACE)
@click.pass_obj
def report(invocation: Invocation, /, **arguments: str | None) -> None:
    """Read all captured records; draw the picture, the page and summary.json."""
    step_report(invocation.kit(arguments))


@cli.command()
@takes("endpoint_name", "stack", "role", *CONSENT, *PLACE)
@click.pass_obj
def destroy(invocation: Invocation, /, **arguments: str | None) -> None:
    """Remove all that the steps made in the account, the endpoint first."""
    from scones import destroy as destruction

    kit = invocation.kit(arguments)
    kit.console.step("Destroy")
    destruction.destroy(kit)


@cli.command()
@takes(*DEPLOY, *STAGE, *TRAIN, *ENDPOINT, *CLASSIFY, *PLACE)
@click.pass_obj
def run(invocation: Invocation, /, **arguments: str | None) -> None:
    """All steps: deploy, stage, train, endpoint, classify, report."""
    from scones import executions

    kit = invocation.kit(arguments)
    kit.console.say(f"Target {kit.settings.target}, account {kit.account}, {kit.region}, bucket {kit.bucket}")
    kit.require_local_mode()
    for step in (step_deploy, step_stage, step_train, step_endpoint, step_classify, step_report):
        step(kit)
    executions.raise_failed(executions.read(kit.settings.out).executions)


# The names that these had before.
cli.add_command(click.Command("workflow", params=deploy.params, callback=deploy.callback, hidden=True))
cli.add_command(click.Command("clean", params=destroy.params, callback=destroy.callback, hidden=True))


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
    from scones import load as loads

    if burst is not None and (rate is not None or lasts is not None):
        raise click.UsageError("--burst sends all at once: leave out --rate and --for")
    steady = loads.steady(5 if rate is None else rate, loads.seconds(lasts or "30s"))
    arrivals = steady if burst is None else loads.burst(burst)
    loads.load(invocation.kit(arguments), arrivals, to_endpoint)


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
