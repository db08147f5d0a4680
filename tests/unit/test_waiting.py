"""The helper with which tests wait."""

import pytest
from tests.waiting import until


def test_the_first_true_value_is_returned_and_asked_for_once() -> None:
    answers = iter([None, "", "first", "second"])
    assert until(lambda: next(answers), "an answer") == "first"
    assert next(answers) == "second"


def test_a_wait_in_vain_names_what_was_awaited() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"^waited 0 s for the bus$"):
        until(lambda: False, "the bus", timeout_s=0)
