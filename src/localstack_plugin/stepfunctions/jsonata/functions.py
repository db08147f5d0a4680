"""The functions that Step Functions adds to JSONata.

docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, "JSONata functions provided by Step Functions".
"""

import json
import random
import uuid
from collections.abc import Callable
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

from localstack_plugin.stepfunctions.intrinsics import functions as intrinsics
from localstack_plugin.stepfunctions.jsonata.values import plain, with_nulls

ARGUMENT_OF_WRONG_TYPE = "T0410"


def failing_as_jsonata(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        try:
            return with_nulls(function(*(plain(argument) for argument in arguments)))
        except (intrinsics.IntrinsicError, TypeError) as error:
            raise JException(ARGUMENT_OF_WRONG_TYPE, 0, 1, function.__name__) from error

    return called


def partition(value: Any, size: Any) -> list[list[Any]]:
    return intrinsics.array_partition(value, size)


def range_(first: Any, last: Any, step: Any) -> Any:
    """Return the numbers from `first` to `last`. One number is no list, as in any JSONata sequence."""
    numbers = intrinsics.array_range(first, last, step)
    return numbers[0] if len(numbers) == 1 else numbers


def hash_(value: Any, algorithm: Any) -> str:
    return intrinsics.hash_(intrinsics.text(value), algorithm)


def random_(*seed: Any) -> float:
    for value in seed:
        intrinsics.whole(value)  # it is a number
    return random.Random(seed[0] if seed else None).random()  # noqa: S311 (not for secrets)


def parse(text: Any) -> Any:
    try:
        return json.loads(intrinsics.text(text))
    except ValueError as error:
        raise intrinsics.IntrinsicError(str(error)) from error


def uuid_() -> str:
    return str(uuid.uuid4())


BY_NAME: dict[str, Callable[..., Any]] = {
    "partition": partition,
    "range": range_,
    "hash": hash_,
    "random": random_,
    "uuid": uuid_,
    "parse": parse,
}
FUNCTIONS: dict[str, Any] = {name: Jsonata.JLambda(failing_as_jsonata(function)) for name, function in BY_NAME.items()}
NOT_ON_AWS = {"eval": None}
"""$eval is not supported: it is undefined, as a name that does not exist is."""
