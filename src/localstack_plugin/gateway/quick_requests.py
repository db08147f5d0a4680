"""Requests that are answered on the event loop, in the form that SDKs send: for executions of Step Functions, and for
small objects of S3, which functions read.

They never block the thread that answers them. Every other request might: it may load a service, or wait for a function,
a message, a lock. If these requests had threads, too, the executions and they would compete for Python's lock.
"""

import re
from collections.abc import Mapping
from typing import Final

from localstack.services.plugins import SERVICE_PLUGINS

from localstack_plugin.gateway.handler_chain.plain_requests import is_routed_path
from localstack_plugin.gateway.http_server.messages import RequestHead
from localstack_plugin.gateway.http_server.request_body import MEMORY_MAX_BYTES
from localstack_plugin.gateway.small_objects import is_small

OPERATIONS: Final = frozenset(
    f"AWSStepFunctions.{operation}" for operation in ("StartExecution", "DescribeExecution", "ListExecutions")
)
OBJECT: Final = re.compile(r"(?P<path>/(?!v20180820/)(?P<bucket>[^/?]+)/(?P<key>[^?]+))(\?x-id=(Get|Head)Object)?")
"""The target of an object, with the operation's name, which some SDKs send. `v20180820` is S3 Control."""
MOST_BYTES: Final = MEMORY_MAX_BYTES
"""The size up to which a body stays in memory: a longer one is a file, for which the loop would wait."""
OTHER_FORMS: Final = frozenset({"content-encoding", "transfer-encoding"})
OTHER_HOSTS: Final = ".lambda-url.", ".s3-website.", ".execute-api."
Headers = Mapping[str, str]


def is_quick(head: RequestHead) -> bool:
    """Return whether the event loop may answer the request."""
    if head.expects_continue or head.method not in ("POST", "GET", "HEAD"):
        return False
    headers = {name.lower(): value for name, value in head.headers}
    return (
        (is_about_executions(head, headers) if head.method == "POST" else is_for_an_object(head, headers))
        and OTHER_FORMS.isdisjoint(headers)
        and not any(part in headers.get("host", "").lower() for part in OTHER_HOSTS)
    )


def is_about_executions(head: RequestHead, headers: Headers) -> bool:
    return (
        head.target == "/"
        and headers.get("x-amz-target") in OPERATIONS
        and is_for_service("stepfunctions", "states", headers)
        and _is_short(headers.get("content-length", ""))
    )


def is_for_an_object(head: RequestHead, headers: Headers) -> bool:
    target = OBJECT.fullmatch(head.target)
    return (
        target is not None
        and "x-amz-target" not in headers
        and is_for_service("s3", "s3", headers)
        and headers.get("content-length", "0") == "0"
        and is_small(target["bucket"], target["key"])
        and "host" in headers
        and not is_routed_path(headers["host"], target["path"], head.method)
    )


def is_for_service(name: str, signing_name: str, headers: Headers) -> bool:
    return f"/{signing_name}/aws4_request" in headers.get("authorization", "") and SERVICE_PLUGINS.is_running(name)


def _is_short(length: str) -> bool:
    return length.isascii() and length.isdecimal() and len(length) < 10 and int(length) <= MOST_BYTES
