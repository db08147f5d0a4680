"""Events that no rule can match are not published."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from localstack_plugin.replacing import wrap

DEFAULT_BUS = "default"
SOURCE = "aws.states"
PATTERNS = 1024


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.publish_execution_status_change_event",
        wrapper=only_to_rules,
        why="LocalStack publishes each change of an execution's status to EventBridge. Here it does so only if the "
        "default bus has a rule for events of Step Functions.",
    )


def only_to_rules(publish: Callable[[Any], None]) -> Callable[[Any], None]:
    from localstack.services.events.models import events_stores

    def publish_execution_status_change_event(execution: Any) -> None:
        bus = events_stores[execution.account_id][execution.region_name].event_buses.get(DEFAULT_BUS)
        if bus is not None and any(can_match(rule.event_pattern) for rule in list(bus.rules.values())):
            publish(execution)

    return publish_execution_status_change_event


@lru_cache(PATTERNS)
def can_match(pattern: str | None) -> bool:
    """Return whether a rule with the pattern may match an event of Step Functions, judged by the pattern's sources.

    A rule without a pattern has a schedule. Where the sources are not a list of names, the bus has to decide.
    """
    if pattern is None:
        return False
    fields = json.loads(pattern)
    sources = fields.get("source") if isinstance(fields, dict) else None
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        return True
    return SOURCE in sources
