"""Forwards whole services to the SageMaker endpoint, which checks and answers; nothing is interpreted here."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.http import Response
from localstack.services.plugins import Service
from rolo.request import get_raw_path
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout, connection_from_url
from urllib3.exceptions import HTTPError

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 300.0
KEPT_CONNECTIONS = 100
EVENT_STREAM = "application/vnd.amazon.eventstream"

# RFC 9110, 7.6.1: these belong to one connection; and both bodies are re-framed, so their lengths are not copied
CONNECTION_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class Forwarder:
    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._base_path = urlsplit(endpoint_url).path.rstrip("/")
        self._pool: HTTPConnectionPool = connection_from_url(
            endpoint_url, maxsize=KEPT_CONNECTIONS, timeout=Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        )

    def __call__(self, context: RequestContext, request: object) -> Response:
        """An operation's handler; the request as parsed is not used: the original goes on byte for byte."""
        try:
            response = to_response(self._send(context))
        except HTTPError as error:
            raise CommonServiceException("ServiceUnavailable", self._unreachable(error), status_code=503) from error
        response.headers.setdefault("x-amzn-RequestId", context.request_id)
        return response

    def _send(self, context: RequestContext) -> BaseHTTPResponse:
        incoming = context.request
        query = incoming.query_string.decode()
        return self._pool.urlopen(
            incoming.method,
            self._base_path + get_raw_path(incoming) + (f"?{query}" if query else ""),
            body=incoming.get_data(),
            headers=end_to_end(incoming.headers.items()),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )

    def _unreachable(self, error: HTTPError) -> str:
        return (
            f"SageMaker at {self.endpoint_url} does not answer ({type(error).__name__}). "
            "See `make status`; `make up` starts what is not running."
        )


def end_to_end(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in CONNECTION_HEADERS}


def to_response(answer: BaseHTTPResponse) -> Response:
    headers = end_to_end(answer.headers.items())
    if answer.headers.get("Content-Type", "").startswith(EVENT_STREAM):
        return Response(response=events(answer), status=answer.status, headers=headers)
    body = answer.read()
    answer.release_conn()
    return Response(response=body, status=answer.status, headers=headers)


def events(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """The body as it arrives. A reader who leaves early closes the connection, which tells the endpoint to stop."""
    try:
        while chunk := answer.read1():
            yield chunk
    finally:
        answer.close()


def forwarded_service(name: str, endpoint_url: str) -> Service:
    """A LocalStack service all of whose operations are answered at `endpoint_url`."""
    model = load_service(name)
    forwarder = Forwarder(endpoint_url)
    return Service(name, skeleton=Skeleton(model, dict.fromkeys(model.operation_names, forwarder)))
