"""An execution environment around real processes, with a small runtime client in place of AWS's."""

import os
import re
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from localstack_plugin.lambda_executor.errors import InitFailed, InvocationError
from localstack_plugin.lambda_executor.execution_environment import Completion, Event, ExecutionEnvironment, Function

INIT_S = DEADLINE_S = 60.0
RUNTIME_CLIENT = """
    import os, subprocess, sys, time
    from http.client import HTTPConnection

    def post(path, body):
        api.request("POST", "/2018-06-01/runtime/" + path, body)
        api.getresponse().read()

    def main(arguments):
        global api
        api = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        if arguments[1] == "cannot.start":
            post("init/error", b'{"errorType": "Runtime.ImportModuleError"}')
            sys.exit(1)
        print("initialized", flush=True)
        while True:
            api.request("GET", "/2018-06-01/runtime/invocation/next")
            response = api.getresponse()
            payload, request_id = response.read(), response.headers["Lambda-Runtime-Aws-Request-Id"]
            print("got", payload.decode(), flush=True)
            if payload == b"exit":
                os._exit(3)
            if payload == b"hang":
                time.sleep(600)
            if payload == b"fork":
                child = subprocess.Popen(["sleep", "600"])
                print("child", child.pid, flush=True)
            post(f"invocation/{request_id}/response", f"{payload.decode()} {os.getpid()}".encode())
            if payload == b"last":
                os._exit(0)
"""


def make_environment(tmp_path: Path, handler: str = "module.handler", timeout_s: int = 60) -> ExecutionEnvironment:
    runtime = tmp_path / "runtime" / "awslambdaric"
    runtime.mkdir(parents=True)
    (runtime / "__main__.py").write_text(textwrap.dedent(RUNTIME_CLIENT))
    (tmp_path / "code").mkdir()
    (tmp_path / "scratch").mkdir()
    variables = {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(tmp_path / "code"),
        "LAMBDA_RUNTIME_DIR": str(tmp_path / "runtime"),
    }
    function = Function(handler, tmp_path / "code", "$LATEST", memory_size_mb=128, timeout_s=timeout_s)
    return ExecutionEnvironment(function, tmp_path / "scratch", variables)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[ExecutionEnvironment]:
    environment = make_environment(tmp_path)
    yield environment
    environment.stop()


def invoke(environment: ExecutionEnvironment, payload: bytes) -> Completion:
    return environment.invoke(Event("id", "arn", "trace", payload))


def pid_of(completion: Completion) -> int:
    return int(completion.outcome.payload.split()[-1])


def is_running(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def until(condition: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def test_one_process_answers_all_invocations(environment: ExecutionEnvironment) -> None:
    environment.initialize(INIT_S)
    first, second = invoke(environment, b"a"), invoke(environment, b"b")
    assert (first.outcome.is_error, first.outcome.payload[:1], second.outcome.payload[:1]) == (False, b"a", b"b")
    assert pid_of(first) == pid_of(second)


def test_the_cold_start_is_in_the_log_of_the_first_invocation_only(environment: ExecutionEnvironment) -> None:
    first, second = invoke(environment, b"a").log, invoke(environment, b"b").log
    assert first.startswith("INIT_START")
    assert "\ninitialized\n" in first
    assert "\ngot a\n" in first
    assert second.startswith("START RequestId: id")
    assert "\ngot b\n" in second


def test_a_process_that_exits_is_an_error_and_is_replaced(environment: ExecutionEnvironment) -> None:
    before = pid_of(invoke(environment, b"a"))
    exited = invoke(environment, b"exit")
    assert exited.outcome.is_error
    assert b"exit status 3" in exited.outcome.payload
    assert "Error Type: Runtime.ExitError" in exited.log
    assert pid_of(invoke(environment, b"b")) != before


def test_a_function_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    environment = make_environment(tmp_path, timeout_s=1)
    process = environment.initialize(INIT_S)
    completion = invoke(environment, b"hang")
    assert b"Task timed out after 1.00 seconds" in completion.outcome.payload
    assert "Status: timeout" in completion.log
    assert process.has_exited


def test_an_initialization_that_fails_is_the_answer(tmp_path: Path) -> None:
    environment = make_environment(tmp_path, handler="cannot.start")
    with pytest.raises(InitFailed):
        environment.initialize(INIT_S)
    completion = invoke(environment, b"a")
    assert completion.outcome.payload == b'{"errorType": "Runtime.ImportModuleError"}'
    assert completion.outcome.is_error


def test_an_initialization_that_runs_out_of_time_is_a_timeout(environment: ExecutionEnvironment) -> None:
    with pytest.raises(InvocationError, match="timed out"):
        environment.initialize(timeout_s=0)


def test_a_process_that_exited_between_invocations_is_replaced(environment: ExecutionEnvironment) -> None:
    process = environment.initialize(INIT_S)
    before = pid_of(invoke(environment, b"last"))
    until(lambda: process.has_exited)
    after = invoke(environment, b"a")
    assert not after.outcome.is_error
    assert pid_of(after) != before


def test_stopping_ends_the_processes_that_the_function_started(environment: ExecutionEnvironment) -> None:
    (child,) = re.findall(r"^child (\d+)$", invoke(environment, b"fork").log, re.MULTILINE)
    assert is_running(int(child))
    environment.stop()
    until(lambda: not is_running(int(child)))


def test_stopping_ends_the_process(environment: ExecutionEnvironment) -> None:
    pid = pid_of(invoke(environment, b"a"))
    environment.stop()
    assert not psutil.pid_exists(pid)
