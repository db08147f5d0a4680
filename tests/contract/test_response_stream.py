"""InvokeEndpointWithResponseStream: each part arrives while the container still writes the next."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

STREAMER = """
import pathlib, time
handler.send_response(200)
handler.send_header("Content-Type", "text/event-stream")
handler.send_header("X-Amzn-SageMaker-Custom-Attributes", "tokens=3")
handler.send_header("Transfer-Encoding", "chunked")
handler.end_headers()
for word in body.decode().split():
    if word == "break":
        handler.connection.close()
        raise SystemExit
    gate = pathlib.Path(word.removeprefix("wait:"))
    while word.startswith("wait:") and not gate.exists():
        time.sleep(0.01)
    if not word.startswith("wait:"):
        handler.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(word), word.encode()))
handler.wfile.write(b"0\\r\\n\\r\\n")
"""


@pytest.fixture(scope="module", autouse=True)
def endpoint(hosting: Any) -> None:
    hosting.model("stream", environment={"ANSWER": STREAMER})
    hosting.config("stream", {"VariantName": "AllTraffic", "ModelName": "stream"})
    assert hosting.endpoint("stream", "stream")["EndpointStatus"] == "InService"


def streamed(runtime: Any, body: str, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = runtime.invoke_endpoint_with_response_stream(EndpointName="stream", Body=body, **more)
    return answer


def read(answer: dict[str, Any]) -> bytes:
    return b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])


def test_boto3_reads_the_events_of_a_whole_stream(runtime: Any) -> None:
    answer = streamed(runtime, "one two three", ContentType="text/plain")
    assert answer["ContentType"] == "text/event-stream"
    assert answer["CustomAttributes"] == "tokens=3"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert read(answer) == b"onetwothree"


def test_a_part_arrives_before_the_container_writes_the_next(runtime: Any, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    events = iter(streamed(runtime, f"first wait:{gate} last")["Body"])
    assert next(events)["PayloadPart"]["Bytes"] == b"first"
    gate.touch()
    assert b"".join(event["PayloadPart"]["Bytes"] for event in events) == b"last"


def test_a_broken_stream_ends_in_model_stream_error(runtime: Any) -> None:
    with closing(streamed(runtime, "first break")["Body"]) as body:
        events = iter(body)
        assert next(events)["PayloadPart"]["Bytes"] == b"first"
        with pytest.raises(EventStreamError, match="ModelStreamError") as error:
            list(events)
    assert "connection to the model was broken" in str(error.value)


def test_a_failure_before_the_first_byte_is_a_model_error(hosting: Any, runtime: Any) -> None:
    hosting.simple("stream-plain")
    with pytest.raises(runtime.exceptions.ModelError, match="client error \\(415\\)"):
        runtime.invoke_endpoint_with_response_stream(EndpointName="stream-plain", Body=b"status 415")


def test_an_answer_in_one_piece_is_streamed_too(hosting: Any, runtime: Any) -> None:
    hosting.simple("stream-whole")
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName="stream-whole", Body=b"x" * 300_000)
    assert len(json.loads(read(answer))["got"]) == 300_000


def test_a_missing_endpoint_is_a_validation_error(runtime: Any) -> None:
    with pytest.raises(ClientError, match="Endpoint never-made of account 000000000000 not found") as error:
        runtime.invoke_endpoint_with_response_stream(EndpointName="never-made", Body=b"x")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_a_client_that_disconnects_frees_the_instance(runtime: Any, emulator: Any, until: Any, tmp_path: Path) -> None:
    (instance,) = emulator.instance.endpoints.live("stream").variants["AllTraffic"].instances
    gate = tmp_path / "gate"
    body = f"first wait:{gate} " + "word " * 20_000
    host, port = emulator.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        head = "POST /endpoints/stream/invocations-response-stream HTTP/1.1\r\nHost: localhost"
        client.sendall(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        client.recv(1)
        assert instance.in_flight == 1
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gate.touch()
    until(lambda: instance.in_flight == 0, "the instance to be free")
    assert read(streamed(runtime, "again")) == b"again"
