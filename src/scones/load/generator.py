"""A load on the workflow or its endpoint, open loop: arrivals do not wait for answers, as customers do not.

A closed loop sends less as soon as the service slows down, and so never shows what its slowness costs.
"""

import json
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scones import output_folder
from scones.classify import executions
from scones.console import Meter
from scones.context import Context
from scones.deployment import endpoint
from scones.errors import ExecutionsError, SettingsError
from scones.load.measurements import BELOW_THRESHOLD, SUCCEEDED, Figures, Record, summary
from scones.load.targets import SENDERS, EndpointTarget, Target, WorkflowTarget, client
from scones.stack import outputs

TICK_S = 0.25
ANSWERS_WAIT_S = 180.0
"""For the last answers, after the last request."""
IMAGES = 40
UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Arrivals:
    """When requests are due: `count` of them, `interval_s` apart, or all at once."""

    count: int
    interval_s: float
    description: str

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """Number and seconds since the load began."""
        return ((number, number * self.interval_s) for number in range(self.count))


def steady(rate: float, lasts_s: float) -> Arrivals:
    if rate <= 0:
        raise SettingsError(f"--rate is {rate:g}, and must be above 0: requests a second")
    return Arrivals(max(1, round(rate * lasts_s)), 1 / rate, f"{rate:g} a second for {lasts_s:g} s")


def burst(count: int) -> Arrivals:
    if count < 1:
        raise SettingsError(f"--burst is {count}, and must be at least 1: requests that are sent at once")
    return Arrivals(count, 0.0, f"a burst of {count}")


def seconds(text: str) -> float:
    """`90`, `90s`, `1.5m` or `2h`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None or not float(found[1]):
        raise SettingsError(f"--for is {text!r}, and must be a time such as 30s, 2m or 1h")
    return float(found[1]) * UNITS_S[found[2]]


def generate(target: Target, arrivals: Arrivals, record: Record, began: float, meter: Meter) -> bool:
    """Sends everything, and waits for the answers. False: a person ended it early, by Ctrl-C."""
    pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="load-sender")
    try:
        for number, due_s in arrivals:
            while (early_s := began + due_s - time.monotonic()) > 0:
                time.sleep(min(early_s, TICK_S))
                tell(record, began, meter)
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
    """Until all are there, or none came for long."""
    deadline = time.monotonic() + ANSWERS_WAIT_S
    while record.in_flight and time.monotonic() < deadline:
        time.sleep(TICK_S)
        tell(record, began, meter)


def tell(record: Record, began: float, meter: Meter) -> None:
    meter.update(str(record.figures(time.monotonic() - began)), completed=len(record.answers))


def workflow_target(context: Context, record: Record) -> WorkflowTarget:
    deployed = outputs.require_deployed(context)
    endpoint.require_in_service(context)
    keys = [image.key for image in chosen(context)]
    stepfunctions = client(context, "stepfunctions")
    began = time.monotonic()
    target = WorkflowTarget(
        deployed.state_machine, stepfunctions, context.bucket, keys, record, began, secrets.token_hex(4)
    )
    target.follow()
    return target


def endpoint_target(context: Context, record: Record) -> EndpointTarget:
    name = endpoint.require_in_service(context)
    s3 = context.client("s3")
    images = [s3.get_object(Bucket=context.bucket, Key=image.key)["Body"].read() for image in chosen(context)]
    runtime = client(context, "sagemaker-runtime")
    return EndpointTarget(name, runtime, images, context.settings.threshold, record, time.monotonic())


def chosen(context: Context) -> list[executions.Image]:
    return executions.choose(executions.test_images(context), IMAGES)


def load(context: Context, arrivals: Arrivals, to_endpoint: bool = False) -> Figures:
    """Raises ExecutionsError when no request succeeded: then nothing was measured."""
    folder = context.settings.project / "out" / "load"
    folder.mkdir(parents=True, exist_ok=True)
    record = Record()
    target = endpoint_target(context, record) if to_endpoint else workflow_target(context, record)
    title = f"{'endpoint' if to_endpoint else 'workflow'} {target.name.rpartition(':')[2]}, {arrivals.description}"
    context.console.step(f"Load: {title} (Ctrl-C ends it)")
    with context.console.meter("Load", arrivals.count) as meter:
        whole = generate(target, arrivals, record, target.began, meter)
    figures = record.figures(time.monotonic() - target.began)
    if not whole:
        context.console.warn("Ended early: these are the figures so far")
    context.console.done(str(figures))
    context.console.say(" and ".join(map(str, keep(folder, title, figures, record))))
    if whole and not figures.outcomes[SUCCEEDED] + figures.outcomes[BELOW_THRESHOLD]:
        raise ExecutionsError(f"none of {figures.sent} requests succeeded: {dict(figures.errors) or 'no answer came'}")
    return figures


def keep(folder: Path, title: str, figures: Figures, record: Record) -> tuple[Path, Path]:
    """The summary and the picture, named after the time."""
    from scones.load import latency_chart

    answers = sorted(record.answers, key=lambda answer: answer.due_s)
    stem = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    text, picture = folder / f"{stem}.json", folder / f"{stem}.png"
    output_folder.write_whole(text, json.dumps({"load": title, **summary(figures, answers)}, indent=2))
    latency_chart.draw(title, figures, answers, picture)
    return text, picture
