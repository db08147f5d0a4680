"""Requests about executions of Step Functions that are answered on the event loop, in the form that SDKs send.

They never block the thread that answers them. Every other request might: it may load a service, or wait for a function,
a message, a lock. If these requests had threads, too, the executions and they would compete for Python's lock.
"""

from typing import Final

from localstack.services.plugins import SERVICE_PLUGINS

from localstack_plugin.gateway.http_server.messages import RequestHead
from localstack_plugin.gateway.http_server.request_body import MEMORY_MAX_BYTES

SERVICE: Final = "stepfunctions"
OPERATIONS: Final = frozenset(
    f"AWSStepFunctions.{operation}" for operation in ("StartExecution", "DescribeExecution", "ListExecutions")
)
SIGNED_FOR: Final = "/states/aws4_request"
MOST_BYTES: Final = MEMORY_MAX_BYTES
"""The size up to which a body stays in memory: a longer one is a file, for which the loop would wait."""
OTHER_FORMS: Final = frozenset({"content-encoding", "transfer-encoding"})
OTHER_HOSTS: Final = ".lambda-url.", ".s3-website.", ".execute-api."


def is_quick(head: RequestHead) -> bool:
    """Return whether the event loop may answer the request."""
    if head.method != "POST" or head.target != "/" or head.expects_continue:
        return False
    headers = {name.lower(): value for name, value in head.headers}
    return (
        headers.get("x-amz-target") in OPERATIONS
        and SIGNED_FOR in headers.get("authorization", "")
        and OTHER_FORMS.isdisjoint(headers)
        and not any(part in headers.get("host", "").lower() for part in OTHER_HOSTS)
        and _is_short(headers.get("content-length", ""))
        and SERVICE_PLUGINS.is_running(SERVICE)
    )


def _is_short(length: str) -> bool:
    return length.isascii() and length.isdecimal() and len(length) < 10 and int(length) <= MOST_BYTES
