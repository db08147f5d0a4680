"""The cause of EventBridge.FailedEntry, which is the answer of PutEvents as JSON."""

from collections.abc import Callable
from typing import Any

from localstack_plugin.replacing import wrap
from localstack_plugin.stepfunctions.executions.compact_json import compact


def with_text(original: Callable[[Exception, Any], None]) -> Callable[[Exception, Any], None]:
    def initialize(self: Exception, cause: Any) -> None:
        original(self, compact(cause))

    return initialize


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_events:SfnFailedEntryCountException.__init__",
        wrapper=with_text,
        why="In LocalStack the cause of EventBridge.FailedEntry is not text, which fails what expects one. It is the "
        "answer of PutEvents as JSON.",
    )
