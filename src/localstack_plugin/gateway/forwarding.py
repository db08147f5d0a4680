"""Services that are forwarded whole to the SageMaker endpoint, which validates and answers."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.http import Response
from localstack.services.plugins import Service
from rolo.request import get_raw_path
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout, connection_from_url
from urllib3.exceptions import HTTPError

from localstack_plugin.gateway.headers import end_to_end

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 300.0
KEPT_CONNECTIONS = 100
EVENT_STREAM = "application/vnd.amazon.eventstream"


class Forwarder:
    """A handler for every operation of a service. It sends the request on and returns the answer."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._base_path = urlsplit(endpoint_url).path.rstrip("/")
        self._pool: HTTPConnectionPool = connection_from_url(
            endpoint_url, maxsize=KEPT_CONNECTIONS, timeout=Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        )

    def __call__(self, context: RequestContext, request: object) -> Response:
        """Forward the original request byte for byte; `request`, as LocalStack parsed it, is not used."""
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
            "Look at `make status`; `make up` starts a server that is not running."
        )


def to_response(answer: BaseHTTPResponse) -> Response:
    headers = end_to_end(answer.headers.items())
    if answer.headers.get("Content-Type", "").startswith(EVENT_STREAM):
        return Response(response=events(answer), status=answer.status, headers=headers)
    body = answer.read()
    answer.release_conn()
    return Response(response=body, status=answer.status, headers=headers)


def events(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body as it arrives. A client that leaves early closes the connection, so the endpoint stops."""
    try:
        while chunk := answer.read1():
            yield chunk
    finally:
        answer.close()


def forwarded_service(name: str, endpoint_url: str) -> Service:
    """Return a LocalStack service whose operations are all answered at `endpoint_url`."""
    model = load_service(name)
    forwarder = Forwarder(endpoint_url)
    return Service(name, skeleton=Skeleton(model, dict.fromkeys(model.operation_names, forwarder)))
