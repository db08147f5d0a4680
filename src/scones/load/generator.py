"""The command `scones load`: send requests to the workflow or its endpoint, and measure the latency.

The load is an open loop: requests are sent on schedule, whether or not earlier ones were answered, as customers would.
A closed loop would send less as soon as the service slows down, and so would not show what the slowness costs.
"""

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones import output_folder
from scones.classify.images import Image, choose, labels_of_test_images
from scones.console import Meter
from scones.context import Context
from scones.deployment import endpoint
from scones.errors import ExecutionsError, SettingsError
from scones.load.measurements import BELOW_THRESHOLD, SUCCEEDED, Figures, Record, summary
from scones.load.targets import SENDERS, EndpointTarget, Target, WorkflowTarget, client_without_retries
from scones.settings import results_folder
from scones.stack.outputs import Workflow, require_workflow

TICK_S = 0.25
ANSWERS_WAIT_S = 180.0
"""Time to wait for the last answers after the last request."""
IMAGES = 40
UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Arrivals:
    """When requests are due: `count` of them, `interval_s` apart. With an interval of 0 all are due at once."""

    count: int
    interval_s: float
    description: str

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """Yield each request's number, and the seconds after the beginning when it is due."""
        return ((number, number * self.interval_s) for number in range(self.count))


def steady(rate: float, duration_s: float) -> Arrivals:
    if rate <= 0:
        raise SettingsError(f"--rate is {rate:g}: it must be above 0 requests per second")
    return Arrivals(max(1, round(rate * duration_s)), 1 / rate, f"{rate:g} a second for {duration_s:g} s")


def burst(count: int) -> Arrivals:
    if count < 1:
        raise SettingsError(f"--burst is {count}: it must be at least 1 request")
    return Arrivals(count, 0.0, f"a burst of {count}")


def seconds(text: str) -> float:
    """Parse `90`, `90s`, `1.5m` or `2h`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if match is None or not float(match[1]):
        raise SettingsError(f"--for is {text!r}: it must be a time such as 30s, 2m or 1h")
    return float(match[1]) * UNITS_S[match[2]]


def load(context: Context, arrivals: Arrivals, to_endpoint: bool = False) -> Figures:
    """Run a load, print its figures and write them with a chart into out/load.

    Raises:
        ExecutionsError: no request succeeded, so nothing was measured.
    """
    folder = results_folder(context.settings.project) / "load"
    folder.mkdir(parents=True, exist_ok=True)
    record = Record()
    workflow = None if to_endpoint else require_workflow(context)
    name = workflow.endpoint if workflow else context.settings.endpoint_name
    models = models_of(context, name)  # before the target, with which the time begins that latencies count from
    target = workflow_target(context, workflow, record) if workflow else endpoint_target(context, record)
    title = f"{named(target)}, {arrivals.description}"
    context.console.step(f"Load: {title} (Ctrl-C ends it)")
    with context.console.meter("Load", arrivals.count) as meter:
        is_complete = generate(target, arrivals, record, target.began, meter)
    figures = record.figures(time.monotonic() - target.began)
    if not is_complete:
        context.console.warn("Ended early: these are the figures so far")
    context.console.done(str(figures))
    answered_by = answering(models, models_of(context, name))
    origin = {"load": title, "endpoint": name, "models_by_variant": answered_by}
    context.console.say(" and ".join(map(str, write_results(folder, origin, figures, record))))
    if is_complete and not figures.outcomes[SUCCEEDED] + figures.outcomes[BELOW_THRESHOLD]:
        errors = dict(figures.errors) or "there was no answer"
        raise ExecutionsError(f"none of {figures.sent} requests succeeded: {errors}")
    return figures


def named(target: Target) -> str:
    """Return the name of a target for people: that of the workflow with its endpoint."""
    name = target.name.rpartition(":")[2]
    return f"endpoint {name}" if name == target.endpoint else f"workflow {name} with endpoint {target.endpoint}"


def models_of(context: Context, endpoint_name: str) -> Mapping[str, str]:
    """Return the models that an endpoint serves by their variants; none if AWS refuses: a load goes on without them."""
    try:
        return endpoint.served_models(context.client("sagemaker"), endpoint_name)
    except (BotoCoreError, ClientError):
        return {}


def answering(before: Mapping[str, str], after: Mapping[str, str]) -> Mapping[str, str]:
    """Return the models that have answered by their variants; none if the endpoint was changed during the load.

    Which model gave which answer is then unknown.
    """
    return after if before == after else {}


def generate(target: Target, arrivals: Arrivals, record: Record, began: float, meter: Meter) -> bool:
    """Send all requests and wait for the answers. Return False if the user ended it early with Ctrl-C."""
    pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="load-sender")
    try:
        for number, due_s in arrivals:
            while (early_s := began + due_s - time.monotonic()) > 0:
                time.sleep(min(early_s, TICK_S))
                show(record, began, meter)
            record.note_sent(due_s)
            pool.submit(target.send, number, began + due_s)
        wait_for_answers(record, began, meter)
    except KeyboardInterrupt:
        return False
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        target.close()
    return True


def wait_for_answers(record: Record, began: float, meter: Meter) -> None:
    """Wait until all requests are answered, but at most ANSWERS_WAIT_S."""
    deadline = time.monotonic() + ANSWERS_WAIT_S
    while record.in_flight and time.monotonic() < deadline:
        time.sleep(TICK_S)
        show(record, began, meter)


def show(record: Record, began: float, meter: Meter) -> None:
    meter.update(record.figures(time.monotonic() - began).brief, completed=len(record.answers))


def workflow_target(context: Context, workflow: Workflow, record: Record) -> WorkflowTarget:
    endpoint.require_in_service(context, workflow.endpoint)
    target = WorkflowTarget(
        name=workflow.state_machine,
        endpoint=workflow.endpoint,
        client=client_without_retries(context.clients.session, "stepfunctions"),
        bucket=context.data_bucket.name,
        keys=[image.key for image in chosen_images(context)],
        record=record,
        began=time.monotonic(),
        run_id=secrets.token_hex(4),
    )
    target.follow()
    return target


def endpoint_target(context: Context, record: Record) -> EndpointTarget:
    name, bucket = context.settings.endpoint_name, context.data_bucket
    endpoint.require_in_service(context, name)
    images = [bucket.get(image.key, written_by="stage") for image in chosen_images(context)]
    runtime = client_without_retries(context.clients.session, "sagemaker-runtime")
    return EndpointTarget(name, runtime, images, context.settings.threshold, record, time.monotonic())


def chosen_images(context: Context) -> list[Image]:
    return choose(labels_of_test_images(context.data_bucket), IMAGES)


def write_results(folder: Path, origin: Mapping[str, Any], figures: Figures, record: Record) -> tuple[Path, Path]:
    """Write the summary and the chart, named after the time. `origin` says what was asked, and who answered."""
    # Importing matplotlib takes a second.
    from scones.load import latency_chart

    answers = sorted(record.answers, key=lambda answer: answer.due_s)
    stem = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    text, picture = folder / f"{stem}.json", folder / f"{stem}.png"
    output_folder.write_whole(text, json.dumps({**origin, **summary(figures, answers)}, indent=2))
    latency_chart.draw(origin["load"], figures, answers, picture)
    return text, picture
