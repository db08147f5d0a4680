"""What S3's events say, on EventBridge and in S3's own notifications.

Sources: docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html and notification-content-structure.html.
"""

import json
import time
from collections.abc import Callable
from threading import Lock
from typing import Any
from urllib.parse import quote_plus, unquote

from localstack_plugin.replacing import wrap

EVENT_BRIDGE_REASONS = {
    "PostObject": "POST Object",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
}
"""LocalStack's reason and AWS's; the others are equal."""
Payload = Callable[..., dict[str, Any]]


def install() -> None:
    wrap(
        "localstack.services.s3.notifications:S3EventNotificationContext.from_request_context_native",
        wrapper=lambda original: staticmethod(Sequencers().numbering(original)),
        why="In LocalStack the `sequencer` of all events is one constant. Here it increases from event to event, and "
        "all messages about one event have the same.",
    )
    wrap(
        "localstack.services.s3.notifications:EventBridgeNotifier._get_event_payload",
        wrapper=lambda original: staticmethod(for_event_bridge(original)),
        why="LocalStack URL-encodes the object key in events for EventBridge, names a made-up requester, and has "
        "reasons of its own for a form and a multipart upload. The key is as it is, and the reasons are AWS's.",
    )
    wrap(
        "localstack.services.s3.notifications:BaseNotifier._get_event_payload",
        wrapper=lambda original: staticmethod(for_notifications(original)),
        why="In S3's own notifications LocalStack spells a space in a key `%20`. AWS spells it `+`.",
    )


class Sequencers:
    """Increasing hexadecimal numbers, which begin with the time so that they increase over a restart, too."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0

    def next(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return f"{self._last:018X}"

    def numbering(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def from_request_context_native(*arguments: Any, **named: Any) -> Any:
            context = original(*arguments, **named)
            context.sequencer = self.next()
            return context

        return from_request_context_native


def for_event_bridge(original: Payload) -> Payload:
    def event_payload(context: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        entry = original(context, *arguments, **named)
        detail = json.loads(entry["Detail"])
        detail["object"]["key"] = unquote(detail["object"]["key"])
        detail["requester"] = context.caller
        _set_sequencer(detail["object"], context)
        if reason := EVENT_BRIDGE_REASONS.get(detail.get("reason")):
            detail["reason"] = reason
        return {**entry, "Detail": json.dumps(detail)}

    return event_payload


def for_notifications(original: Payload) -> Payload:
    def event_payload(context: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        message = original(context, *arguments, **named)
        for record in message["Records"]:
            stored = record["s3"]["object"]
            stored["key"] = quote_plus(unquote(stored["key"]), safe="/")
            _set_sequencer(stored, context)
        return message

    return event_payload


def _set_sequencer(stored: dict[str, Any], context: Any) -> None:
    """Replace the constant. Some kinds of events have no sequencer."""
    if "sequencer" in stored:
        stored["sequencer"] = context.sequencer
