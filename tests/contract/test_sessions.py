"""Stateful sessions: requests of one session go to the instance whose container began it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

# A container that begins and closes sessions as its body asks, and counts the requests of each.
CONTAINER = """
import json
name, counts = handler.headers.get("X-Amzn-SageMaker-Session-Id"), handler.server.__dict__.setdefault("counts", {})
counts[name] = counts.get(name, 0) + 1
answer = json.dumps([counts[name], str(handler.server.server_port)]).encode()
handler.send_response(200)
handler.send_header("Content-Type", "application/json")
handler.send_header("Content-Length", str(len(answer)))
if body.startswith(b"begin "):
    handler.send_header("X-Amzn-SageMaker-New-Session-Id", body[6:].decode())
if body == b"close":
    handler.send_header("X-Amzn-SageMaker-Closed-Session-Id", name)
handler.end_headers()
handler.wfile.write(answer)
"""
LATER = "Expires=2099-01-01T00:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def endpoint(hosting: Any) -> None:
    """An endpoint with three instances of the container, with the name `stateful`."""
    hosting.model("stateful", environment={"ANSWER": CONTAINER})
    hosting.config("stateful", {"VariantName": "AllTraffic", "ModelName": "stateful", "InitialInstanceCount": 3})
    hosting.endpoint("stateful", "stateful")


def invoked(runtime: Any, session_id: str, body: str = "go on", endpoint: str = "stateful") -> dict[str, Any]:
    answer: dict[str, Any] = runtime.invoke_endpoint(EndpointName=endpoint, Body=body.encode(), SessionId=session_id)
    return {**answer, "Body": json.loads(answer["Body"].read())}


def test_a_session_stays_with_its_instance_until_the_container_closes_it(runtime: Any) -> None:
    for name in ("one", "two"):
        begun = invoked(runtime, "NEW_SESSION", f"begin {name}; {LATER}")
        assert begun["NewSessionId"] == f"{name}; {LATER}"
        port = begun["Body"][1]
        for count in range(1, 7):
            assert invoked(runtime, name)["Body"] == [count, port]
    assert "NewSessionId" not in invoked(runtime, "one")
    closed = invoked(runtime, "one", "close")
    assert closed["ClosedSessionId"] == "one"
    with pytest.raises(ClientError, match=r"ValidationError.*Session one of endpoint stateful does not exist"):
        invoked(runtime, "one")
    invoked(runtime, "two", "close")


def test_a_response_stream_belongs_to_a_session(runtime: Any) -> None:
    port = invoked(runtime, "NEW_SESSION", f"begin streamed; {LATER}")["Body"][1]
    for count in range(1, 5):
        stream = runtime.invoke_endpoint_with_response_stream(
            EndpointName="stateful", Body=b"go on", SessionId="streamed"
        )["Body"]
        assert json.loads(b"".join(event["PayloadPart"]["Bytes"] for event in stream)) == [count, port]
    with pytest.raises(ClientError, match="NEW_SESSION' at 'sessionId'"):
        runtime.invoke_endpoint_with_response_stream(EndpointName="stateful", Body=b"x", SessionId="NEW_SESSION")


def test_a_session_that_has_expired_does_not_exist(runtime: Any) -> None:
    invoked(runtime, "NEW_SESSION", "begin brief; Expires=2020-01-01T00:00:00Z")
    with pytest.raises(ClientError, match="Session brief of endpoint stateful does not exist, or it has ended"):
        invoked(runtime, "brief")


@pytest.mark.parametrize("header", ["nameless", "a; Expires=tomorrow", "a; Expires=2099-02-31T00:00:00Z", "-" * 300])
def test_a_header_that_is_not_as_aws_documents_it_begins_no_session(runtime: Any, header: str) -> None:
    assert "NewSessionId" not in invoked(runtime, "NEW_SESSION", f"begin {header}")


def test_an_instance_takes_its_sessions_along_when_it_is_stopped(runtime: Any, hosting: Any, sagemaker: Any) -> None:
    hosting.model("shrinking", environment={"ANSWER": CONTAINER})
    hosting.config("shrinking", {"VariantName": "AllTraffic", "ModelName": "shrinking", "InitialInstanceCount": 2})
    hosting.endpoint("shrinking", "shrinking")
    ports = dict[str, str]()
    for number in range(20):  # until there is a session on each instance
        name = f"session-{number}"
        ports[name] = invoked(runtime, "NEW_SESSION", f"begin {name}; {LATER}", "shrinking")["Body"][1]
        if len(set(ports.values())) == 2:
            break
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="shrinking", DesiredWeightsAndCapacities=desired)
    hosting.settled("shrinking")
    left = invoked(runtime, "NEW_SESSION", f"begin left; {LATER}", "shrinking")["Body"][1]
    for name, port in ports.items():
        if port == left:
            assert invoked(runtime, name, endpoint="shrinking")["Body"][1] == left
        else:
            with pytest.raises(ClientError, match=rf"Session {name} .* has ended"):
                invoked(runtime, name, endpoint="shrinking")


def test_a_container_without_sessions_answers_as_always(runtime: Any, hosting: Any) -> None:
    hosting.simple("stateless")
    answer = invoked(runtime, "NEW_SESSION", "hello", "stateless")
    assert answer["Body"]["got"] == "hello"
    assert "NewSessionId" not in answer
