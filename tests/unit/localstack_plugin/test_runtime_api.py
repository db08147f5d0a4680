import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection

import pytest
from tests.waiting import until

from localstack_plugin.lambda_executor.errors import InitFailed, ResponseTooLarge, RuntimeExited
from localstack_plugin.lambda_executor.process import bootstrap
from localstack_plugin.lambda_executor.runtime_api.api import SECRET_HEADER, VERSION, RuntimeApi
from localstack_plugin.lambda_executor.runtime_api.invocations import MAX_RESPONSE_BYTES, Invocation, Outcome
from localstack_plugin.lambda_executor.runtime_api.line import Line

DEADLINE_S = 30.0
SECRET = "the-secret-of-the-process"
INVOCATION = Invocation("id", "arn", "trace", b'{"n": 1}', deadline_ms=5)


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    ours, theirs = socket.socketpair()
    with theirs:
        api = RuntimeApi(SECRET, Line(ours))
        yield api
        api.close()


@pytest.fixture
def client(api: RuntimeApi) -> Iterator[HTTPConnection]:
    """A connection as the runtime client in a function's process has it."""
    connection = HTTPConnection(api.address, timeout=DEADLINE_S)
    yield connection
    connection.close()


def ask(
    client: HTTPConnection, method: str, path: str, body: bytes | None = None, secret: str = SECRET
) -> tuple[int, bytes]:
    client.request(method, VERSION + path, body, {bootstrap.SECRET_HEADER: secret})
    response = client.getresponse()
    return response.status, response.read()


def next_invocation(api: RuntimeApi, client: HTTPConnection) -> Future[Outcome]:
    outcome = api.hand_over(INVOCATION)
    assert ask(client, "GET", "/invocation/next") == (200, INVOCATION.payload)
    return outcome


def test_a_process_is_initialized_when_it_asks_for_work(api: RuntimeApi, client: HTTPConnection) -> None:
    assert not api.initialized.done()
    next_invocation(api, client)
    assert api.initialized.result(DEADLINE_S) is None


def test_an_invocation_comes_with_lambdas_headers(api: RuntimeApi, client: HTTPConnection) -> None:
    api.hand_over(INVOCATION)
    client.request("GET", f"{VERSION}/invocation/next", headers={bootstrap.SECRET_HEADER: SECRET})
    with client.getresponse() as response:
        assert response.headers["Lambda-Runtime-Aws-Request-Id"] == "id"
        assert response.headers["Lambda-Runtime-Deadline-Ms"] == "5"
        assert response.headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn"
        assert response.headers["Lambda-Runtime-Trace-Id"] == "trace"


@pytest.mark.parametrize(("kind", "is_error"), [("response", False), ("error", True)])
def test_an_answer_is_the_outcome(api: RuntimeApi, client: HTTPConnection, kind: str, is_error: bool) -> None:
    outcome = next_invocation(api, client)
    assert ask(client, "POST", f"/invocation/id/{kind}", b"answer")[0] == 202
    assert outcome.result(DEADLINE_S) == Outcome(b"answer", is_error)


def test_a_second_answer_is_refused(api: RuntimeApi, client: HTTPConnection) -> None:
    next_invocation(api, client)
    ask(client, "POST", "/invocation/id/response", b"answer")
    status, body = ask(client, "POST", "/invocation/id/response", b"again")
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidStateTransition")


def test_an_initialization_that_fails_is_reported(api: RuntimeApi, client: HTTPConnection) -> None:
    assert ask(client, "POST", "/init/error", b'{"errorType": "Runtime.ImportModuleError"}')[0] == 202
    with pytest.raises(InitFailed) as failure:
        api.initialized.result(DEADLINE_S)
    assert failure.value.error_type == "Runtime.ImportModuleError"


def test_a_response_beyond_lambdas_limit_fails_the_invocation(api: RuntimeApi, client: HTTPConnection) -> None:
    outcome = next_invocation(api, client)
    status, _ = ask(client, "POST", "/invocation/id/response", b"x" * (MAX_RESPONSE_BYTES + 1))
    assert status == 413
    with pytest.raises(ResponseTooLarge):
        outcome.result(DEADLINE_S)


def test_a_process_that_exits_fails_its_invocation(api: RuntimeApi, client: HTTPConnection) -> None:
    outcome = next_invocation(api, client)
    api.end(RuntimeExited(1), grace_s=0)
    with pytest.raises(RuntimeExited):
        outcome.result(DEADLINE_S)


def test_an_invocation_after_the_processs_end_fails_at_once(api: RuntimeApi) -> None:
    """The end can come between the caller's look at the process and the invocation."""
    api.end(RuntimeExited(1), grace_s=0)
    with pytest.raises(RuntimeExited):
        api.initialized.result(DEADLINE_S)
    with pytest.raises(RuntimeExited):
        api.hand_over(INVOCATION).result(DEADLINE_S)


def test_an_unknown_path_is_refused(client: HTTPConnection) -> None:
    status, body = ask(client, "GET", "/extension/register")
    assert (status, json.loads(body)["errorType"]) == (404, "InvalidPath")


@pytest.mark.parametrize("kind", ["response", "error"])
def test_an_answer_to_another_invocation_settles_nothing(api: RuntimeApi, client: HTTPConnection, kind: str) -> None:
    outcome = next_invocation(api, client)
    status, body = ask(client, "POST", f"/invocation/an-earlier-id/{kind}", b"late")
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidRequestID")
    assert not outcome.done()
    ask(client, "POST", "/invocation/id/response", b"answer")
    assert outcome.result(DEADLINE_S).payload == b"answer"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/invocation/next"), ("POST", "/invocation/id/response"), ("POST", "/init/error")],
)
@pytest.mark.parametrize("secret", ["", "another"])
def test_a_request_without_the_secret_is_refused(
    api: RuntimeApi, client: HTTPConnection, method: str, path: str, secret: str
) -> None:
    outcome = api.hand_over(INVOCATION)
    assert ask(client, method, path, b"{}", secret)[0] == 403
    assert not outcome.done()
    assert not api.initialized.done()


def test_the_process_sends_the_secret_in_the_header_that_the_api_reads() -> None:
    assert bootstrap.SECRET_HEADER.lower() == SECRET_HEADER


def test_invocations_of_megabytes_are_sent_to_the_connection_that_waits(
    api: RuntimeApi, client: HTTPConnection
) -> None:
    for number in range(3):
        payload = bytes([number]) * 6_000_000
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask, client, "GET", "/invocation/next")
            outcome = api.hand_over(replace(INVOCATION, payload=payload))
            assert asked.result(DEADLINE_S) == (200, payload)
        assert ask(client, "POST", "/invocation/id/response", payload)[0] == 202
        assert outcome.result(DEADLINE_S).payload == payload


def test_a_connection_that_was_closed_while_it_waited_gets_no_invocation(
    api: RuntimeApi, client: HTTPConnection
) -> None:
    with socket.create_connection(address_of(api)) as left:
        left.sendall(next_request())
        api.initialized.result(DEADLINE_S)
    until(lambda: not api._asking, "the API to give up the closed connection")
    next_invocation(api, client)


def test_a_client_that_speaks_while_it_waits_for_work_is_left(api: RuntimeApi) -> None:
    with socket.create_connection(address_of(api), timeout=DEADLINE_S) as talkative:
        talkative.sendall(next_request() + next_request())
        assert talkative.recv(1) == b""
    assert api.hand_over(INVOCATION).done() is False


def address_of(api: RuntimeApi) -> tuple[str, int]:
    host, _, port = api.address.rpartition(":")
    return host, int(port)


def next_request() -> bytes:
    return f"GET {VERSION}/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n{SECRET_HEADER}: {SECRET}\r\n\r\n".encode()
