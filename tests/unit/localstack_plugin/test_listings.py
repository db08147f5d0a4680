"""Lists of executions: pages of them, and loops over them while others start."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from localstack_plugin.stepfunctions.executions.listings import StoredExecutions, page_of

BEGAN = datetime(2026, 11, 27, tzinfo=UTC)


def execution(number: int, status: str | None = "SUCCEEDED", machine: str = "m", version: str | None = None) -> Any:
    return SimpleNamespace(
        exec_arn=f"arn:{machine}:{number}",
        exec_status=status,
        state_machine_arn=machine,
        state_machine_version_arn=version,
        start_date=BEGAN + timedelta(seconds=number),
    )


def numbers(executions: list[Any]) -> list[str]:
    return [each.exec_arn.rpartition(":")[2] for each in executions]


def test_a_loop_over_the_executions_does_not_see_those_that_start_meanwhile() -> None:
    stored = StoredExecutions({"1": execution(1), "2": execution(2)})
    for each in (*stored.values(), *stored.of("m")):
        stored[f"another after {each.exec_arn}, number {len(stored)}"] = each
    assert len(stored) == 6


def test_the_executions_of_a_state_machine_are_kept_together() -> None:
    stored = StoredExecutions()
    for number, machine in enumerate("mnmnm"):
        stored[f"arn:{machine}:{number}"] = execution(number, machine=machine, version=f"{machine}:1")
    assert numbers(stored.of("m")) == ["0", "2", "4"]
    assert numbers(stored.values()) == ["0", "1", "2", "3", "4"]
    assert stored.of("nothing") == []


def test_executions_under_way_are_those_that_have_not_ended() -> None:
    stored = StoredExecutions()
    for number, status in enumerate(("RUNNING", "RUNNING", None, "FAILED")):
        stored[f"arn:m:{number}"] = execution(number, status)
    assert numbers(stored.under_way("m")) == ["0", "1", "2"]
    stored["arn:m:0"].exec_status = "SUCCEEDED"
    assert numbers(stored.under_way("m")) == ["1", "2"]
    assert numbers(stored.of("m")) == ["0", "1", "2", "3"]
    assert stored.under_way("nothing") == []


def test_a_redriven_execution_is_under_way_again() -> None:
    stored = StoredExecutions({"arn:m:1": execution(1, "FAILED")})
    assert stored.under_way("m") == []
    redriven = stored["arn:m:1"]
    redriven.exec_status = "RUNNING"
    stored["arn:m:1"] = redriven
    assert stored.under_way("m") == [redriven]


def test_an_execution_that_is_redriven_while_it_is_listed_stays_under_way() -> None:
    class Redriven(SimpleNamespace):
        """Ended when it is looked at first, running from then on."""

        looks = 0

        @property
        def exec_status(self) -> str:
            self.looks += 1
            return "FAILED" if self.looks == 1 else "RUNNING"

    stored = StoredExecutions()
    stored["arn:m:1"] = redriven = Redriven(exec_arn="arn:m:1", state_machine_arn="m")
    assert stored.under_way("m") == [redriven]


def test_pages_have_all_executions_with_the_newest_first() -> None:
    executions = [execution(number) for number in (2, 5, 1, 4, 3)]
    listed, token = list[list[str]](), None
    while True:
        page, token = page_of(executions, "m", None, 2, token)
        listed.append(numbers(page))
        if token is None:
            break
    assert listed == [["5", "4"], ["3", "2"], ["1"]]


def test_a_last_page_that_is_full_has_no_token() -> None:
    assert page_of([execution(1), execution(2)], "m", None, 2, None)[1] is None


def test_executions_are_chosen_by_status_and_by_state_machine_or_version() -> None:
    executions = [execution(1, "RUNNING", version="m:1"), execution(2), execution(3, "RUNNING", machine="other")]
    assert numbers(page_of(executions, "m", "RUNNING", 9, None)[0]) == ["1"]
    assert numbers(page_of(executions, "m:1", None, 9, None)[0]) == ["1"]
    assert numbers(page_of(executions, "m", None, 9, None)[0]) == ["2", "1"]


def test_an_execution_that_starts_between_two_pages_is_not_on_the_second() -> None:
    executions = [execution(1), execution(2), execution(3)]
    _, token = page_of(executions, "m", None, 2, None)
    executions.append(execution(4))
    assert numbers(page_of(executions, "m", None, 2, token)[0]) == ["1"]


def test_an_execution_that_ends_between_two_pages_does_not_bring_the_first_again() -> None:
    executions = [execution(number, "RUNNING") for number in (1, 2, 3, 4)]
    _, token = page_of(executions, "m", "RUNNING", 2, None)
    executions[1].exec_status = "SUCCEEDED"
    assert numbers(page_of(executions, "m", "RUNNING", 2, token)[0]) == ["1"]


def test_executions_of_another_status_are_not_sorted() -> None:
    """ListExecutions for RUNNING once sorted the thousands that had ended."""
    ended = [execution(number) for number in (4, 5)]
    for each in ended:
        del each.start_date
    assert numbers(page_of([execution(1, "RUNNING"), *ended], "m", "RUNNING", 9, None)[0]) == ["1"]


def test_a_token_that_names_no_execution_begins_with_the_first_page() -> None:
    for token in ("bm90aGluZw==", "no base64"):
        assert numbers(page_of([execution(1), execution(2)], "m", None, 9, token)[0]) == ["2", "1"]
