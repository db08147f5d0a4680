"""The command `scones pipeline`: start the pipeline's state machine, and follow it to its end."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from display.causes import cause_text
from scones.classify.executions import history
from scones.console import keeps_running
from scones.context import Context
from scones.deployment.pipeline_input import pipeline_input
from scones.errors import GateError, PipelineError
from scones.pipeline.progress import Progress
from scones.polling import poll
from scones.stack.outputs import require_output

# The folder in the bucket where the state machine writes evaluations.
EVALUATIONS = "evaluations"
STOPPED_AT_GATE = "StoppedAtGate"
TIMEOUT_S = 86_400
INTERVAL_S = 2


def pipeline(context: Context) -> str:
    """Run the pipeline. Return the name of the model, which is then in service.

    Raises:
        GateError: the model is not good enough.
        PipelineError: the execution failed.
    """
    state_machine = require_output(context, "PipelineStateMachineArn")
    arn = context.client("stepfunctions").start_execution(
        stateMachineArn=state_machine,
        name=f"pipeline-{secrets.token_hex(4)}",
        input=json.dumps(pipeline_input(context)),
    )["executionArn"]
    context.console.say(f"Started {arn}")
    with keeps_running(f"execution {arn} (aws stepfunctions stop-execution --execution-arn {arn})"):
        model_name = follow(context, arn).model_name
    context.console.done(f"Model {model_name} is in service at endpoint {context.settings.endpoint_name}")
    return model_name


def follow(context: Context, arn: str) -> Progress:
    """Follow the execution to its end, and raise if it did not succeed."""
    stepfunctions = context.client("stepfunctions")
    with context.console.meter("Pipeline") as meter:
        progress = Progress(context, meter)
        for waited_s in poll(TIMEOUT_S, INTERVAL_S):
            answer = stepfunctions.describe_execution(executionArn=arn)
            progress.show(history(stepfunctions, arn), waited_s)
            if answer["status"] != "RUNNING":
                raise_failed(answer, progress, context.settings.endpoint_name)
                return progress
    raise PipelineError(f"{arn} was still RUNNING after {TIMEOUT_S} s: look at its history")


def raise_failed(answer: Mapping[str, Any], progress: Progress, endpoint_name: str) -> None:
    """Raise an error that says in which state the execution failed and why, unless it succeeded."""
    if answer["status"] == "SUCCEEDED":
        return
    if answer.get("error") == STOPPED_AT_GATE:
        reasons = str(answer["cause"]).replace("\n", "\n  ")
        raise GateError(
            f"{progress.model_name} stopped at the gate; endpoint {endpoint_name} is unchanged\n  {reasons}"
        )
    error = answer.get("error") or answer["status"]
    state = f" in {progress.failed_states[error]}" if error in progress.failed_states else ""
    raise PipelineError(f"{progress.model_name or answer['name']} failed{state}: {error}: {reason(answer)}")


def reason(answer: Mapping[str, Any]) -> str:
    """Return a failed job's FailureReason, a Lambda function's message, or the cause itself."""
    return cause_text(answer.get("cause") or "") or "no cause given"
