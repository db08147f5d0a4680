"""`scones monitor run` and `scones monitor status`: compare the latest traffic now; show what earlier runs found."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scones.classify.executions import cause_text
from scones.console import keeps_running
from scones.context import Context
from scones.errors import MonitorError
from scones.monitoring.places import folder_of
from scones.monitoring.words import first_found, minute
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


def run_monitor(context: Context, hours: float) -> Mapping[str, Any]:
    """Compare the last hours with the baseline, print the message, and return the output of the run."""
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
    output: Mapping[str, Any] = json.loads(answer["output"])
    for line in message_in(output).splitlines():
        context.console.say(line)
    return output


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


def first_line(output: Mapping[str, Any]) -> str:
    return message_in(output).partition("\n")[0]


def has_compared(output: Mapping[str, Any]) -> bool:
    """Return whether a run judged its window: one with too few records or labels, or without any, did not.

    A run of the quality has the metric low_quality only if its labels were enough.
    """
    return bool(output.get("tests") or output.get("has_violations") or "low_quality" in output.get("metrics", {}))


def show_status(context: Context) -> None:
    """Print the states that the last analyses left, the alarms, and the latest runs."""
    executions = [described(context, execution) for execution in latest(context)]
    show_states(context, executions)
    for alarm, value in alarm_states(context).items():
        context.console.say(f"Alarm {alarm}: {value}")
    rows = [run_row(execution) for execution in executions]
    if rows:
        context.console.table(("Started", "Status", "Result"), rows)


def show_states(context: Context, executions: Sequence[Mapping[str, Any]]) -> None:
    """Print one line for drift and one for quality. Only a comparison in the newest run is a good sign.

    executions: the latest, the newest first, as DescribeExecution answers.
    """
    console, name = context.console, context.settings.endpoint_name
    for kind in KINDS:
        state, ended = state_of(context, kind), outputs_of(kind, executions)
        if state is None:
            console.say(f"No {kind.compared} of {name} have been compared with its baseline yet")
        elif state["since"]:
            console.warn(
                f"{kind.lasts.format(name)}, {first_found(state['since'])}; last seen in the window until "
                f"{minute(state['end'])}"
            )
        elif not ended:
            console.say(f"{kind.over.format(name)}, as of an older run whose window ended {minute(state['end'])}")
        elif has_compared(ended[0][1]):
            console.done(f"{kind.over.format(name)}; compared until {minute(state['end'])}")
        else:
            console.say(f"Nothing compared in the last run: {first_line(ended[0][1])}")
            compared = next((execution for execution, output in ended if has_compared(output)), None)
            began = f"began at {compared['startDate']:%Y-%m-%d %H:%M}" if compared else f"is older than {SHOWN} runs"
            console.say(f"{kind.over.format(name)} in the last comparison, which {began}")


def outputs_of(
    kind: Kind, executions: Sequence[Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the runs of a kind that succeeded, each with its output, the newest first."""
    return [
        (execution, json.loads(execution["output"]))
        for execution in executions
        if execution["status"] == "SUCCEEDED"
        and bool(json.loads(execution["input"]).get("needs_ground_truth")) == (kind is QUALITY)
    ]


def described(context: Context, execution: Mapping[str, Any]) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = context.client("stepfunctions").describe_execution(
        executionArn=execution["executionArn"]
    )
    return answer


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


def run_row(execution: Mapping[str, Any]) -> tuple[str, str, str]:
    if execution["status"] == "SUCCEEDED":
        text = first_line(json.loads(execution["output"]))
    elif execution["status"] == "RUNNING":
        text = ""
    else:
        text = f"{execution.get('error', '')}: {cause_text(execution.get('cause'))}"
    return (f"{execution['startDate']:%Y-%m-%d %H:%M}", execution["status"], text)
