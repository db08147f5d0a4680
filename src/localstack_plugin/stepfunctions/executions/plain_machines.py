"""Executions on the event loop: those that never block their thread, because they only wait for functions.

Such a machine consists of Pass, Choice, Succeed and Fail states and of `arn:aws:states:::lambda:invoke` tasks without a
time limit, a heartbeat or a callback, in JSONPath without recursive descent and filters. All others have threads: tasks
by a function's ARN and of other services, Wait, Map, Parallel, JSONata, logs.

Whether a machine is plain is known once an execution of it has ended: parsing its definition would block the loop.
"""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from localstack.services.stepfunctions.asl.component.common.query_language import QueryLanguageMode
from localstack.services.stepfunctions.asl.component.common.timeouts.timeout import TimeoutSeconds
from localstack.services.stepfunctions.asl.component.program.program import Program
from localstack.services.stepfunctions.asl.component.state.state import CommonStateField
from localstack.services.stepfunctions.asl.component.state.state_choice.state_choice import StateChoice
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (
    state_task_service_lambda,
)
from localstack.services.stepfunctions.asl.component.state.state_fail.state_fail import StateFail
from localstack.services.stepfunctions.asl.component.state.state_pass.state_pass import StatePass
from localstack.services.stepfunctions.asl.component.state.state_succeed.state_succeed import StateSucceed
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker

from localstack_plugin.event_loop.loop import event_loop
from localstack_plugin.replacing import replace
from localstack_plugin.stepfunctions.executions.reused_threads import ReusedThread
from localstack_plugin.stepfunctions.parsed_once import program

KNOWN = 32
"""How many definitions are remembered: fewer than `parsed_once` keeps, so that they are hardly ever parsed anew."""
SLOW_PATH = re.compile(r'\.\.|\[[^"\]]*\?')
"""What searches a whole document: recursive descent, and a filter, before whose parenthesis there may be spaces."""


class KnownMachines:
    """Whether machines are plain, by their definition. All methods may be called by any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, bool] = OrderedDict()
        self._lock = threading.Lock()

    def is_plain(self, definition: str) -> bool | None:
        """Return None if that is not known: no execution has ended, or the machine was forgotten."""
        with self._lock:
            if definition in self._known:
                self._known.move_to_end(definition)
            return self._known.get(definition)

    def learn(self, definition: str) -> None:
        """Find out whether a machine is plain. This may parse its definition, so it is not for the loop."""
        verdict = is_plain(definition)
        with self._lock:
            self._known[definition] = verdict
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)


KNOWN_MACHINES = KnownMachines()


def is_plain(definition: str) -> bool:
    unescaped = json.dumps(json.loads(definition))  # the states language reads paths with escapes, too
    if SLOW_PATH.search(unescaped):
        return False
    parsed: Program = program(definition)
    return is_json_path(parsed) and all(map(never_blocks, parsed.states.states.values()))


def never_blocks(state: CommonStateField) -> bool:
    if not is_json_path(state):
        return False
    if isinstance(state, state_task_service_lambda.StateTaskServiceLambda):
        has_limit = not isinstance(state.timeout, TimeoutSeconds) or not state.timeout.is_default_value()
        return state.resource.condition is None and not has_limit and state.heartbeat is None
    return isinstance(state, StatePass | StateChoice | StateSucceed | StateFail)


def is_json_path(component: Any) -> bool:
    return bool(component.query_language.query_language_mode is QueryLanguageMode.JSONPath)


class ExecutionThread(ReusedThread):
    """The thread of an execution, or a greenlet of the event loop in its place."""

    def start(self) -> None:
        worker: ExecutionWorker = self._target.__self__  # type: ignore[attr-defined]
        if not is_ordinary(worker):
            super().start()
            return
        definition = worker._evaluation_details.state_machine_details.definition
        is_known_as_plain = KNOWN_MACHINES.is_plain(definition)
        if is_known_as_plain:
            self.start_by(event_loop().run)
            return
        if is_known_as_plain is None:
            self._target = partial(run_and_learn, self._target, definition)
        super().start()


def is_ordinary(worker: ExecutionWorker) -> bool:
    """Return whether an execution neither logs nor is mocked, and nobody waits for its end."""
    has_extras = worker._cloud_watch_logging_session is not None or worker._mock_test_case is not None
    return type(worker) is ExecutionWorker and not has_extras


def run_and_learn(run: Callable[[], object], definition: str) -> None:
    run()
    KNOWN_MACHINES.learn(definition)


def install() -> None:
    replace(
        "localstack.services.stepfunctions.backend.execution_worker:Thread",
        by=ExecutionThread,
        why="LocalStack starts another thread for each execution. It is used again, too; and executions that only wait "
        "for functions share the thread of an event loop.",
    )
