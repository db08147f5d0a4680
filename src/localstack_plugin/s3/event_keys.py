"""S3's events on EventBridge name an object as it is called; LocalStack encodes the key, as S3's own notifications do.

docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

import json
from typing import Any
from urllib.parse import unquote

from localstack.services.s3.notifications import EventBridgeNotifier

from localstack_plugin.replacing import replace


def install() -> None:
    original = EventBridgeNotifier._get_event_payload

    def event(*arguments: Any, **named: Any) -> dict[str, Any]:
        entry: dict[str, Any] = original(*arguments, **named)
        detail = json.loads(entry["Detail"])
        detail["object"]["key"] = unquote(detail["object"]["key"])
        return {**entry, "Detail": json.dumps(detail)}

    replace(EventBridgeNotifier, "_get_event_payload", staticmethod(event))
