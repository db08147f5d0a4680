"""The pipeline: started, and followed state by state to its end."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scones.classify import executions
from scones.console import Meter, keeps_running
from scones.context import Context
from scones.errors import GateError, PipelineError, SettingsError
from scones.logs import TRAINING_JOBS, LogReader
from scones.polling import poll
from scones.stack import outputs
from scones.training import training_job

EVALUATIONS = "evaluations"
STOPPED_AT_GATE = "StoppedAtGate"
TIMEOUT_S = 86_400


def given(context: Context) -> dict[str, Any]:
    """The state machine's input; what new data starts it with, too."""
    settings = context.settings
    if settings.uses_local_mode:
        raise SettingsError(
            f"TRAINING_INSTANCE_TYPE is {settings.training_instance_type!r}: the pipeline's jobs are started by Step "
            "Functions, where the SDK's local mode is not; use another profile, such as local"
        )
    return {
        "image": settings.image_uri or built_in_image_uri(context.region),
        "training_instance_type": settings.training_instance_type,
        "endpoint_instance_type": settings.endpoint_instance_type,
        "hyperparameters": dict(settings.hyperparameters),
        "gate": {"accuracy_at_least": settings.accuracy_at_least, "tolerance": settings.accuracy_tolerance},
        "latency_at_most_ms": settings.latency_at_most_ms,
    }


def built_in_image_uri(region: str) -> str:
    from scones import sagemaker_sdk  # takes seconds to load

    return sagemaker_sdk.built_in_image_uri(region)


@dataclass
class Following:
    """What has been shown of an execution, and what it has said."""

    context: Context
    meter: Meter
    seen: int = 0
    state: str = ""
    run: str = ""
    failed_in: dict[str, str] = field(default_factory=dict)  # state by error
    log: LogReader | None = None

    def show(self, events: Sequence[Mapping[str, Any]], waited_s: float) -> None:
        for event in events[self.seen :]:
            if "stateEnteredEventDetails" in event:
                self._entered(event["stateEnteredEventDetails"]["name"], event["type"], waited_s)
            elif "stateExitedEventDetails" in event:
                self._exited(event["stateExitedEventDetails"])
            elif details := event.get("taskFailedEventDetails") or event.get("taskTimedOutEventDetails"):
                self.failed_in.setdefault(details.get("error", ""), self.state)
        self.seen = len(events)
        if self.state == "Train" and self.run:
            self._show_training()

    def _entered(self, name: str, kind: str, waited_s: float) -> None:
        if kind == "TaskStateEntered" and name != self.state:
            self.state = name
            self.context.console.say(f"{waited_s:5.0f} s  {name}")

    def _exited(self, details: Mapping[str, Any]) -> None:
        output = json.loads(details.get("output") or "{}")
        if details["name"] == "Name":
            self.run = output["name"]
            self.log = LogReader(self.context.client("logs"), TRAINING_JOBS, f"{self.run}/")
        elif details["name"] == "Train":
            self._show_training()
        elif details["name"] == "Evaluate":
            for line in output["evaluation"]["summary"].splitlines():
                self.context.console.say(f"         {line}")
        elif details["name"] == "SmokeTest":
            self.context.console.say(f"         {output['smoke_test']['summary']}")

    def _show_training(self) -> None:
        job = training_job.describe(self.context.client("sagemaker"), self.run)
        if job and self.log:
            for line in self.log.read():
                training_job.show(line, job, self.meter)


def follow(context: Context, arn: str) -> Following:
    """To the execution's end; GateError and PipelineError say how it did not succeed."""
    stepfunctions = context.client("stepfunctions")
    with context.console.meter("Pipeline") as meter:
        following = Following(context, meter)
        for waited in poll(TIMEOUT_S, interval_s=2):
            answer = stepfunctions.describe_execution(executionArn=arn)
            following.show(executions.history(stepfunctions, arn), waited)
            if answer["status"] != "RUNNING":
                raise_failed(answer, following)
                return following
    raise PipelineError(f"{arn} was still RUNNING after {TIMEOUT_S} s: look at its history")


def raise_failed(answer: Mapping[str, Any], following: Following) -> None:
    if answer["status"] == "SUCCEEDED":
        return
    name = following.context.settings.endpoint_name
    if answer.get("error") == STOPPED_AT_GATE:
        raise GateError(
            f"{following.run} stopped at the gate; endpoint {name} is as it was\n  "
            + str(answer["cause"]).replace("\n", "\n  ")
        )
    error = answer.get("error") or answer["status"]
    where = f" in {following.failed_in[error]}" if error in following.failed_in else ""
    raise PipelineError(f"{following.run or answer['name']} failed{where}: {error}: {reason(answer)}")


def reason(answer: Mapping[str, Any]) -> str:
    """A failed job's FailureReason, a function's message, or the cause as it is."""
    cause = answer.get("cause")
    try:
        described = json.loads(cause or "")
        return str(described["FailureReason"])
    except (ValueError, TypeError, LookupError):
        return executions.cause_text(cause)


def pipeline(context: Context) -> str:
    """The name of the run, which is that of its model, once this is in service."""
    state_machine = outputs.require_output(context, "PipelineStateMachineArn")
    arn = context.client("stepfunctions").start_execution(
        stateMachineArn=state_machine, name=f"pipeline-{secrets.token_hex(4)}", input=json.dumps(given(context))
    )["executionArn"]
    context.console.say(f"Started {arn}")
    with keeps_running(f"execution {arn} (aws stepfunctions stop-execution --execution-arn {arn})"):
        following = follow(context, arn)
    context.console.done(f"Model {following.run} is in service at endpoint {context.settings.endpoint_name}")
    return following.run
