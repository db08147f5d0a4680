"""The line between the server and a function's process: both ends, without a process."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from localstack_plugin.lambda_executor.errors import InitFailed, ResponseTooLarge, RuntimeExited
from localstack_plugin.lambda_executor.process import bootstrap
from localstack_plugin.lambda_executor.process.bootstrap import LineClient, RefusedByRuntimeApi
from localstack_plugin.lambda_executor.runtime_api import line
from localstack_plugin.lambda_executor.runtime_api.api import RuntimeApi
from localstack_plugin.lambda_executor.runtime_api.invocations import MAX_RESPONSE_BYTES, Invocation, Outcome
from localstack_plugin.lambda_executor.runtime_api.line import MESSAGE, RESPONSE, Line, LineEnded

DEADLINE_S = 30.0
INVOCATION = Invocation("id", "arn", "trace", b'{"n": 1}', deadline_ms=5)
Ends = tuple[RuntimeApi, LineClient, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Yield the Runtime API of a process, the process's client, and its end of the line."""
    ours, theirs = socket.socketpair()
    with theirs:
        api = RuntimeApi("secret", Line(ours))
        yield api, LineClient(theirs, object()), theirs
        api.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def invoke(ends: Ends, pool: ThreadPoolExecutor) -> Callable[..., Future[Outcome]]:
    """Invoke in another thread, once the process is ready; the process has the event when this returns."""
    api, client, _ = ends

    def start(invocation: Invocation = INVOCATION, timeout_s: float = DEADLINE_S) -> Future[Outcome]:
        asked = pool.submit(client.wait_next_invocation)
        api.initialized.result(DEADLINE_S)
        outcome = pool.submit(api.invoke, invocation, timeout_s)
        assert asked.result(DEADLINE_S).event_body == invocation.payload
        return outcome

    return start


def test_both_ends_speak_the_same() -> None:
    assert (line.READY, line.INIT_ERROR) == (bootstrap.READY, bootstrap.INIT_ERROR)
    assert (line.RESPONSE, line.ERROR) == (bootstrap.RESPONSE, bootstrap.ERROR)
    assert line.EVENT.size == bootstrap.EVENT_BYTES


def test_the_client_has_what_awss_client_has(ends: Ends, pool: ThreadPoolExecutor) -> None:
    api, client, _ = ends
    asked = pool.submit(client.wait_next_invocation)
    api.initialized.result(DEADLINE_S)
    context = json.dumps({"custom": {"ü": "x\ny"}})
    pool.submit(api.invoke, replace(INVOCATION, client_context=context), 0.01)
    assert vars(asked.result(DEADLINE_S)) == {
        "invoke_id": "id",
        "x_amzn_trace_id": "trace",
        "invoked_function_arn": "arn",
        "deadline_time_in_ms": 5,
        "client_context": context,
        "cognito_identity": None,
        "tenant_id": None,
        "invocation_id": None,
        "content_type": "application/json",
        "event_body": b'{"n": 1}',
    }


def test_an_answer_is_the_outcome(ends: Ends, invoke: Callable[..., Future[Outcome]]) -> None:
    _, client, _ = ends
    for number in range(3):
        outcome = invoke(replace(INVOCATION, request_id=f"id-{number}"))
        client.post_invocation_result(f"id-{number}", f"answer {number}")
        assert outcome.result(DEADLINE_S) == Outcome(f"answer {number}".encode(), is_error=False)
    outcome = invoke()
    client.post_invocation_error("id", '{"errorType": "Oh"}', "cause")
    assert outcome.result(DEADLINE_S) == Outcome(b'{"errorType": "Oh"}', is_error=True)


def test_megabytes_go_both_ways(ends: Ends, invoke: Callable[..., Future[Outcome]]) -> None:
    _, client, _ = ends
    payload = bytes(range(256)) * (MAX_RESPONSE_BYTES // 256)
    outcome = invoke(replace(INVOCATION, payload=payload))
    client.post_invocation_result("id", payload)
    assert outcome.result(DEADLINE_S).payload == payload


def test_an_answer_beyond_lambdas_limit_fails_the_invocation(
    ends: Ends, invoke: Callable[..., Future[Outcome]], pool: ThreadPoolExecutor
) -> None:
    api, client, _ = ends
    outcome = invoke()
    sent = pool.submit(client.post_invocation_result, "id", b"x" * (MAX_RESPONSE_BYTES + 1))
    with pytest.raises(ResponseTooLarge):
        outcome.result(DEADLINE_S)
    api.close()
    with pytest.raises(SystemExit):  # the server ends the process, which may still be sending
        sent.result(DEADLINE_S)


@pytest.mark.parametrize("request_id", ["an-earlier-id", ""])
def test_the_client_answers_no_other_invocation(
    ends: Ends, invoke: Callable[..., Future[Outcome]], request_id: str
) -> None:
    _, client, _ = ends
    outcome = invoke()
    with pytest.raises(RefusedByRuntimeApi, match="InvalidRequestID"):
        client.post_invocation_result(request_id, "late")
    client.post_invocation_result("id", "answer")
    assert outcome.result(DEADLINE_S).payload == b"answer"
    with pytest.raises(RefusedByRuntimeApi, match="InvalidRequestID"):
        client.post_invocation_result("id", "again")


def test_the_server_takes_no_answer_to_an_earlier_invocation(
    ends: Ends, invoke: Callable[..., Future[Outcome]]
) -> None:
    """A function that forks may answer twice. The number counts, because a retried event has the same id."""
    _, client, theirs = ends
    first = invoke()
    client.post_invocation_result("id", "answer")
    first.result(DEADLINE_S)
    theirs.sendall(MESSAGE.pack(RESPONSE, 1, 5) + b"again")
    second = invoke()
    client.post_invocation_result("id", "second")
    assert second.result(DEADLINE_S).payload == b"second"


def test_an_initialization_that_fails_is_reported(ends: Ends) -> None:
    api, client, _ = ends
    client.post_init_error({"errorType": "Runtime.ImportModuleError"})
    with pytest.raises(InitFailed) as failure:
        api.initialized.result(DEADLINE_S)
    assert failure.value.error_type == "Runtime.ImportModuleError"


def test_an_invocation_has_a_time_limit_while_it_waits_and_while_it_sends(
    ends: Ends, invoke: Callable[..., Future[Outcome]]
) -> None:
    api, _, _ = ends
    with pytest.raises(TimeoutError):
        invoke(timeout_s=0.01).result(DEADLINE_S)
    with pytest.raises(TimeoutError):  # nobody reads
        api.invoke(replace(INVOCATION, payload=b"x" * 6_000_000), 0.01)


def test_a_process_that_reads_an_event_slowly_does_not_extend_the_time_limit(pool: ThreadPoolExecutor) -> None:
    other, ours = socket.socketpair()
    with other, ours:
        outcome = pool.submit(Line(ours).invoke, replace(INVOCATION, payload=b"x" * MAX_RESPONSE_BYTES), 0.5)
        read_bytes = 0
        while not wait([outcome], 0.02).done:
            with suppress(BlockingIOError):
                read_bytes += len(other.recv(10_000, socket.MSG_DONTWAIT))  # makes room for another part
        assert isinstance(outcome.exception(), TimeoutError)
        assert read_bytes < MAX_RESPONSE_BYTES / 2, "it waited until the whole event was read"


def test_messages_that_are_no_answer_do_not_extend_the_time_limit(
    ends: Ends, invoke: Callable[..., Future[Outcome]]
) -> None:
    _, _, theirs = ends
    outcome = invoke(timeout_s=0.5)
    deadline = time.monotonic() + DEADLINE_S
    while not outcome.done() and time.monotonic() < deadline:
        with suppress(BlockingIOError):  # the buffer is full, because nobody reads after the time-out
            theirs.send(MESSAGE.pack(line.READY, 1, 0) + MESSAGE.pack(RESPONSE, 0, 0), socket.MSG_DONTWAIT)
    assert outcome.done()
    assert isinstance(outcome.exception(), TimeoutError)


def test_a_process_that_closes_its_line_fails_its_invocation_when_it_ends(
    ends: Ends, invoke: Callable[..., Future[Outcome]]
) -> None:
    api, _, theirs = ends
    outcome = invoke()
    theirs.shutdown(socket.SHUT_RDWR)
    api.end(RuntimeExited(3), grace_s=0)
    with pytest.raises(RuntimeExited, match="exit status 3"):
        outcome.result(DEADLINE_S)
    with pytest.raises(RuntimeExited):
        api.invoke(INVOCATION, DEADLINE_S)


def test_a_process_that_closes_its_line_and_does_not_end_times_out(
    ends: Ends, invoke: Callable[..., Future[Outcome]]
) -> None:
    _, _, theirs = ends
    outcome = invoke(timeout_s=0.2)
    theirs.shutdown(socket.SHUT_RDWR)
    with pytest.raises(TimeoutError):
        outcome.result(DEADLINE_S)


def test_what_the_runtime_client_does_not_say_ends_the_line(
    ends: Ends, invoke: Callable[..., Future[Outcome]], pool: ThreadPoolExecutor
) -> None:
    api, client, theirs = ends
    outcome = invoke()
    theirs.sendall(b"GET / HTTP/1.1\r\n\r\n")
    api.end(RuntimeExited(1), grace_s=0)
    with pytest.raises(RuntimeExited):
        outcome.result(DEADLINE_S)
    with pytest.raises(SystemExit):
        pool.submit(client.wait_next_invocation).result(DEADLINE_S)


def test_closing_the_line_wakes_the_thread_that_waits() -> None:
    ours, theirs = socket.socketpair()
    with theirs, ThreadPoolExecutor() as pool:
        server = Line(ours)
        waiting = pool.submit(server.invoke, INVOCATION, DEADLINE_S)
        assert theirs.recv(1)
        server.close()
        with pytest.raises(LineEnded):
            waiting.result(DEADLINE_S)


def test_the_line_is_not_passed_on_to_the_functions_children(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.set_inheritable(True)
        monkeypatch.setenv(bootstrap.LINE, str(theirs.detach()))
        inherited = bootstrap.inherited_line()
        assert inherited is not None
        with inherited:
            assert not inherited.get_inheritable()
    assert bootstrap.LINE not in os.environ


def test_a_process_without_a_line_knows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        monkeypatch.setenv(bootstrap.LINE, str(file.fileno()))
        assert bootstrap.inherited_line() is None
    monkeypatch.setenv(bootstrap.LINE, "1000000")
    assert bootstrap.inherited_line() is None
