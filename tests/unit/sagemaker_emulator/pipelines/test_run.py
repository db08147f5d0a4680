"""Runs of executions over small doubles of the actions: order, limit, failures, attempts, restarts, stops, caches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.waiting import until

from sagemaker_emulator.errors import resource_limit_exceeded, validation
from sagemaker_emulator.jobs.job_threads import JobLeft
from sagemaker_emulator.pipelines.definitions.caching import CacheConfig
from sagemaker_emulator.pipelines.definitions.definition import Definition
from sagemaker_emulator.pipelines.definitions.retry_policies import (
    INTERRUPTED,
    RESOURCE_LIMIT,
    RetryPolicy,
)
from sagemaker_emulator.pipelines.definitions.steps import Step
from sagemaker_emulator.pipelines.run import ExecutionRun, Surroundings, new_record
from sagemaker_emulator.pipelines.scope import ExecutionScope
from sagemaker_emulator.pipelines.step_records import StepRecords
from sagemaker_emulator.pipelines.steps.progress import Progress, StepCall, executing, failed, succeeded
from sagemaker_emulator.resources.model_building.execution import (
    Answer,
    ExecutionStatus,
    PipelineExecution,
    StepExecution,
    StepStatus,
)
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.storage.store import Store

EXECUTION = PipelineExecution("id", "arn:id", 1.0, 1.0, "p", "arn:p", 1, "role", "shown", "token")
AWAY = EndpointConnectionError(endpoint_url="http://localhost")
POLICY = RetryPolicy(frozenset({RESOURCE_LIMIT}), interval_s=0.0, max_attempts=2)
Outcome = Progress | Exception | None


@dataclass
class Scripted:
    """An action that answers what the test says, in turn; without an answer, a step succeeds at its first look."""

    starts: dict[str, list[Outcome]] = field(default_factory=dict)
    looks: dict[str, list[Outcome]] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def start(self, call: StepCall) -> Progress:
        self.log.append(("resume" if call.is_resumed else "start", call.step.name))
        self.names.append(call.resource_name)
        return self._next(self.starts, call) or executing(call.metadata(Arn=call.resource_name))

    def look(self, call: StepCall) -> Progress:
        self.log.append(("look", call.step.name))
        return self._next(self.looks, call) or succeeded(call.record.metadata, {"Name": call.resource_name})

    def stop(self, call: StepCall) -> None:
        self.log.append(("stop", call.step.name))

    def _next(self, answers: dict[str, list[Outcome]], call: StepCall) -> Progress | None:
        waiting = answers.get(call.step.name)
        answer = waiting.pop(0) if waiting else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def step(name: str, *depends_on: str, **members: Any) -> Step:
    return Step(name, "Training", members.pop("arguments", {}), depends_on=depends_on, **members)


@dataclass
class Runs:
    """Runs of executions over one store."""

    records: StepRecords

    def of(self, action: Scripted, *steps: Step, limit: int = 50, **changes: Any) -> ExecutionRun:
        definition = Definition((), {one.name: one for one in steps}, {})
        scope = ExecutionScope(replace(EXECUTION, **changes), definition, {}, lambda _: None, None)
        actions = dict.fromkeys(("Training", "Condition"), action)
        return ExecutionRun(scope, Surroundings(self.records, actions), lambda: limit)

    def statuses(self) -> dict[str, str]:
        return {name: record.status for name, record in self.records.of("id").items()}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    store = Store(tmp_path / "store.sqlite3")
    yield Runs(StepRecords(store))
    store.close()


def test_steps_run_in_the_order_of_their_dependencies(runs: Runs) -> None:
    action = Scripted()
    run = runs.of(action, step("c", "b"), step("b", "a"), step("a"))
    run.run()
    assert [entry for entry in action.log if entry[0] == "start"] == [("start", "a"), ("start", "b"), ("start", "c")]
    assert run.status() is ExecutionStatus.SUCCEEDED
    assert runs.statuses() == dict.fromkeys("abc", "Succeeded")


def test_no_more_steps_are_under_way_than_the_limit_allows(runs: Runs) -> None:
    action = Scripted()
    runs.of(action, step("a"), step("b"), step("c"), limit=1).run()
    assert action.log == [(what, name) for name in "abc" for what in ("start", "look")]


def test_no_step_begins_after_a_failure_and_those_under_way_end(runs: Runs) -> None:
    action = Scripted(looks={"bad": [failed("why")], "slow": [executing({}), None]})
    run = runs.of(action, step("slow"), step("bad"), step("later", "slow"))
    run.run()
    assert runs.statuses() == {"slow": "Succeeded", "bad": "Failed"}
    assert run.status() is ExecutionStatus.FAILED


def test_an_unforeseen_error_of_an_action_fails_its_step_and_the_others_are_watched(runs: Runs) -> None:
    action = Scripted(looks={"bad": [TypeError("a fault")], "slow": [executing({}), executing({}), None]})
    run = runs.of(action, step("slow"), step("bad"))
    run.run()
    assert runs.statuses() == {"slow": "Succeeded", "bad": "Failed"}
    assert runs.records.get("id/bad").failure_reason == "InternalServerError: TypeError('a fault')"


def test_a_start_that_is_left_is_no_failure_of_its_step(runs: Runs) -> None:
    run = runs.of(Scripted(starts={"a": [JobLeft()]}), step("a"))
    assert isinstance(_raised(run.run), JobLeft)
    assert runs.statuses() == {"a": "Starting"}


def test_the_branch_that_does_not_fit_is_skipped_with_what_waits_for_it(runs: Runs) -> None:
    check = Step("check", "Condition", {})
    action = Scripted(starts={"check": [succeeded({}, {"Outcome": "False"})]})
    branches = [step(name, parent="check", branch=branch) for name, branch in (("yes", True), ("no", False))]
    runs.of(action, check, *branches, step("after", "yes")).run()
    assert runs.statuses() == {"check": "Succeeded", "no": "Succeeded"}


def test_the_name_is_stored_before_the_attempt_begins(runs: Runs) -> None:
    stored: list[str | None] = []

    class Watching(Scripted):
        def start(self, call: StepCall) -> Progress:
            stored.append(runs.records.get("id/a").resource_name)
            return super().start(call)

    action = Watching()
    runs.of(action, step("a")).run()
    assert stored == action.names


def test_an_interrupted_start_is_resumed_under_the_same_name(runs: Runs) -> None:
    runs.records.add(new_record(step("a"), EXECUTION).planned("planned", None))
    action = Scripted()
    runs.of(action, step("a")).run()
    assert action.log == [("resume", "a"), ("look", "a")]
    assert action.names == ["planned"]


def test_a_step_that_was_under_way_is_not_started_again(runs: Runs) -> None:
    record = new_record(step("a"), EXECUTION).planned("planned", None)
    runs.records.add(replace(record.moved_to(StepStatus.EXECUTING, 2.0), metadata={"TrainingJob": {"Arn": "x"}}))
    action = Scripted()
    runs.of(action, step("a")).run()
    assert action.log == [("look", "a")]


def test_a_service_that_is_away_while_a_step_is_looked_at_makes_no_new_attempt(runs: Runs) -> None:
    action = Scripted(looks={"a": [AWAY, AWAY]})
    runs.of(action, step("a")).run()
    assert action.log == [("start", "a"), ("look", "a"), ("look", "a"), ("look", "a")]
    assert runs.records.get("id/a").attempts == 1


def test_a_refused_start_is_tried_again_as_the_policy_says(runs: Runs) -> None:
    action = Scripted(starts={"a": [resource_limit_exceeded("no room")] * 3})
    run = runs.of(action, step("a", retry_policies=(POLICY,)))
    run.run()
    record = runs.records.get("id/a")
    assert (record.status, record.attempts, len(set(action.names))) == (StepStatus.FAILED, 3, 3)
    assert record.failure_reason is not None
    assert record.failure_reason.startswith(
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: no room\nRetry not appropriate"
    )


def test_an_attempt_does_not_begin_before_its_time(runs: Runs) -> None:
    runs.records.add(new_record(step("a"), EXECUTION).to_be_tried_again(3600.0))
    action = Scripted()
    run = runs.of(action, step("a"))
    rounds = threading.Thread(target=lambda: _raised(run.run))
    rounds.start()
    rounds.join(0.3)  # some rounds
    run.halt.abandoned.set()
    rounds.join(60)
    assert action.log == []


def test_no_attempt_follows_after_the_expiry_of_the_policy(runs: Runs) -> None:
    long_ago = Moment(0.0, 0.0, "another boot")
    waiting = replace(new_record(step("a"), EXECUTION), first_failure=long_ago, failures=1)
    runs.records.add(waiting)
    policy = RetryPolicy(frozenset({RESOURCE_LIMIT}), interval_s=0.0, expire_after_s=60.0)
    action = Scripted(starts={"a": [resource_limit_exceeded("no room")]})
    runs.of(action, step("a", retry_policies=(policy,))).run()
    assert runs.statuses() == {"a": "Failed"}


def test_another_refusal_is_not_tried_again(runs: Runs) -> None:
    action = Scripted(starts={"a": [validation("no such image")]})
    runs.of(action, step("a", retry_policies=(POLICY,))).run()
    record = runs.records.get("id/a")
    assert (record.status, record.attempts) == (StepStatus.FAILED, 1)
    assert record.failure_reason == (
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: no such image"
    )


def test_a_job_that_died_with_the_emulator_is_made_again(runs: Runs) -> None:
    action = Scripted(looks={"a": [failed("down", {}, INTERRUPTED)] * 3})
    runs.of(action, step("a")).run()
    record = runs.records.get("id/a")
    assert (record.status, record.attempts, len(set(action.names))) == (StepStatus.SUCCEEDED, 4, 4)


def test_an_expression_without_a_value_fails_its_step(runs: Runs) -> None:
    referring = step("b", arguments={"RoleArn": {"Get": "Steps.a.Missing"}})
    runs.of(Scripted(), step("a"), referring).run()
    assert (
        runs.records.get("id/b").failure_reason == "ClientError: The path 'Steps.a.Missing' leads nowhere at 'Missing'."
    )


def test_only_selected_steps_run(runs: Runs) -> None:
    runs.records.add(replace(new_record(step("a"), EXECUTION), status=StepStatus.SUCCEEDED))
    action = Scripted()
    runs.of(action, step("a"), step("b", "a"), step("c", "b"), selected=("b",)).run()
    assert action.log == [("start", "b"), ("look", "b")]


def test_a_stop_stops_what_runs_and_begins_nothing(runs: Runs) -> None:
    stopped = Progress(StepStatus.STOPPED)
    action = Scripted(looks={"a": [executing({"x": 1}), stopped]})
    run = runs.of(action, step("a"), step("b", "a"))
    run.halt.stop_requested.set()
    runs.records.add(new_record(step("a"), EXECUTION).planned("planned", None).moved_to(StepStatus.EXECUTING, 2.0))
    run.run()
    assert ("stop", "a") in action.log
    assert runs.statuses() == {"a": "Stopped"}
    assert run.status() is ExecutionStatus.STOPPED


def test_a_step_that_fails_while_it_is_stopped_is_not_tried_again(runs: Runs) -> None:
    action = Scripted(looks={"a": [failed("down", {}, INTERRUPTED)]})
    run = runs.of(action, step("a"))
    run.halt.stop_requested.set()
    runs.records.add(new_record(step("a"), EXECUTION).planned("planned", None).moved_to(StepStatus.EXECUTING, 2.0))
    run.run()
    assert action.log == [("stop", "a"), ("look", "a")]
    assert runs.statuses() == {"a": "Failed"}


def test_an_attempt_that_waits_for_its_time_is_stopped_at_once(runs: Runs) -> None:
    waiting = new_record(step("a"), EXECUTION).to_be_tried_again(3600.0)
    runs.records.add(waiting)
    run = runs.of(Scripted(), step("a"))
    run.halt.stop_requested.set()
    run.run()
    assert runs.statuses() == {"a": "Stopped"}


def test_a_run_leaves_its_steps_as_they_are_when_the_emulator_goes_down(runs: Runs) -> None:
    run = runs.of(Scripted(looks={"a": [executing({})] * 1000}), step("a"))
    ends: list[BaseException] = []
    thread = threading.Thread(target=lambda: ends.append(_raised(run.run)))
    thread.start()
    until(lambda: runs.statuses() == {"a": "Executing"}, "the step to execute")
    run.halt.abandoned.set()
    thread.join(60)
    assert isinstance(ends[0], JobLeft)
    assert runs.statuses() == {"a": "Executing"}


CACHE = CacheConfig(3600.0)


def test_a_result_of_the_same_pipeline_is_used_again(runs: Runs) -> None:
    runs.of(Scripted(), step("a", cache=CACHE)).run()
    action = Scripted()
    runs.of(action, step("a", cache=CACHE), name="other", arn="arn:other").run()
    record = runs.records.get("other/a")
    assert (record.status, record.cached_from, action.log) == (StepStatus.SUCCEEDED, "arn:id", [])
    assert record.properties == runs.records.get("id/a").properties


@pytest.mark.parametrize(
    ("change", "pipeline_arn", "expire_after_s"),
    [
        ({}, "arn:other", None),
        ({"modified": 1.0}, "arn:p", 3600.0),
        ({"status": StepStatus.FAILED}, "arn:p", None),
        ({"cached_from": "arn:another"}, "arn:p", None),
        ({"cache_key": "another"}, "arn:p", None),
    ],
)
def test_other_results_are_not_used_again(
    runs: Runs, change: dict[str, Any], pipeline_arn: str, expire_after_s: float | None
) -> None:
    record = replace(new_record(step("a"), EXECUTION), status=StepStatus.SUCCEEDED, cache_key="key")
    runs.records.add(record)
    assert runs.records.cached("arn:p", "key", 3600.0) == record
    runs.records.change("id/a", lambda one: replace(one, **change))
    assert runs.records.cached(pipeline_arn, "key", expire_after_s) is None


def test_a_token_finds_the_callback_that_waits_for_it(runs: Runs) -> None:
    ask = replace(new_record(step("ask"), EXECUTION), type="Callback").planned("token", None)
    runs.records.add(ask)
    assert runs.records.waiting_for("token") == ask
    assert runs.records.waiting_for("other") is None
    runs.records.change("id/ask", lambda one: replace(one, answer=Answer()).moved_to(StepStatus.SUCCEEDED, 2.0))
    assert runs.records.waiting_for("token") is None


def _raised(call: Callable[[], None]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - the test looks at its type
        call()
    return caught.value


def test_records_of_one_execution_are_those_of_its_id(runs: Runs) -> None:
    for execution_id in ("id", "id0", "i"):
        runs.records.add(new_record(step("a"), replace(EXECUTION, name=execution_id, arn=f"arn:{execution_id}")))
    records: dict[str, StepExecution] = runs.records.of("id")
    assert [record.name for record in records.values()] == ["id/a"]
