"""Lambda steps: invoke a function, and wait for its answer in a thread of the invocation.

After a restart, an invocation that was under way is not sent again, because the emulator cannot know how far the
function got: its step fails, and RetryPipelineExecution runs it.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass, field
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients, is_temporary
from sagemaker_emulator.pipelines.definitions.retry_policies import SERVICE_FAULT
from sagemaker_emulator.pipelines.steps.outputs import shown, typed_outputs
from sagemaker_emulator.pipelines.steps.progress import (
    FAILED_BY_CLIENT,
    Progress,
    StepCall,
    executing,
    failed,
    succeeded,
)

log = logging.getLogger(__name__)

LOST = (
    "InternalServerError: SageMaker was shut down while the Lambda function was running, and does not know its answer. "
    "RetryPipelineExecution invokes it again."
)


@dataclass
class Invocation:
    """One invocation; `progress` is None until the function has answered."""

    progress: Progress | None = None


@dataclass(frozen=True)
class LambdaAction:
    """Invocations of functions.

    `_invocations` are those under way or not yet looked at, by their planned names. Several threads use it without a
    lock, because single operations of a dictionary are atomic.
    """

    aws: AwsClients
    _invocations: dict[str, Invocation] = field(default_factory=dict)

    def start(self, call: StepCall) -> Progress:
        if call.is_resumed:
            return failed(LOST)
        invocation = self._invocations[call.resource_name] = Invocation()
        thread = threading.Thread(
            target=self._invoke, args=(call, invocation), name=f"function of {call.record.name}", daemon=True
        )
        thread.start()
        return executing(call.metadata(Arn=call.members["FunctionArn"]))

    def look(self, call: StepCall) -> Progress:
        invocation = self._invocations.get(call.resource_name)
        if invocation is None:
            return failed(LOST, call.record.metadata)
        if invocation.progress is None:
            return executing(call.record.metadata)
        del self._invocations[call.resource_name]
        return invocation.progress

    def stop(self, call: StepCall) -> None:
        """Do nothing: as on AWS, a function that runs cannot be stopped, and the execution waits for it."""

    def _invoke(self, call: StepCall, invocation: Invocation) -> None:
        arn, metadata = call.members["FunctionArn"], call.metadata(Arn=call.members["FunctionArn"])
        try:
            answer = self.aws.functions.invoke(FunctionName=arn, Payload=json.dumps(call.arguments))
            payload = answer["Payload"].read()
            invocation.progress = _progress(call, answer.get("FunctionError"), payload)
        except AWS_ERRORS as error:
            exception_type = SERVICE_FAULT if is_temporary(error) else None
            reason = f"{FAILED_BY_CLIENT}Failed to invoke lambda:Invoke of {arn}. Error Details: {error}"
            invocation.progress = failed(reason, metadata, exception_type)
        except Exception as error:  # the edge of a thread: without a progress, the step would never end
            log.exception("the function of %s", call.record.name)
            invocation.progress = failed(f"InternalServerError: {error!r}", metadata)


def _progress(call: StepCall, function_error: str | None, payload: bytes) -> Progress:
    arn = call.members["FunctionArn"]
    text = payload.decode(errors="replace")
    if function_error:
        reason = f"{FAILED_BY_CLIENT}The Lambda function {arn} failed ({function_error}): {text}"
        return failed(reason, call.metadata(Arn=arn))
    try:
        outputs = typed_outputs(call.step.output_types, _object(text))
    except ValueError as error:
        reason = f"{FAILED_BY_CLIENT}The answer of the Lambda function {arn} cannot be used: {error} It is {text:.300}"
        return failed(reason, call.metadata(Arn=arn))
    return succeeded(call.metadata(Arn=arn, OutputParameters=shown(outputs)), {"OutputParameters": outputs})


def _object(text: str) -> dict[str, Any]:
    """Return the answer's members; none for an answer that is not an object, such as null."""
    answer = json.loads(text or "null")
    return answer if isinstance(answer, dict) else {}
