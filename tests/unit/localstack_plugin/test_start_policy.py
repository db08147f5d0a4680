import pytest

from localstack_plugin.lambda_executor.warm_environments.start_policy import (
    BUSY_ENVIRONMENTS,
    LONGEST_WAIT_S,
    MOST_STARTS_AT_ONCE,
    STARTS_AT_ONCE,
    StartPolicy,
)


@pytest.fixture
def policy() -> StartPolicy:
    return StartPolicy(start_s=0.5)


def invoked(policy: StartPolicy, duration_s: float, times: int = 50) -> StartPolicy:
    for number in range(times):
        policy.invocation_ended(policy.invocation_began(float(number)), number + duration_s)
    return policy


def test_the_first_caller_starts_an_environment(policy: StartPolicy) -> None:
    policy.waiting = 1
    assert policy.is_start_faster(now=0.0)
    policy.starting = 1
    assert not policy.is_start_faster(now=0.0)


@pytest.mark.parametrize(("duration_s", "waiting", "starts"), [(0.01, 40, False), (0.01, 60, True), (2.0, 1, True)])
def test_a_caller_waits_if_the_queue_is_shorter_than_a_start(
    policy: StartPolicy, duration_s: float, waiting: int, starts: bool
) -> None:
    invoked(policy, duration_s).invocation_began(100.0)
    policy.waiting = waiting
    assert policy.is_start_faster(now=100.0) is starts


def test_more_environments_shorten_the_queue(policy: StartPolicy) -> None:
    invoked(policy, 0.1).invocation_began(100.0)
    policy.waiting = 8
    assert policy.is_start_faster(now=100.0)
    policy.invocation_began(100.0)
    assert not policy.is_start_faster(now=100.0)


@pytest.mark.parametrize("running", [1, 20])
def test_a_caller_waits_no_longer_than_a_start_for_invocations_that_exceed_their_mean(
    policy: StartPolicy, running: int
) -> None:
    invoked(policy, 0.01)
    for _ in range(running):
        policy.invocation_began(100.0)
    policy.waiting = 1
    assert not policy.is_start_faster(now=100.4)
    assert policy.is_start_faster(now=100.6)


@pytest.mark.parametrize(
    ("starting", "expects_long", "waited_s", "starts"),
    [
        (STARTS_AT_ONCE - 1, True, 0.0, True),
        (STARTS_AT_ONCE - 1, False, 0.0, False),
        (STARTS_AT_ONCE - 1, False, LONGEST_WAIT_S + 0.1, True),
        (STARTS_AT_ONCE, True, 0.0, False),
        (STARTS_AT_ONCE, True, LONGEST_WAIT_S + 0.1, True),
        (STARTS_AT_ONCE, False, LONGEST_WAIT_S + 0.1, False),
        (MOST_STARTS_AT_ONCE - 1, True, LONGEST_WAIT_S + 0.1, True),
        (MOST_STARTS_AT_ONCE, True, LONGEST_WAIT_S + 0.1, False),
    ],
)
def test_concurrent_starts_are_limited_to_the_cores_unless_a_caller_waits_too_long(
    policy: StartPolicy, starting: int, expects_long: bool, waited_s: float, starts: bool
) -> None:
    invoked(policy, 10.0 if expects_long else 0.01).invocation_began(100.0)
    policy.starting, policy.waiting, policy.queued_since = starting, 1, 100.0
    assert policy.needs_a_start(100.0, waited_s) is starts


@pytest.mark.parametrize(
    ("environments", "queued_s", "starts"), [(1, 0.9, False), (1, 1.1, True), (BUSY_ENVIRONMENTS, 1.1, False)]
)
def test_a_queue_that_lasts_gets_environments_until_the_processors_are_busy(
    policy: StartPolicy, environments: int, queued_s: float, starts: bool
) -> None:
    for _ in range(environments):
        invoked(policy, 0.01).invocation_began(100.0 + queued_s)
    policy.queue(100.0)
    assert policy.needs_a_start(100.0 + queued_s, 0.0) is starts


def test_a_queue_begins_with_its_first_caller(policy: StartPolicy) -> None:
    invoked(policy, 0.01).invocation_began(101.1)
    policy.queue(100.0)
    policy.waiting -= 1
    policy.queue(101.0)
    policy.queue(101.1)
    assert not policy.needs_a_start(101.1, 0.0)


def test_invocations_of_one_environment_may_overlap_by_the_moment_between_its_release_and_their_end(
    policy: StartPolicy,
) -> None:
    first = policy.invocation_began(100.0)
    second = policy.invocation_began(101.0)
    policy.invocation_ended(first, 101.5)
    assert policy.began == {second: 101.0}
    policy.invocation_ended(second, 103.0)
    assert not policy.began
