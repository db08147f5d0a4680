"""Record which services have changed since the last save, and decide which requests change a service."""

import threading
from collections.abc import Mapping
from typing import Any

READS = ("Get", "List", "Describe", "Head", "Test", "Validate", "Simulate", "Filter", "Select", "Estimate", "Lookup")
ELSEWHERE = frozenset(
    {("cloudwatch", "PutMetricData"), ("lambda", "Invoke"), ("sns", "Publish"), ("sns", "PublishBatch")}
)
"""Operations that do not change their service's saved state. (Metrics have a database of their own.)"""


def changes_state(service: str, operation: str, response: Mapping[str, Any] | None) -> bool:
    if operation == "ReceiveMessage":  # event source mappings poll all the time
        return bool(response and response.get("Messages"))
    return not operation.startswith(READS) and (service, operation) not in ELSEWHERE


class Changes:
    """The names of the services that have changed. All methods may be called by any thread."""

    def __init__(self) -> None:
        self._services: set[str] = set()
        self._changed = threading.Condition()

    def mark(self, service: str) -> None:
        with self._changed:
            self._services.add(service)
            self._changed.notify_all()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until a service has changed; return False after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._services), timeout_s)

    def take(self) -> frozenset[str]:
        with self._changed:
            services, self._services = frozenset(self._services), set()
        return services
