"""The functions of a user's module: model_fn, and transform_fn or input_fn, predict_fn and output_fn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from types import ModuleType
from typing import Any

Function = Callable[..., Any]


class InvalidModule(Exception):
    """The module breaks the contract of the inference functions."""


@dataclass(frozen=True)
class UserFunctions:
    """The functions that a module defines; None stands for AWS's default."""

    model_fn: Function | None = None
    input_fn: Function | None = None
    predict_fn: Function | None = None
    output_fn: Function | None = None
    transform_fn: Function | None = None
    execution_parameters_fn: Function | None = None

    @classmethod
    def of(cls, module: ModuleType | None) -> UserFunctions:
        """Return the functions of a module. Raises InvalidModule when transform_fn stands beside what it replaces."""
        functions = cls(*(getattr(module, name, None) for name in cls.__dataclass_fields__))
        if functions.transform_fn and (functions.input_fn or functions.predict_fn or functions.output_fn):
            raise InvalidModule(
                "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or output_fn "
                "implementation"
            )
        return functions


@dataclass
class Context:
    """The `context` argument of inference functions, as far as TorchServe's and multi-model-server's agree.

    Functions may set the answer's content type, status and headers; each request has a Context of its own.
    """

    system_properties: Mapping[str, Any]
    request_headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    status: int = 200
    response_headers: dict[str, str] = field(default_factory=dict)

    @property
    def request_processor(self) -> list[Context]:
        return [self]

    def get_request_id(self, idx: int = 0) -> str:
        return self.request_headers.get("x-amzn-requestid", "")

    def get_request_header(self, idx: int, key: str) -> str | None:
        return self.request_headers.get(key.lower())

    def get_all_request_header(self, idx: int = 0) -> dict[str, str]:
        return dict(self.request_headers)

    def get_request_properties(self) -> dict[str, str]:
        return {name.title(): value for name, value in self.request_headers.items()}

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.content_type = value

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self.response_headers[key] = value

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.status = code


def call(function: Function, arguments: tuple[Any, ...], context: Context) -> Any:
    """Call a function, with the context if it takes one more argument. Raises TypeError, in AWS's words, otherwise."""
    count = len(signature(function).parameters)
    if count == len(arguments):
        return function(*arguments)
    if count == len(arguments) + 1:
        return function(*arguments, context)
    raise TypeError(f"{function.__name__} takes {count} arguments but {len(arguments)} were given.")
