"""An execution environment: one function, one invocation at a time, and a process that stays warm between them.

A process that timed out or exited is replaced within the next invocation, as on AWS, which resets the environment and
initializes it again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.lambda_executor.code_changes import WatchedCode
from localstack_plugin.lambda_executor.errors import InvocationError, TimedOut
from localstack_plugin.lambda_executor.interpreters import OWN, Interpreter
from localstack_plugin.lambda_executor.process.folders import Folders
from localstack_plugin.lambda_executor.process.function_process import FunctionProcess
from localstack_plugin.lambda_executor.report import Init, Report, render
from localstack_plugin.lambda_executor.runtime_api.invocations import Invocation, Outcome
from safety.sandbox import Sandbox


@dataclass(frozen=True)
class Function:
    """One version of a function. `notices` are lines for the log of its first invocation.

    `code` is watched if each change of it is to start the function anew.
    """

    handler: str
    version: str
    memory_size_mb: int
    timeout_s: int
    interpreter: Interpreter = OWN
    notices: tuple[str, ...] = ()
    code: WatchedCode | None = None


@dataclass(frozen=True)
class Event:
    """The request of an invocation; the environment adds the deadline."""

    request_id: str
    function_arn: str
    trace_id: str
    payload: bytes
    client_context: str | None = None


@dataclass(frozen=True)
class Completion:
    """The outcome of an invocation, and its log."""

    outcome: Outcome
    log: str


class ExecutionEnvironment:
    """`folders` has the function's code and modules, `scratch` what belongs to this environment alone."""

    def __init__(
        self, function: Function, folders: Folders, scratch: Path, variables: dict[str, str], sandbox: Sandbox
    ) -> None:
        self._function = function
        self._folders, self._scratch = folders, scratch
        self._variables, self._sandbox = variables, sandbox
        self._process: FunctionProcess | None = None
        self._init: Init | None = None
        self._notices = function.notices

    def initialize(self, timeout_s: float) -> FunctionProcess:
        """Return the process once it waits for work, starting one if there is none. Raises InvocationError."""
        if self._function.code is not None and self._function.code.has_changed():
            self.stop()
        if self._process is not None and self._process.initialized.done():
            self._process.initialized.result()
            if not self._process.has_exited:
                return self._process
            self.stop()
        began = time.monotonic()
        if self._process is None:
            self._process = FunctionProcess(
                self._function.interpreter,
                self._function.handler,
                self._folders,
                self._scratch,
                self._variables,
                self._sandbox,
            )
        with self._time_limit():
            self._process.initialized.result(max(timeout_s, 0))
        notices, self._notices = self._notices, ()
        self._init = Init(time.monotonic() - began, self._process.take_output(), notices)
        return self._process

    def invoke(self, event: Event) -> Completion:
        began = time.monotonic()
        try:
            outcome = self._outcome(event, began + self._function.timeout_s)
        except InvocationError as failure:
            log = self._log(event, began, failure)
            in_a_thread(self.stop)
            return Completion(Outcome(failure.payload(event.request_id), is_error=True), log)
        return Completion(outcome, self._log(event, began))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _outcome(self, event: Event, deadline: float) -> Outcome:
        process = self._warm_process() or in_a_thread(lambda: self.initialize(deadline - time.monotonic()))
        remaining_s = deadline - time.monotonic()
        deadline_ms = int((time.time() + remaining_s) * 1000)
        invocation = Invocation(
            event.request_id, event.function_arn, event.trace_id, event.payload, deadline_ms, event.client_context
        )
        with self._time_limit():
            return process.invoke(invocation, remaining_s)

    def _warm_process(self) -> FunctionProcess | None:
        """Return the process if it waits for work. None: `initialize` has to see to it first, which may take long."""
        process = self._process
        if process is None or self._function.code is not None or process.has_exited:
            return None
        initialized = process.initialized
        return process if initialized.done() and initialized.exception() is None else None

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise TimedOut(self._function.timeout_s) from None

    def _log(self, event: Event, began: float, failure: InvocationError | None = None) -> str:
        init, self._init = self._init, None
        report = Report(
            request_id=event.request_id,
            version=self._function.version,
            output=self._process.take_output() if self._process else "",
            duration_s=time.monotonic() - began,
            memory_size_mb=self._function.memory_size_mb,
            peak_memory_mb=self._process.peak_memory_mb() if self._process else 0,
            init=init,
            python_version=self._function.interpreter.version,
            status=failure.status if failure else None,
            error_type=failure.error_type if failure else None,
        )
        return render(report, failure.log_lines(event.request_id) if failure else [])
