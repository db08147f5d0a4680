"""The state on disk is at most five seconds behind, and short saves leave the processor to the server."""

import pytest

from localstack_plugin.persistence.pace import NICENESS, gathered_for, niceness_after, pause_after


@pytest.mark.parametrize("took_s", [0.01, 0.5, 0.75, 1.0, 1.8])
def test_a_change_is_on_disk_within_five_seconds(took_s: float) -> None:
    assert 2 * took_s + pause_after(took_s) + gathered_for(took_s) < 5


@pytest.mark.parametrize("took_s", [1.8, 10.0])
def test_a_long_save_is_followed_by_a_pause_of_half_its_length(took_s: float) -> None:
    assert pause_after(took_s) == took_s / 2


def test_a_short_save_is_followed_by_one_at_low_priority() -> None:
    assert niceness_after(0.2) == NICENESS


def test_a_long_save_is_followed_by_one_at_the_priority_of_the_server() -> None:
    assert niceness_after(2.0) == 0
