"""`scones monitor run` and `scones monitor status`: compare the latest traffic now; show what earlier runs found."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones.classify.executions import cause_text
from scones.console import keeps_running
from scones.context import Context
from scones.errors import MonitorError
from scones.monitoring.places import folder_of
from scones.polling import poll
from scones.stack.outputs import require_output

OUTPUT = "MonitorStateMachineArn"
TIMEOUT_S, INTERVAL_S = 7200, 2
SHOWN = 10
ALARMS = ("drift", "quality", "low-confidence", "no-traffic", "monitor-failed", "monitor-timed-out")


@dataclass(frozen=True)
class Kind:
    """A kind of run: the file of its state, and texts about it, in which {} stands for the endpoint."""

    file: str
    compared: str
    lasts: str
    over: str


DRIFT = Kind("state.json", "captured records", "{} has drifted", "{} has not drifted")
QUALITY = Kind(
    "quality-state.json",
    "labeled records",
    "The quality of {} is below the baseline's",
    "The quality of {} is not below the baseline's",
)
KINDS = (DRIFT, QUALITY)
STATUS_TEXTS = {
    "NoEndpoint": "The endpoint is not in service: there is nothing to compare.",
    "TooEarly": "The model has been in service for less than two minutes: there is nothing to compare yet.",
    "NoTraffic": "No record was captured in this window: there is nothing to compare.",
    "NoGroundTruth": "No record of this window has ground truth.",
}


def run_monitor(context: Context, hours: float) -> bool:
    """Compare the last hours with the baseline, print the message, and return whether the traffic has drifted."""
    context.sagemaker.require_pipelines()
    event = {
        "minutes": hours * 60,
        "needs_ground_truth": False,
        "instance_type": context.settings.monitor_instance_type,
    }
    stepfunctions = context.client("stepfunctions")
    arn = stepfunctions.start_execution(
        stateMachineArn=require_output(context, OUTPUT), name=f"monitor-{secrets.token_hex(4)}", input=json.dumps(event)
    )["executionArn"]
    context.console.say(f"Started {arn}")
    with keeps_running(f"execution {arn} (aws stepfunctions stop-execution --execution-arn {arn})"):
        answer = ended(context, arn)
    if answer["status"] != "SUCCEEDED":
        raise MonitorError(f"{answer.get('error') or answer['status']}: {cause_text(answer.get('cause'))}")
    output = json.loads(answer["output"])
    for line in message_in(output).splitlines():
        context.console.say(line)
    return bool(output.get("has_violations"))


def ended(context: Context, arn: str) -> Mapping[str, Any]:
    stepfunctions = context.client("stepfunctions")
    with context.console.meter("Comparing with the baseline"):
        for _ in poll(TIMEOUT_S, INTERVAL_S):
            answer: Mapping[str, Any] = stepfunctions.describe_execution(executionArn=arn)
            if answer["status"] != "RUNNING":
                return answer
    raise MonitorError(f"{arn} was still RUNNING after {TIMEOUT_S} s: look at its history")


def message_in(output: Mapping[str, Any]) -> str:
    """Return the message of a run: the analyzer's, or why there was nothing to analyze."""
    return str(output.get("message") or STATUS_TEXTS.get(str(output.get("status")), output.get("status")))


def show_status(context: Context) -> None:
    """Print the states that the last analyses left, the alarms, and the latest runs."""
    show_states(context)
    for alarm, value in alarm_states(context).items():
        context.console.say(f"Alarm {alarm}: {value}")
    rows = [run_row(context, execution) for execution in latest(context)]
    if rows:
        context.console.table(("Started", "Status", "Result"), rows)


def show_states(context: Context) -> None:
    console, name = context.console, context.settings.endpoint_name
    for kind in KINDS:
        state = state_of(context, kind)
        if state is None:
            console.say(f"No {kind.compared} of {name} have been compared with its baseline yet")
        elif state["since"]:
            console.warn(
                f"{kind.lasts.format(name)} since {state['since']}; last seen in the window until {state['end']}"
            )
        else:
            console.done(f"{kind.over.format(name)}; compared until {state['end']}")


def state_of(context: Context, kind: Kind) -> Mapping[str, Any] | None:
    key = f"{folder_of(context.settings.endpoint_name)}/{kind.file}"
    if not context.data_bucket.has(key):
        return None
    state: Mapping[str, Any] = json.loads(context.data_bucket.get(key, "monitor run"))
    return state


def alarm_states(context: Context) -> dict[str, str]:
    names = [f"{context.settings.stack}-{name}" for name in ALARMS]
    answer = context.client("cloudwatch").describe_alarms(AlarmNames=names)
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in answer["MetricAlarms"]}


def latest(context: Context) -> list[Mapping[str, Any]]:
    stepfunctions, machine = context.client("stepfunctions"), require_output(context, OUTPUT)
    executions: list[Mapping[str, Any]] = stepfunctions.list_executions(stateMachineArn=machine, maxResults=SHOWN)[
        "executions"
    ]
    return executions


def run_row(context: Context, execution: Mapping[str, Any]) -> tuple[str, str, str]:
    answer = context.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    if answer["status"] == "SUCCEEDED":
        text = message_in(json.loads(answer["output"])).partition("\n")[0]
    elif answer["status"] == "RUNNING":
        text = ""
    else:
        text = f"{answer.get('error', '')}: {cause_text(answer.get('cause'))}"
    return (f"{execution['startDate']:%Y-%m-%d %H:%M}", answer["status"], text)
