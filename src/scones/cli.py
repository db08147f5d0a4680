"""The commands of the application as a click group, `cli`, which imports little: see `scones.commands`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from scones.commands import next_steps, steps
from scones.commands.failures import INTERRUPTED
from scones.commands.invocation import Command, Invocation, options, pass_invocation, timed

# The imports inside some commands keep `scones --help` fast: see the docstring of `scones.commands`.

# Names of the settings that commands take as options.
PLACE = ("bucket", "out")
STAGE = ("dataset", "fallback_dataset", "classes")
TRAIN = ("role", "image_uri", "training_instance_type", "hyperparameters", "endpoint_name")
ENDPOINT = ("endpoint_instance_type",)
CONSENT = ("confirm", "yes")
DEPLOY = ("stack", "threshold", "near_classes", "notification_email", "endpoint_scaling", *CONSENT)
GATE = ("accuracy_at_least", "accuracy_tolerance", "latency_at_most_ms", "canary_wait_s")
MONITOR = ("monitor_schedule", "monitor_instance_type", "monitor_image", "pipeline_on_drift", "alarm_on_no_traffic")
CLASSIFY = ("images", "concurrency")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", help="AWS profile, as in `aws --profile` [AWS_PROFILE].")
@click.pass_context
def cli(context: click.Context, profile: str | None) -> None:
    """Deploy, stage images, train, serve, classify and report: the Scones Unlimited workflow on AWS.

    A step that is already done says so and does nothing. Settings come from options, environment variables,
    targets.toml and defaults, in this order.
    """
    context.obj = Invocation(profile)


@cli.command(cls=Command)
@options(*DEPLOY, "classes", *TRAIN, *ENDPOINT, *GATE, "pipeline_on_new_data", *MONITOR, *PLACE)
@pass_invocation
def deploy(invocation: Invocation, /, **arguments: str | None) -> None:
    """Deploy the stack: bucket, role, functions, state machines, queues, alarms and dashboard."""
    context = invocation.context(arguments)
    steps.deploy(context)
    next_steps.show(context, "deploy")


@cli.command(cls=Command)
@options(*STAGE, *PLACE)
@pass_invocation
def stage(invocation: Invocation, /, **arguments: str | None) -> None:
    """Get the images, write PNG files and manifests, and put them in the bucket."""
    context = invocation.context(arguments)
    steps.stage(context)
    next_steps.show(context, "stage")


@cli.command(cls=Command)
@options(*TRAIN, "stack", *PLACE)
@pass_invocation
def train(invocation: Invocation, /, **arguments: str | None) -> None:
    """Train with SageMaker, following the job's log."""
    context = invocation.context(arguments)
    steps.train(context)
    next_steps.show(context, "train")


@cli.command(cls=Command)
@options(*TRAIN, *ENDPOINT, "stack", *PLACE)
@pass_invocation
def endpoint(invocation: Invocation, /, **arguments: str | None) -> None:
    """Serve the trained model, capturing all traffic."""
    context = invocation.context(arguments)
    steps.endpoint(context)
    next_steps.show(context, "endpoint")


@cli.command(cls=Command)
@click.argument("keys", nargs=-1)
@options(*CLASSIFY, "endpoint_name", "stack", *PLACE)
@pass_invocation
def classify(invocation: Invocation, /, keys: tuple[str, ...], **arguments: str | None) -> None:
    """Send test images through the state machine.

    With KEYS, send these objects of the bucket instead, and print the results without changing the last run's record.
    """
    context = invocation.context(arguments)
    if keys:
        steps.classify_keys(context, keys)
    else:
        steps.classify(context)
        steps.raise_failed(context)
        next_steps.show(context, "classify")


@cli.command("classify-batch", cls=Command)
@click.argument("prefix", default="test/")
@click.option("--manifest", metavar="KEY", help="A JSON list of keys in the bucket, instead of all under PREFIX.")
@options("concurrency", "tolerated_failure_percentage", "endpoint_name", "stack", *PLACE)
@pass_invocation
def classify_batch(invocation: Invocation, /, prefix: str, manifest: str | None, **arguments: str | None) -> None:
    """Send all images under PREFIX (default: test/) through the workflow in parallel, and report which failed."""
    from scones.classify import batch

    context = invocation.context(arguments)
    context.console.step("Classify a batch")
    batch.classify_batch(context, batch.Source(prefix, manifest))
    next_steps.show(context, "classify-batch")


@cli.command("import", cls=Command)
@click.argument("source", metavar="PATH", type=click.Path(path_type=Path))
@click.option(
    "--function", "functions", metavar="NAME=PATH", multiple=True, help="Code of a function: a folder, zip or module."
)
@click.option("--value", "values", metavar="NAME=VALUE", multiple=True, help="Value of a placeholder ${NAME}.")
@options(*CONSENT)
@pass_invocation
def import_command(
    invocation: Invocation,
    /,
    source: Path,
    functions: tuple[str, ...],
    values: tuple[str, ...],
    **arguments: str | None,
) -> None:
    """Create the state machines, functions and layers of an export: a file, or all below a folder.

    PATH has definitions (JSON, YAML, CloudFormation or SAM templates), functions (folders, zip files, modules) and
    layers. ARNs become those of the account in use, roles are created, and what is missing is named.
    """
    from scones.importing.command import import_files
    from scones.importing.plan import Options

    code = {name: Path(path) for name, path in pairs_of("--function", functions).items()}
    import_files(invocation.context(arguments), source, Options(code, pairs_of("--value", values)))


def pairs_of(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Parse the values of an option of the form NAME=VALUE."""
    for text in texts:
        if not re.fullmatch(r"[^=]+=.+", text):
            raise click.UsageError(f"{option} is {text!r}: it must be NAME=VALUE")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


@cli.command(cls=Command)
@options(*GATE, *TRAIN, *ENDPOINT, "stack", *PLACE)
@pass_invocation
def pipeline(invocation: Invocation, /, **arguments: str | None) -> None:
    """Train, evaluate, and deploy the model if it is good enough. The exit code is 3 if it is not."""
    from scones.pipeline.pipeline import pipeline

    context = invocation.context(arguments)
    timed(context, "pipeline", "Train and deploy", pipeline)
    steps.refresh_report(context)
    next_steps.show(context, "pipeline")


@cli.command(cls=Command)
@click.argument("action", type=click.Choice(("status", "run", "baseline", "label")), default="status")
@click.option("--hours", type=click.FloatRange(min=0.01), default=1, show_default=True, help="Window of `run`.")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Lines `key,class` for `label`, instead of questions on the terminal.",
)
@options("monitor_instance_type", "endpoint_name", "classes", "role", "stack", *PLACE)
@pass_invocation
def monitor(
    invocation: Invocation, /, action: str, hours: float, answers: Path | None, **arguments: str | None
) -> None:
    """Watch the endpoint for drift: show the state, compare the traffic now, make a baseline, or label images.

    `run` compares the last hours with the baseline; the exit code is 3 if they have drifted, and 4 if nothing was
    compared. `baseline` makes one for the model in service. `label` turns answers for the images in the review queue
    into ground truth.
    """
    from scones.commands.monitoring import ACTIONS, Arguments

    ACTIONS[action](invocation.context(arguments), Arguments(hours, answers))


@cli.command(cls=Command)
@options(*TRAIN, "stack", *PLACE)
@pass_invocation
def report(invocation: Invocation, /, **arguments: str | None) -> None:
    """Read all captured records; write a chart, an HTML page and summary.json."""
    context = invocation.context(arguments)
    steps.report(context)
    next_steps.show(context, "report", steps.page_of_report(context))


@cli.command(cls=Command)
@options("endpoint_name", "stack", "role", *CONSENT, *PLACE)
@pass_invocation
def destroy(invocation: Invocation, /, **arguments: str | None) -> None:
    """Remove everything that the other commands created in the account, the endpoint first."""
    from scones.removal.destroy import destroy

    context = invocation.context(arguments)
    context.console.step("Destroy")
    destroy(context)


@cli.command(cls=Command)
@options(*DEPLOY, *STAGE, *TRAIN, *ENDPOINT, *CLASSIFY, *PLACE)
@pass_invocation
def run(invocation: Invocation, /, **arguments: str | None) -> None:
    """Run all steps: deploy, stage, train, endpoint, classify, report."""
    context = invocation.context(arguments)
    place = f"account {context.account}, {context.region}, bucket {context.data_bucket.name}"
    context.console.say(f"Target {context.settings.target}, {place}")
    context.sagemaker.require_ready()
    for step in steps.ALL:
        step(context)
    steps.raise_failed(context)
    next_steps.show(context, "run", steps.page_of_report(context))


@cli.command(cls=Command)
@click.option("--rate", type=float, metavar="N", help="Requests per second (default: 5).")
@click.option("--for", "duration", metavar="TIME", help="Duration, such as 30s, 2m or 1h (default: 30s).")
@click.option("--burst", type=int, metavar="N", help="Send N requests at once, instead of --rate and --for.")
@click.option("--endpoint", "to_endpoint", is_flag=True, help="Send to the endpoint instead of the state machine.")
@options("endpoint_name", "stack", "threshold", "bucket")
@pass_invocation
def load(
    invocation: Invocation,
    /,
    rate: float | None,
    duration: str | None,
    burst: int | None,
    to_endpoint: bool,
    **arguments: str | None,
) -> None:
    """Send test images at a steady rate or in a burst, without waiting for answers; write figures to out/load."""
    from scones.load import generator

    if burst is not None and (rate is not None or duration is not None):
        raise click.UsageError("--burst sends all at once: leave out --rate and --for")
    steady = generator.steady(5 if rate is None else rate, generator.seconds(duration or "30s"))
    arrivals = steady if burst is None else generator.burst(burst)
    context = invocation.context(arguments)
    generator.load(context, arrivals, to_endpoint)
    steps.refresh_report(context)
    next_steps.show(context, "load")


@cli.command(cls=Command)
@click.argument("kind", type=click.Choice(("train", "endpoint", "function", "execution")), default="train")
@click.argument("name", required=False)
@click.option("--follow", "follows", is_flag=True, help="Keep printing new lines until it ends.")
@click.option("--lines", default=200, show_default=True, help="Number of lines to show, counted from the end.")
@pass_invocation
def logs(invocation: Invocation, /, kind: str, name: str | None, follows: bool, lines: int) -> None:
    """Show the log of a training job, an endpoint, a function or an execution: the newest, or NAME."""
    from scones.show_logs.show import show_log

    show_log(invocation.context({}), kind, name, follows, lines)


def exit_code(arguments: list[str]) -> int:
    """Run a command line, and return the exit code."""
    try:
        return int(cli(arguments, standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nInterrupted.", err=True)
        return INTERRUPTED


def main() -> None:
    sys.exit(exit_code(sys.argv[1:]))
