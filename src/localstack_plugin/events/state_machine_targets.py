"""State machines as the target of a rule."""

from typing import Any
from uuid import uuid4

from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

from localstack_plugin.replacing import replace


def install() -> None:
    replace(
        "localstack.services.events.target:StatesTargetSender.send_event",
        by=start_execution,
        why="LocalStack starts nothing for a target with an `Input`, because it looks for the event's id there. AWS "
        "names the execution itself and passes the input on unchanged.",
    )


def start_execution(sender: Any, event: Any, trace_header: object) -> None:
    """Start one execution; `sender` is LocalStack's StatesTargetSender."""
    sender.service = "stepfunctions"
    sender.client.start_execution(
        stateMachineArn=sender.target["Arn"],
        name=execution_name(event),
        input=to_json_str(event),
    )


def execution_name(event: Any) -> str:
    event_id = event.get("id") if isinstance(event, dict) else None
    return f"{event_id or uuid4()}_{uuid4()}"
