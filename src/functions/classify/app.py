"""Classify: send a base64 image to the endpoint, and return the class probabilities."""

import base64
import binascii
import json
import os
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONTENT_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
INFERENCE_ID_LIMIT = 64

# SageMaker stops waiting for a model after 60 s and then reports an error. A longer timeout receives that error.
sagemaker_runtime = boto3.client(
    "sagemaker-runtime", config=Config(read_timeout=65, retries={"mode": "standard", "total_max_attempts": 3})
)


class ClassifyError(Exception):
    """The base of this function's errors. The endpoint's own errors (ModelError and others) keep their names."""


class EndpointNameMissing(ClassifyError):
    """The ENDPOINT_NAME variable is not set."""


class ImageMissing(ClassifyError):
    """The event has no image data."""


class NotAnImage(ClassifyError):
    """The image data is not a PNG or JPEG image in base64."""


class EndpointThrottled(ClassifyError):
    """The endpoint refused a request because there are too many."""


class AnswerNotUnderstood(ClassifyError):
    """The endpoint's answer is not a list of probabilities."""


class ClassesDoNotMatch(ClassifyError):
    """The CLASSES variable has more or fewer classes than the model."""


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    body = body_of(event)
    image = decode_image(body.get("image_data"))
    answer = invoke_endpoint(image, content_type_of(image), body.get("inference_id"))
    inferences = probabilities_in(answer)
    passed_on = {name: body.get(name, "") for name in ("image_data", "s3_bucket", "s3_key")}
    return {"statusCode": 200, "body": {**passed_on, "inferences": inferences, **prediction_of(inferences)}}


def body_of(event: object) -> dict[str, Any]:
    """Return the fields of a task's result (`Payload`), a response (`body`) or a bare event. Each may be JSON text.

    Text that is not an object is the image data itself.
    """
    if isinstance(event, str) and event.lstrip().startswith("{"):
        event = parse_json(event)
    if not isinstance(event, dict):
        return {"image_data": event}
    wrapper = next((name for name in ("Payload", "body") if name in event), None)
    return {**event, **body_of(event[wrapper])} if wrapper else event


def parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ImageMissing(f"the event is text that is not JSON: {text!r:.80} ({error})") from error


def decode_image(image_data: object) -> bytes:
    if not isinstance(image_data, str) or not image_data:
        raise ImageMissing(f"image_data is {image_data!r:.80}; it should be a PNG or JPEG in base64")
    try:
        return base64.b64decode("".join(image_data.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAnImage(f"image_data is not base64 ({error}): {image_data!r:.80}") from error


def content_type_of(image: bytes) -> str:
    for signature, content_type in CONTENT_TYPES.items():
        if image.startswith(signature):
            return content_type
    raise NotAnImage(f"image_data is {len(image):,} bytes that begin {image[:8]!r}; it should be a PNG or a JPEG")


def endpoint_name() -> str:
    name = os.environ.get("ENDPOINT_NAME")
    if not name:
        raise EndpointNameMissing(
            "ENDPOINT_NAME is not set; set it to the endpoint's name in the function's environment"
        )
    return name


def named_by(execution: str) -> dict[str, str]:
    """Return the options that name the execution in the captured record.

    An inference id may be shorter than the name: it is the end, where names differ. The whole name is an attribute.
    """
    if not execution:
        return {}
    whole = {"CustomAttributes": f"execution={execution}"} if len(execution) > INFERENCE_ID_LIMIT else {}
    return {"InferenceId": execution[-INFERENCE_ID_LIMIT:], **whole}


def invoke_endpoint(image: bytes, content_type: str, inference_id: object) -> bytes:
    options = named_by(str(inference_id or ""))
    try:
        response = sagemaker_runtime.invoke_endpoint(
            EndpointName=endpoint_name(), ContentType=content_type, Accept="application/json", Body=image, **options
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ThrottlingException":
            raise EndpointThrottled(str(error)) from error
        raise
    return bytes(response["Body"].read())


def probabilities_in(answer: bytes) -> list[float]:
    try:
        probabilities = json.loads(answer)
    except ValueError:
        probabilities = None
    if not isinstance(probabilities, list) or not probabilities or not all(map(is_number, probabilities)):
        raise AnswerNotUnderstood(
            f"endpoint {endpoint_name()} answered {answer[:80]!r}; it should be a JSON list of numbers, one per class"
        )
    return [float(probability) for probability in probabilities]


def prediction_of(inferences: list[float]) -> dict[str, Any]:
    """Return the most probable class and its probability, if the CLASSES variable has the names."""
    if not (text := os.environ.get("CLASSES")):
        return {}
    classes = text.split(",")
    if len(classes) != len(inferences):
        raise ClassesDoNotMatch(
            f"endpoint {endpoint_name()} answered {len(inferences)} probabilities, but CLASSES names {len(classes)} "
            f"classes ({text}): deploy the workflow with the classes that the model was trained on"
        )
    confidence = max(inferences)
    return {"class": classes[inferences.index(confidence)], "confidence": confidence}


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
