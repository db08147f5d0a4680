"""How often a resource that takes time is asked whether it is done."""

from collections.abc import Callable
from typing import Any

from localstack.services.cloudformation.resource_provider import ProgressEvent, ResourceProvider

from localstack_plugin.replacing import wrap

POLL_S = 0.1
DeployLoop = Callable[..., ProgressEvent[Any]]


def install() -> None:
    wrap(
        "localstack.services.cloudformation.resource_provider:ResourceProviderExecutor.deploy_loop",
        wrapper=polling_often,
        why="LocalStack waits five seconds before it checks a resource for the third time. Here it waits 0.1 seconds, "
        "because a local function is ready by then.",
    )


def polling_often(original: DeployLoop) -> DeployLoop:
    def deploy_loop(executor: Any, provider: ResourceProvider[Any], *details: Any, **named: Any) -> ProgressEvent[Any]:
        named.setdefault("sleep_time", POLL_S)
        if (timeout_s := getattr(provider, "TIMEOUT_S", None)) is not None:
            named.setdefault("max_timeout", timeout_s)
        return original(executor, provider, *details, **named)

    return deploy_loop
