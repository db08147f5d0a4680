"""The refusal of a value that a parameter cannot have."""

from typing import Any, NoReturn

from localstack.aws.api.s3 import InvalidArgument


def refuse(message: str, name: str, value: Any) -> NoReturn:
    """InvalidArgument, with the parameter's name in a URL. A value of None is not repeated in the answer."""
    details = {} if value is None else {"ArgumentValue": str(value)}
    raise InvalidArgument(message, ArgumentName=name, **details)
