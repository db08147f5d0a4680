"""A rule whose target is a state machine: LocalStack wants the event's id, which an input of the rule's own has not.

AWS names the execution itself, and gives the rule's input to it as it is.
"""

from typing import Any
from uuid import uuid4

from localstack.services.events.target import StatesTargetSender
from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

from localstack_plugin.replacing import replace


def install() -> None:
    replace(StatesTargetSender, "send_event", start_execution)


def start_execution(sender: StatesTargetSender, event: Any, trace_header: object) -> None:
    sender.service = "stepfunctions"
    event_id = event.get("id", uuid4()) if isinstance(event, dict) else uuid4()
    name = f"{event_id}_{uuid4()}"
    sender.client.start_execution(stateMachineArn=sender.target["Arn"], name=name, input=to_json_str(event))
