"""Parameters of an address that are not valid: they are named, with what would be right, and there is a way back."""

from __future__ import annotations

from html import unescape

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import endpoint_answers
from tests.unit.console.test_changes import workflow_answers


@pytest.mark.parametrize(
    "path", ["/endpoints?status=x", "/training-jobs?status=x", "/state-machines/decide?status=x", "/logs?hours=x"]
)
def test_a_choice_that_is_none_is_named_with_those_that_are(open_console: Open, path: str) -> None:
    answer = open_console(workflow_answers()).get(path)
    assert answer.status == 400
    assert "is 'x': it must be one of" in unescape(answer.text)
    assert f'href="{path.partition("?")[0]}">Back</a>' in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/training-jobs/compare?page={}", 200), ("/endpoints/bikes?page={}", 200), ("/models/bikes/{}", 404)],
)
def test_a_number_of_5000_digits_is_no_error_of_the_console(open_console: Open, path: str, status: int) -> None:
    assert open_console(endpoint_answers({})).get(path.format(5000 * "9")).status == status


def test_the_decision_about_a_version_of_5000_digits_is_no_error_of_the_console(open_console: Open) -> None:
    assert open_console(allow_changes=True).post(f"/models/bikes/{5000 * '9'}/approve", "confirmed=yes").status == 404
