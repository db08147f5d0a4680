"""Object keys in S3's events on EventBridge (docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from localstack_plugin.replacing import wrap


def install() -> None:
    wrap(
        "localstack.services.s3.notifications:EventBridgeNotifier._get_event_payload",
        wrapper=lambda original: staticmethod(with_plain_key(original)),
        why="LocalStack URL-encodes the object key in events for EventBridge. AWS does that only in S3's own "
        "notifications, so here the event has the plain key.",
    )


def with_plain_key(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def event_payload(*arguments: Any, **named: Any) -> dict[str, Any]:
        entry = original(*arguments, **named)
        detail = json.loads(entry["Detail"])
        detail["object"]["key"] = unquote(detail["object"]["key"])
        return {**entry, "Detail": json.dumps(detail)}

    return event_payload
