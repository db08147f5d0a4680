"""GetExecutionHistory answers by pages."""

import pytest
from tests.integration.states_language.test_executions import Machines, error_of
from tests.integration.states_language.test_executions import machines as machines
from tests.integration.states_language.test_history_limit import counting


def test_a_history_is_read_by_pages(machines: Machines) -> None:
    execution = machines.start(counting(60), input='{"n": 0}')
    machines.ended(execution)
    history, of = machines.states.get_execution_history, {"executionArn": execution}
    first = history(**of)
    second = history(**of, nextToken=first["nextToken"])
    third = history(**of, nextToken=second["nextToken"])
    assert [len(page["events"]) for page in (first, second, third)] == [100, 100, 44]
    assert "nextToken" not in third
    numbers = [event["id"] for page in (first, second, third) for event in page["events"]]
    assert numbers == list(range(1, 245))
    last = history(**of, reverseOrder=True, maxResults=3)
    before = history(**of, reverseOrder=True, maxResults=2, nextToken=last["nextToken"])
    assert [event["id"] for event in last["events"] + before["events"]] == [244, 243, 242, 241, 240]
    everything = machines.states.get_paginator("get_execution_history").paginate(**of, PaginationConfig={"PageSize": 7})
    assert [event["id"] for page in everything for event in page["events"]] == numbers


@pytest.mark.parametrize("token", ["MA==", "Njc=", "none", "=", "ä", "LTE="])
def test_a_token_of_nothing_is_refused(machines: Machines, token: str) -> None:
    execution = machines.start(counting(15), input='{"n": 0}')
    machines.ended(execution)
    assert error_of(machines.states.get_execution_history, executionArn=execution, nextToken=token) == "InvalidToken"


def test_a_page_has_a_thousand_events_at_most(machines: Machines) -> None:
    execution = machines.start(counting(1), input='{"n": 0}')
    call = machines.states.get_execution_history
    assert error_of(call, executionArn=execution, maxResults=1001) == "ValidationException"
