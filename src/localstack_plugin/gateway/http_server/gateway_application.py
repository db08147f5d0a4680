"""LocalStack's gateway as the application of the server."""

from __future__ import annotations

from rolo.gateway import Gateway
from rolo.gateway.wsgi import LOG as REQUEST_LOG
from rolo.response import Response
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request as WerkzeugRequest

from localstack_plugin.gateway.http_server.messages import Answer, Request
from localstack_plugin.gateway.http_server.wsgi_environment import environment


class GatewayApplication:
    """What `rolo.gateway.wsgi.WsgiGateway` does, without the detour over WSGI's `start_response`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __call__(self, request: Request) -> Answer:
        environ = environment(request)
        REQUEST_LOG.debug("%s %s%s", request.head.method, environ.get("HTTP_HOST"), request.head.target)
        asked, response = WerkzeugRequest(environ), Response()
        asked.headers = Headers(request.head.headers)
        self._gateway.process(asked, response)
        parts, status, headers = response.get_wsgi_response(environ)
        return Answer(status, headers, parts, is_at_hand=response.is_sequence)
