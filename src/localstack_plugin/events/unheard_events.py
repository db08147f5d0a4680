"""An execution tells the default event bus twice of its status; where the bus has no rule, no one hears it."""

from localstack.services.events.models import events_stores
from localstack.services.stepfunctions.backend.execution import Execution

from localstack_plugin.replacing import replace

BUS = "default"


def is_heard(account_id: str, region_name: str) -> bool:
    bus = events_stores[account_id][region_name].event_buses.get(BUS)
    return bus is not None and bool(bus.rules)


def install() -> None:
    publish = Execution.publish_execution_status_change_event

    def publish_if_heard(execution: Execution) -> None:
        if is_heard(execution.account_id, execution.region_name):
            publish(execution)

    replace(Execution, "publish_execution_status_change_event", publish_if_heard)
