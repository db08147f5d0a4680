"""Errors on the wire: the parts that both protocols share."""

from typing import Any

from sagemaker_emulator.wire.messages import AwsError
from sagemaker_emulator.wire.model import ServiceModel


def error_document(model: ServiceModel, error: AwsError) -> dict[str, Any]:
    """`Message` where the model has the error and spells it so, `message` for the errors common to all of AWS."""
    shape = model.error(error.code)
    name = "Message" if shape and "Message" in shape.members else "message"
    return {**({name: error.message} if error.message else {}), **error.fields}


def error_status(model: ServiceModel, error: AwsError) -> int:
    """The model's status for its own errors, unless the raiser chose one."""
    shape = model.error(error.code)
    return shape.http_status if error.status == 400 and shape and shape.http_status else error.status
