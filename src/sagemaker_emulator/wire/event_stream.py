"""Frames of application/vnd.amazon.eventstream: prelude (lengths and their CRC), headers, payload, CRC."""

import struct
from zlib import crc32

from sagemaker_emulator.wire.model import Shape, service_model

STRING_HEADER = 7


def encode_event(operation: str, event_type: str, payload: bytes) -> bytes:
    """Return one frame of the operation's stream: the bytes of an event, or the JSON document of an exception."""
    stream = _stream(operation)
    if service_model("sagemaker-runtime").error(event_type):
        kind, name, content_type = "exception", ":exception-type", "application/json"
    else:
        kind, name, content_type = "event", ":event-type", "application/octet-stream"
    if event_type not in stream.members:
        raise ValueError(f"{operation} streams {', '.join(stream.members)}, not {event_type!r}")
    return _frame({name: event_type, ":content-type": content_type, ":message-type": kind}, payload)


def _stream(operation: str) -> Shape:
    output = service_model("sagemaker-runtime").operation(operation).output
    if output is None or output.payload is None or not output.payload.shape.is_event_stream:
        raise ValueError(f"{operation} does not answer with an event stream")
    return output.payload.shape


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = lengths + struct.pack("!I", crc32(lengths)) + head + payload
    return message + struct.pack("!I", crc32(message))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", STRING_HEADER, len(value)) + value
