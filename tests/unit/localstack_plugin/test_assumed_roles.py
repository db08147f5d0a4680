import threading
from typing import Any

import pytest

from localstack_plugin.event_loop.waits import on_the_loop
from localstack_plugin.stepfunctions import assumed_roles
from localstack_plugin.stepfunctions.assumed_roles import AssumedRoles


class Clients:
    """Clients that note each role that is assumed."""

    def __init__(self) -> None:
        self.assumed: list[dict[str, Any]] = []

    def with_assumed_role(self, **arguments: Any) -> object:
        self.assumed.append(arguments)
        return object()


@pytest.fixture
def clients() -> Clients:
    return Clients()


def test_a_role_is_assumed_once_per_region(clients: Clients) -> None:
    roles = AssumedRoles(clients)
    first = roles.with_assumed_role(role_arn="role", region_name="us-east-1", config=object())
    assert roles.with_assumed_role(role_arn="role", region_name="us-east-1", config=object()) is first
    assert roles.with_assumed_role(role_arn="role", region_name="eu-west-1") is not first
    assert roles.with_assumed_role(role_arn="other", region_name="us-east-1") is not first
    assert len(clients.assumed) == 3


def test_a_role_is_assumed_again_when_its_time_has_passed(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumed_roles, "KEPT_S", -1.0)
    roles = AssumedRoles(clients)
    assert roles.with_assumed_role(role_arn="role") is not roles.with_assumed_role(role_arn="role")


def test_the_event_loop_goes_on_while_a_role_is_assumed() -> None:
    """Assuming a role is a request to another service, which may have to be loaded first."""
    threads = list[str]()

    class Blocking:
        def with_assumed_role(self, **_: Any) -> object:
            threads.append(threading.current_thread().name)
            return object()

    on_the_loop(lambda: AssumedRoles(Blocking()).with_assumed_role(role_arn="role"))
    assert threads != ["event-loop"]
