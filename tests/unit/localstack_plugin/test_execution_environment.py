"""An execution environment around real processes, with a small runtime client in place of AWS's."""

import os
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.waiting import until

from localstack_plugin.lambda_executor.errors import InitFailed, InvocationError
from localstack_plugin.lambda_executor.execution_environment import Completion, Event, ExecutionEnvironment, Function
from localstack_plugin.lambda_executor.interpreters import OWN
from localstack_plugin.lambda_executor.process.folders import folders_of
from localstack_plugin.lambda_executor.process.start import seen_by_function
from localstack_plugin.lambda_executor.process.variables import process_variables
from localstack_plugin.settings import Settings
from safety.sandbox import Sandbox

INIT_S = DEADLINE_S = 60.0
RUNTIME_CLIENT = """
    import os, subprocess, sys, time

    def run(handler, client):
        if handler == "cannot.start":
            client.post_init_error({"errorType": "Runtime.ImportModuleError"})
            sys.exit(1)
        print("initialized", flush=True)
        print(type(client).__name__, flush=True)
        while True:
            event = client.wait_next_invocation()
            payload, request_id = event.event_body, event.invoke_id
            print("got", payload.decode(), flush=True)
            if payload == b"exit":
                os._exit(3)
            if payload == b"leave a child":
                if os.fork():
                    os._exit(3)
                time.sleep(600)
            if payload == b"hang":
                time.sleep(600)
            if payload == b"fork":
                child = subprocess.Popen(["sleep", os.environ["MARK"]], start_new_session=True)
            if payload == b"raise":
                client.post_invocation_error(request_id, '{"errorType": "Oh"}', "cause")
            if payload == b"late":
                client.post_invocation_result("an-earlier-id", "late")
            client.post_invocation_result(request_id, f"{payload.decode()} {client.marshaller.process}")
            if payload == b"last":
                os._exit(0)
"""
MARSHALLER = """
    import uuid

    class LambdaMarshaller:
        process = uuid.uuid4()
"""
MARK = f"600.{os.getpid()}"
"""An argument of `sleep` that no other process has: a process id would be another one in a sandbox."""


def make_environment(
    tmp_path: Path, sandbox: Sandbox, handler: str = "module.handler", timeout_s: int = 60, wrapper: str = ""
) -> ExecutionEnvironment:
    runtime = tmp_path / "runtime" / "awslambdaric"
    runtime.mkdir(parents=True)
    (runtime / "bootstrap.py").write_text(textwrap.dedent(RUNTIME_CLIENT))
    (runtime / "lambda_runtime_marshaller.py").write_text(textwrap.dedent(MARSHALLER))
    for name in ("code", "scratch"):
        (tmp_path / name).mkdir()
    folders = folders_of(tmp_path / "scratch", tmp_path / "code", None, tmp_path / "runtime")
    lambda_variables = {"PATH": os.environ["PATH"], "MARK": MARK, "AWS_LAMBDA_EXEC_WRAPPER": wrapper}
    seen, has_own_tmp = seen_by_function(sandbox, folders), bool(sandbox.availability)
    variables = process_variables(lambda_variables, OWN.runtime, OWN, seen, Settings(), has_own_tmp)
    function = Function(handler, "$LATEST", memory_size_mb=128, timeout_s=timeout_s)
    return ExecutionEnvironment(function, folders, tmp_path / "scratch", variables, sandbox)


@pytest.fixture(scope="module", params=["in a sandbox", "without a sandbox"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    sandbox = Sandbox.open() if request.param == "in a sandbox" else Sandbox.unavailable("a test")
    if request.param == "in a sandbox" and not sandbox.availability:
        pytest.skip(str(sandbox.availability))
    yield sandbox
    sandbox.close()


@pytest.fixture
def environment(tmp_path: Path, sandbox: Sandbox) -> Iterator[ExecutionEnvironment]:
    environment = make_environment(tmp_path, sandbox)
    yield environment
    environment.stop()


def invoke(environment: ExecutionEnvironment, payload: bytes) -> Completion:
    return environment.invoke(Event("id", "arn", "trace", payload))


def process_of(completion: Completion) -> bytes:
    return completion.outcome.payload.split()[-1]


def is_child_running() -> bool:
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.cmdline() == ["sleep", MARK] and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def test_one_process_answers_all_invocations(environment: ExecutionEnvironment) -> None:
    environment.initialize(INIT_S)
    first, second = invoke(environment, b"a"), invoke(environment, b"b")
    assert (first.outcome.is_error, first.outcome.payload[:1], second.outcome.payload[:1]) == (False, b"a", b"b")
    assert process_of(first) == process_of(second)


def test_the_cold_start_is_in_the_log_of_the_first_invocation_only(environment: ExecutionEnvironment) -> None:
    first, second = invoke(environment, b"a").log, invoke(environment, b"b").log
    assert first.startswith("INIT_START")
    assert "\ninitialized\nLineClient\n" in first
    assert "\ngot a\n" in first
    assert second.startswith("START RequestId: id")
    assert "\ngot b\n" in second


def test_a_process_that_exits_is_an_error_and_is_replaced(environment: ExecutionEnvironment) -> None:
    before = process_of(invoke(environment, b"a"))
    exited = invoke(environment, b"exit")
    assert exited.outcome.is_error
    assert b"exit status 3" in exited.outcome.payload
    assert "Error Type: Runtime.ExitError" in exited.log
    assert process_of(invoke(environment, b"b")) != before


def test_a_process_that_leaves_a_child_is_seen_to_exit(environment: ExecutionEnvironment) -> None:
    """Without a sandbox the child lives on, and holds the line open."""
    assert b"exit status 3" in invoke(environment, b"leave a child").outcome.payload


def test_a_process_that_a_wrapper_script_starts_without_its_line_uses_the_port(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    environment = make_environment(tmp_path, sandbox, wrapper="/var/task/wrapper")
    script = f"#!{OWN.executable}\nimport subprocess, sys\nsys.exit(subprocess.call(sys.argv[1:]))\n"
    (tmp_path / "code/wrapper").write_text(script)
    (tmp_path / "code/wrapper").chmod(0o755)
    first, second = invoke(environment, b"a"), invoke(environment, b"b")
    assert "\nHttpClient\n" in first.log
    assert (first.outcome.payload[:2], second.outcome.payload[:2]) == (b"a ", b"b ")
    assert b"exit status 3" in invoke(environment, b"exit").outcome.payload


def test_a_function_that_takes_too_long_is_killed(tmp_path: Path, sandbox: Sandbox) -> None:
    environment = make_environment(tmp_path, sandbox, timeout_s=1)
    process = environment.initialize(INIT_S)
    completion = invoke(environment, b"hang")
    assert b"Task timed out after 1.00 seconds" in completion.outcome.payload
    assert "Status: timeout" in completion.log
    assert process.has_exited


def test_an_initialization_that_fails_is_the_answer(tmp_path: Path, sandbox: Sandbox) -> None:
    environment = make_environment(tmp_path, sandbox, handler="cannot.start")
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
    before = process_of(invoke(environment, b"last"))
    until(lambda: process.has_exited, "the end of the process")
    after = invoke(environment, b"a")
    assert not after.outcome.is_error
    assert process_of(after) != before


def test_an_error_is_the_outcome(environment: ExecutionEnvironment) -> None:
    outcome = invoke(environment, b"raise").outcome
    assert outcome.is_error
    assert outcome.payload == b'{"errorType": "Oh"}'


def test_an_answer_to_an_earlier_invocation_settles_nothing(environment: ExecutionEnvironment) -> None:
    completion = invoke(environment, b"late")
    assert b"late" not in completion.outcome.payload.split(b"Error:")[0]
    assert "InvalidRequestID" in completion.log


def test_stopping_ends_what_the_function_has_started_in_sessions_of_their_own(
    environment: ExecutionEnvironment, sandbox: Sandbox
) -> None:
    if not sandbox.availability:
        pytest.skip("without a sandbox such children are not found")
    assert not invoke(environment, b"fork").outcome.is_error
    until(is_child_running, "the child to run")
    environment.stop()
    until(lambda: not is_child_running(), "the child to end")


def test_stopping_ends_the_process(environment: ExecutionEnvironment) -> None:
    process = environment.initialize(INIT_S)
    environment.stop()
    assert process.has_exited


def test_the_next_process_finds_the_files_in_tmp(environment: ExecutionEnvironment, tmp_path: Path) -> None:
    environment.initialize(INIT_S)
    (tmp_path / "scratch/tmp/kept").write_text("by the first process")
    invoke(environment, b"exit")
    assert not invoke(environment, b"a").outcome.is_error
    assert (tmp_path / "scratch/tmp/kept").exists()
