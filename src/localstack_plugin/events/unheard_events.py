"""Events that no rule can match are not published."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.replacing import wrap

DEFAULT_BUS = "default"
STEP_FUNCTIONS, S3 = "aws.states", "aws.s3"
PATTERNS = 1024

Field = tuple[str, ...]
"""The path of a field in an event."""


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.publish_execution_status_change_event",
        wrapper=only_to_rules,
        why="LocalStack publishes each change of an execution's status to EventBridge. Here it does so only if the "
        "default bus has a rule for events of Step Functions.",
    )
    wrap(
        "localstack.services.s3.notifications:EventBridgeNotifier.should_notify",
        wrapper=lambda original: staticmethod(only_about_objects_of_rules(original)),
        why="LocalStack publishes an event for each change in a bucket with EventBridge notifications, which takes as "
        "long as the change. Here it does so only if the default bus has a rule that can match the bucket and the key.",
    )


def only_to_rules(publish: Callable[[Any], None]) -> Callable[[Any], None]:
    def publish_execution_status_change_event(execution: Any) -> None:
        if has_rule_for(execution.account_id, execution.region_name, {("source",): STEP_FUNCTIONS}):
            in_a_thread(lambda: publish(execution))  # which may invoke functions, and wait for them

    return publish_execution_status_change_event


def only_about_objects_of_rules(should_notify: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def should_notify_rules(context: Any, config: Any) -> bool:
        known = {
            ("source",): S3,
            ("detail", "bucket", "name"): context.bucket_name,
            ("detail", "object", "key"): unquote(context.key_name),
        }
        is_heard = has_rule_for(context.bucket_account_id, context.bucket_location, known)
        return is_heard and should_notify(context, config)

    return should_notify_rules


def has_rule_for(account_id: str, region: str, known: Mapping[Field, str]) -> bool:
    """Return whether the default bus has a rule that may match an event with these fields, and with any others."""
    from localstack.services.events.models import events_stores  # not before LocalStack has loaded its services

    bus = events_stores[account_id][region].event_buses.get(DEFAULT_BUS)
    return bus is not None and any(can_match(rule.event_pattern, known) for rule in list(bus.rules.values()))


def can_match(pattern: str | None, known: Mapping[Field, str]) -> bool:
    """Return whether a rule with the pattern may match an event with these fields, and with any others.

    A rule without a pattern has a schedule. Where a field may have more than certain strings and prefixes, the bus has
    to decide.
    """
    if pattern is None:
        return False
    fields = _parsed(pattern)
    return all(_allows(_allowed(fields, field), value) for field, value in known.items())


@lru_cache(PATTERNS)
def _parsed(pattern: str) -> Any:
    return json.loads(pattern)


def _allowed(fields: Any, field: Field) -> Any:
    """Return what the pattern allows in a field, or None if it does not limit it."""
    for name in field:
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields


def _allows(allowed: Any, value: str) -> bool:
    if not isinstance(allowed, list):
        return True
    return any(_allows_one(each, value) for each in allowed)


def _allows_one(each: Any, value: str) -> bool:
    if isinstance(each, str):
        return each == value
    if isinstance(each, dict) and isinstance(prefix := each.get("prefix"), str):
        return value.startswith(prefix)
    return True
