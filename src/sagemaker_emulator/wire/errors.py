"""Errors on the wire: the parts that both protocols share."""

from typing import Any

from sagemaker_emulator.wire.messages import AwsError
from sagemaker_emulator.wire.model import ServiceModel


def error_document(model: ServiceModel, error: AwsError) -> dict[str, Any]:
    """Return the body. The key is `Message` if the model spells it so, else `message`, as in AWS's common errors."""
    shape = model.error(error.code)
    name = "Message" if shape and "Message" in shape.members else "message"
    return {**({name: error.message} if error.message else {}), **error.fields}


def error_status(model: ServiceModel, error: AwsError) -> int:
    """Return the model's status for an error of its own, unless the error was raised with another status."""
    shape = model.error(error.code)
    return shape.http_status if error.status == 400 and shape and shape.http_status else error.status
