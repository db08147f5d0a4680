"""HeartbeatSeconds beside TimeoutSeconds."""

from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.common.timeouts.heartbeat import Heartbeat, HeartbeatSeconds
from localstack.services.stepfunctions.asl.component.common.timeouts.timeout import Timeout, TimeoutSeconds

from localstack_plugin.replacing import wrap


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.execute_state"
        ":ExecutionState.from_state_props",
        wrapper=accepting_equal_seconds,
        why="LocalStack refuses a HeartbeatSeconds equal to TimeoutSeconds, which AWS's console saves. It is accepted.",
    )


def accepting_equal_seconds(original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def from_state_props(self: Any, state_props: Any) -> None:
        timeout, heartbeat = state_props.get(Timeout), state_props.get(Heartbeat)
        equal = (
            isinstance(timeout, TimeoutSeconds)
            and isinstance(heartbeat, HeartbeatSeconds)
            and timeout.timeout_seconds == heartbeat.heartbeat_seconds
        )
        if equal:  # a heartbeat as late as the timeout never comes to bear: the timeout does
            state_props._instance_by_type.pop(Heartbeat)
        original(self, state_props)

    return from_state_props
