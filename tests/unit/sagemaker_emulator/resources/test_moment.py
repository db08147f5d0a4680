"""Moments whose distance does not change when the wall clock is set."""

from sagemaker_emulator.resources.moment import Moment, boot_id, seconds_between


def test_within_one_boot_the_clock_that_nobody_sets_counts() -> None:
    assert seconds_between(Moment(1_000, 10, "a"), Moment(9_000, 25, "a")) == 15
    assert seconds_between(Moment(9_000, 10, "a"), Moment(1_000, 25, "a")) == 15
    assert seconds_between(Moment(1_000, 10, "a"), Moment(9_000, 10, "a")) == 0


def test_after_a_reboot_the_wall_clock_counts_and_never_runs_backward() -> None:
    assert seconds_between(Moment(1_000, 500, "a"), Moment(1_060, 3, "b")) == 60
    assert seconds_between(Moment(1_000, 500, "a"), Moment(1_060, 600, "b")) == 60
    assert seconds_between(Moment(1_060, 500, "a"), Moment(1_000, 3, "b")) == 0


def test_an_uptime_that_went_back_is_another_boot_even_if_the_system_names_none() -> None:
    assert seconds_between(Moment(1_000, 500, ""), Moment(1_060, 3, "")) == 60


def test_a_moment_has_both_clocks_and_the_boot() -> None:
    earlier, later = Moment.now(), Moment.now()
    assert earlier.boot == later.boot == boot_id()
    assert 0 < earlier.uptime <= later.uptime
    assert 0 <= earlier.seconds_ago() < 60
