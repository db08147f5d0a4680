import pytest

from localstack_plugin.lambda_executor.warm_environments.start_policy import LONGEST_WAIT_S, STARTS_AT_ONCE, Demand


@pytest.fixture
def demand() -> Demand:
    return Demand(start_s=0.5)


def invoked(demand: Demand, taken_s: float, times: int = 50) -> Demand:
    for number in range(times):
        demand.has_begun("one", float(number))
        demand.has_ended("one", number + taken_s)
    return demand


def test_where_there_is_no_environment_one_is_started(demand: Demand) -> None:
    demand.waiting = 1
    assert demand.exceeds_supply(now=0.0)
    demand.starting = 1
    assert not demand.exceeds_supply(now=0.0)


@pytest.mark.parametrize(("taken_s", "waiting", "starts"), [(0.01, 40, False), (0.01, 60, True), (2.0, 1, True)])
def test_a_queue_is_waited_for_where_that_is_shorter_than_a_start(
    demand: Demand, taken_s: float, waiting: int, starts: bool
) -> None:
    invoked(demand, taken_s).has_begun("one", 100.0)
    demand.waiting = waiting
    assert demand.exceeds_supply(now=100.0) is starts


def test_more_environments_shorten_the_queue(demand: Demand) -> None:
    invoked(demand, 0.1).has_begun("one", 100.0)
    demand.waiting = 8
    assert demand.exceeds_supply(now=100.0)
    demand.has_begun("another", 100.0)
    assert not demand.exceeds_supply(now=100.0)


@pytest.mark.parametrize("running", [1, 20])
def test_invocations_that_take_longer_than_they_used_to_are_not_waited_for_longer_than_a_start_takes(
    demand: Demand, running: int
) -> None:
    invoked(demand, 0.01)
    for number in range(running):
        demand.has_begun(f"environment-{number}", 100.0)
    demand.waiting = 1
    assert not demand.exceeds_supply(now=100.4)
    assert demand.exceeds_supply(now=100.6)


@pytest.mark.parametrize(
    ("starting", "expects_long", "waited_s", "starts"),
    [
        (STARTS_AT_ONCE - 1, True, 0.0, True),
        (STARTS_AT_ONCE - 1, False, 0.0, False),
        (STARTS_AT_ONCE - 1, False, LONGEST_WAIT_S + 0.1, True),
        (STARTS_AT_ONCE, True, 0.0, False),
        (STARTS_AT_ONCE, True, LONGEST_WAIT_S + 0.1, True),
        (STARTS_AT_ONCE, False, LONGEST_WAIT_S + 0.1, False),
    ],
)
def test_as_many_start_at_once_as_there_are_cores_but_nobody_waits_for_ever(
    demand: Demand, starting: int, expects_long: bool, waited_s: float, starts: bool
) -> None:
    invoked(demand, 10.0 if expects_long else 0.01).has_begun("one", 100.0)
    demand.starting, demand.waiting = starting, 1
    assert demand.calls_for_a_start(100.0, waited_s) is starts
