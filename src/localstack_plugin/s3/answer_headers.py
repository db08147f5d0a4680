"""Headers of the answer that a request sets, such as `response-content-disposition`, and the values that S3 refuses."""

import functools
from collections.abc import Callable
from typing import Any, Final

from localstack.aws.api import RequestContext

from localstack_plugin.replacing import wrap
from localstack_plugin.s3.invalid_arguments import refuse

Operation = Callable[..., Any]
HEADERS: Final = {
    "ResponseCacheControl": "response-cache-control",
    "ResponseContentDisposition": "response-content-disposition",
    "ResponseContentEncoding": "response-content-encoding",
    "ResponseContentLanguage": "response-content-language",
    "ResponseContentType": "response-content-type",
}
"""The parameters, and their names in a URL."""


def install() -> None:
    wrap(
        "localstack.services.s3.provider:S3Provider.get_object",
        "localstack.services.s3.provider:S3Provider.head_object",
        wrapper=refusing_what_is_no_header,
        why="LocalStack accepts any text as a header of the answer, such as a file name in Chinese as "
        "ResponseContentDisposition, and then cannot send the answer: a 500, which SDKs send again. Such a value is "
        "refused, as on AWS.",
    )


def refusing_what_is_no_header(original: Operation) -> Operation:
    @functools.wraps(original)
    def read(provider: Any, context: RequestContext, request: Any) -> Any:
        for parameter, header in HEADERS.items():
            check(header, request.get(parameter) or "")
        return original(provider, context, request)

    return read


def check(name: str, value: str) -> None:
    """InvalidArgument if a header cannot have this value."""
    if any(ord(letter) > 0xFF for letter in value):
        refuse("Header value cannot be represented using ISO-8859-1.", name, value)
    if any(ord(letter) < 0x20 and letter != "\t" for letter in value):
        refuse("Header value cannot have control characters.", name, value)
