"""Callback steps: a message with a token goes to a queue, and a consumer of the queue answers with that token.

Message: {"token", "pipelineExecutionArn", "arguments", "status": "Executing" | "Stopping"}. Source: the developer
guide, Callback step. The answer is in the step's record: the operations SendPipelineExecutionStepSuccess and Failure
put it there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.pipelines.steps.outputs import shown, typed_outputs
from sagemaker_emulator.pipelines.steps.progress import (
    FAILED_BY_CLIENT,
    Progress,
    StepCall,
    executing,
    failed,
    succeeded,
)


@dataclass(frozen=True)
class CallbackAction:
    aws: AwsClients

    def start(self, call: StepCall) -> Progress:
        """Send the message. It may be sent again after a restart, with the same token, as SQS may deliver it twice."""
        self._send(call, "Executing")
        return executing(call.metadata(CallbackToken=call.resource_name, SqsQueueUrl=call.members["SqsQueueUrl"]))

    def look(self, call: StepCall) -> Progress:
        answer, metadata = call.record.answer, call.record.metadata
        if answer is None:
            return executing(metadata)
        if answer.failure_reason is not None:
            return failed(answer.failure_reason, metadata)
        try:
            outputs = typed_outputs(call.step.output_types, answer.outputs)
        except ValueError as error:
            return failed(f"{FAILED_BY_CLIENT}{error}", metadata)
        own = {**metadata[call.step.kind.metadata], "OutputParameters": shown(outputs)}
        return succeeded({call.step.kind.metadata: own}, {"OutputParameters": outputs})

    def stop(self, call: StepCall) -> None:
        """Tell the consumer of the queue. As on AWS, the execution waits for its answer."""
        self._send(call, "Stopping")

    def _send(self, call: StepCall, status: str) -> None:
        body = {
            "token": call.resource_name,
            "pipelineExecutionArn": call.execution.arn,
            "arguments": call.arguments,
            "status": status,
        }
        self.aws.sqs.send_message(QueueUrl=call.members["SqsQueueUrl"], MessageBody=json.dumps(body))
