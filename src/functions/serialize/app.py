"""Serialize: read an image from S3 as base64 text, for the functions that follow."""

import base64
import json
from typing import Any

import boto3

# Step Functions allows 262,144 bytes of JSON between two states. Base64 turns three bytes into four. Lambda's response
# fields and the S3 key need room too.
STATE_LIMIT_BYTES = 262_144
ROOM_FOR_OTHER_FIELDS_BYTES = 8_192
IMAGE_LIMIT_BYTES = (STATE_LIMIT_BYTES - ROOM_FOR_OTHER_FIELDS_BYTES) // 4 * 3

s3 = boto3.client("s3")


class SerializeError(Exception):
    """The base of this function's errors."""


class EventNotUnderstood(SerializeError):
    """The event does not name the object to read."""


class ImageNotFound(SerializeError):
    """The object or its bucket does not exist."""


class ImageEmpty(SerializeError):
    """The object has no bytes."""


class ImageTooLarge(SerializeError):
    """The image is too large to pass from one state to the next."""


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    bucket, key = object_named_in(body_of(event))
    image = base64.b64encode(read_image(bucket, key)).decode("ascii")
    body = {"image_data": image, "s3_bucket": bucket, "s3_key": key, "inferences": []}
    return {"statusCode": 200, "body": body}


def body_of(event: object) -> dict[str, Any]:
    """Return the fields of a task's result (`Payload`), a response (`body`) or a bare event. Each may be JSON text."""
    if isinstance(event, str):
        event = parse_json(event)
    if not isinstance(event, dict):
        raise EventNotUnderstood(f"the event is {event!r:.80}; it should be an object with s3_bucket and s3_key")
    wrapper = next((name for name in ("Payload", "body") if name in event), None)
    return {**event, **body_of(event[wrapper])} if wrapper else event


def parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise EventNotUnderstood(f"the event is text that is not JSON: {text!r:.80} ({error})") from error


def object_named_in(body: dict[str, Any]) -> tuple[str, str]:
    bucket, key = body.get("s3_bucket"), body.get("s3_key")
    for name, value in (("s3_bucket", bucket), ("s3_key", key)):
        if not isinstance(value, str) or not value:
            raise EventNotUnderstood(f"{name} is {value!r:.80}; it should be text, such as 'test/bicycle_s_000030.png'")
    return str(bucket), str(key)


def read_image(bucket: str, key: str) -> bytes:
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket) as error:
        raise ImageNotFound(f"s3://{bucket}/{key} does not exist ({error}); check the bucket and the key") from error
    with answer["Body"] as content:
        check_size(f"s3://{bucket}/{key}", answer["ContentLength"])
        return bytes(content.read())


def check_size(uri: str, size_bytes: int) -> None:
    if size_bytes == 0:
        raise ImageEmpty(f"{uri} has no bytes; upload the image again")
    if size_bytes > IMAGE_LIMIT_BYTES:
        raise ImageTooLarge(
            f"{uri} has {size_bytes:,} bytes; Step Functions passes on at most {IMAGE_LIMIT_BYTES:,}. Make it smaller"
        )
