"""Requests that most of LocalStack's handlers have nothing to do for, as SDKs send them.

LocalStack passes each request through 32 handlers. Many act only on requests of a certain form: with an Origin, with a
compressed body, with a path of LocalStack's own, without a signature. `plain_scope` decides once whether a request has
none of these forms. If so, it passes through a chain without the handlers below, each of which is listed with the
condition under which it does nothing; the others run in their order, with LocalStack's own control of the chain. Some
are replaced by ones that know the service, region and account of the credential scope, which occurs in many requests,
instead of searching the request for them. All other requests, and the services' calls of each other, pass
through LocalStack's whole chain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localstack import config
from localstack.aws import handlers
from localstack.aws.accounts import get_account_id_from_access_key_id
from localstack.aws.api import RequestContext
from localstack.aws.connect import INTERNAL_REQUEST_PARAMS_HEADER
from localstack.aws.handlers.metric_handler import MetricHandler
from localstack.aws.handlers.service_plugin import ServiceLoaderForDataPlane
from localstack.aws.protocol.service_router import determine_aws_protocol, get_service_catalog
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from localstack.utils.aws.arns import get_partition
from localstack.utils.aws.request_context import (
    extract_access_key_id_from_auth_header,
    extract_region_from_auth_header,
)
from rolo.gateway import Gateway, HandlerChain
from rolo.request import get_raw_path
from werkzeug.exceptions import HTTPException, NotFound

from localstack_plugin.gateway.handler_chain import edge_routes
from localstack_plugin.gateway.handler_chain.credential_scopes import credential_scope
from localstack_plugin.replacing import replace

SCOPES = 256
"""The number of credential scopes that are remembered: one for each access key, day, region and service."""

HOSTS = 32
"""The number of host names for which the edge router's prefixes are remembered."""

PATHS = 1024
"""The number of paths for which it is remembered whether the edge router has a rule."""

IDLE_WITHOUT_HEADERS: Mapping[object, frozenset[str]] = {
    handlers.add_internal_request_params: frozenset({INTERNAL_REQUEST_PARAMS_HEADER.lower()}),
    handlers.enforce_cors: frozenset({"origin", "referer"}),  # it also answers OPTIONS
    handlers.content_decoder: frozenset({"content-encoding"}),
}
"""Handlers that do nothing for a request without these headers."""

IDLE = frozenset(
    {
        handlers.inject_auth_header_if_missing,  # there is a header Authorization
        handlers.rewrite_region,  # the region is one of AWS's
        handlers.serve_localstack_resources,  # the path is none of LocalStack's own
        handlers.serve_edge_router_rules,  # no rule of the edge router matches the path
    }
)
"""Handlers that do nothing for any plain request, and why."""

OWN_PATHS = "/_"
"""The beginning of the paths of LocalStack's own pages."""

DATA_PLANES = (".lambda-url.", ".s3-website.")
"""Parts of the names of hosts that ServiceLoaderForDataPlane loads a service for; for others it does nothing."""

IDLE_BY_CONFIGURATION: Mapping[object, Callable[[], bool]] = {
    handlers.validate_request_schema: lambda: not config.OPENAPI_VALIDATE_REQUEST,
    handlers.validate_response_schema: lambda: not config.OPENAPI_VALIDATE_RESPONSE,
    handlers.count_service_request: lambda: config.DISABLE_EVENTS,
    handlers.set_close_connection_header: lambda: config.GATEWAY_SERVER != "hypercorn",
    MetricHandler.create_metric_handler_item: lambda: not config.is_collect_metrics_mode(),
    MetricHandler.record_parsed_request: lambda: not config.is_collect_metrics_mode(),
    MetricHandler.update_metric_collection: lambda: not config.is_collect_metrics_mode(),
}
"""Handlers that do nothing in a certain configuration, which stays as it is while LocalStack runs."""

CORS = "access-control-"
"""The beginning of the names of the headers of CORS."""

FORBIDDEN_HEADERS = frozenset().union(*IDLE_WITHOUT_HEADERS.values())


@dataclass(frozen=True)
class Scope:
    """What follows from a credential scope. `service` is None if several services sign with the name in it."""

    region: str
    partition: str
    account_id: str
    service: Any
    protocol: str | None


class PlainChain(HandlerChain[RequestContext]):
    """A chain for one plain request, whose credential scope is known."""

    scope: Scope


class PlainHandlers:
    """The handlers of a gateway that plain requests pass through."""

    def __init__(self, gateway: Gateway) -> None:
        self._request = [REPLACED.get(each, each) for each in gateway.request_handlers if not is_idle(each)]
        self._response = [REPLACED.get(each, each) for each in gateway.response_handlers if not is_idle(each)]
        self._finalizers = [each for each in gateway.finalizers if not is_idle(each)]
        self._exception = gateway.exception_handlers

    def chain(self, scope: Scope) -> PlainChain:
        chain = PlainChain(self._request, self._response, self._finalizers, self._exception)
        chain.scope = scope
        return chain


def is_idle(handler: Any) -> bool:
    """Return whether a handler of the gateway does nothing for plain requests."""
    function = getattr(handler, "__func__", handler)
    if function in IDLE_BY_CONFIGURATION:
        return IDLE_BY_CONFIGURATION[function]()
    return handler in IDLE or handler in IDLE_WITHOUT_HEADERS or isinstance(handler, ServiceLoaderForDataPlane)


def plain_scope(request: Request) -> Scope | None:
    """Return the credential scope of a plain request. None means that a request is not plain."""
    headers = request.headers
    scope = credential_scope(headers.get("Authorization", ""))
    if (
        scope is None
        or not FORBIDDEN_HEADERS.isdisjoint([name.lower() for name, _ in headers])
        or request.method == "OPTIONS"
        or request.path.startswith(OWN_PATHS)
        or is_routed(request)
    ):
        return None
    return scope_of(scope)


def is_routed(request: Request) -> bool:
    """Return whether the host is one of a data plane, or a rule of the edge router matches the path."""
    host = request.host
    if any(part in host for part in DATA_PLANES):
        return True
    return is_routed_path(host, get_raw_path(request), request.method)


def is_routed_path(host: str, path: str, method: str) -> bool:
    """Return whether a rule of the edge router matches the path.

    Only a path that begins as a rule does is matched. The router merges slashes, so one with several in a row may match
    a rule that it does not begin as.
    """
    url_map = ROUTER.url_map
    may_match = path.startswith(routed_prefixes(url_map, host)) or "//" in path or not path.startswith("/")
    return may_match and is_matched(url_map, host, path, method)


@lru_cache(PATHS)
def is_matched(url_map: Any, host: str, path: str, method: str) -> bool:
    """Return whether the edge router does anything else than to leave a request to the other handlers."""
    try:
        url_map.bind(server_name=host).match(path, method=method)
    except NotFound:
        return False
    except HTTPException:
        return True
    return True


@lru_cache(HOSTS)
def routed_prefixes(url_map: Any, host: str) -> tuple[str, ...]:
    """Return what every path begins with that the edge router has a rule for. A change of the rules makes a new map."""
    return edge_routes.prefixes([(rule.host, rule.rule) for rule in url_map.iter_rules()], host)


@lru_cache(SCOPES)
def scope_of(text: str) -> Scope | None:
    """Return what LocalStack's handlers find in a credential scope, or None for a region that AWS does not have."""
    header = {"Authorization": f"AWS4-HMAC-SHA256 Credential={text}, SignedHeaders=host, Signature=0"}
    region, key = extract_region_from_auth_header(header), extract_access_key_id_from_auth_header(header)
    if region not in handlers.rewrite_region.region_rewriter_strategy.available_regions:
        return None
    service = service_of(text.split("/")[3])
    protocols = service and (service.metadata.get("protocols") or [service.protocol])
    return Scope(
        region,
        get_partition(region),
        get_account_id_from_access_key_id(key),
        service,
        protocols[0] if protocols and len(protocols) == 1 else None,
    )


def service_of(signing_name: str) -> Any:
    """Return the service that alone has this signing name. LocalStack asks for nothing else then."""
    catalog = get_service_catalog()
    candidates = catalog.by_signing_name(signing_name)
    return catalog.get(candidates[0].name, candidates[0].protocol) if len(candidates) == 1 else None


def name_service(chain: PlainChain, context: RequestContext, response: Response) -> None:
    """Set the service, unless a handler of S3 has, or the scope does not tell it."""
    service = chain.scope.service
    if context.service or not service:
        handlers.parse_service_name(chain, context, response)
        return
    context.service = service
    context.protocol = chain.scope.protocol or determine_aws_protocol(context.request, service)


def set_region(chain: PlainChain, context: RequestContext, response: Response) -> None:
    context.region, context.partition = chain.scope.region, chain.scope.partition


def set_account(chain: PlainChain, context: RequestContext, response: Response) -> None:
    context.account_id = chain.scope.account_id
    context.request.headers.add("x-moto-account-id", context.account_id)


def drop_empty_cors_headers(chain: PlainChain, context: RequestContext, response: Response) -> None:
    """Let LocalStack remove empty headers of CORS, which is all that it does for a request without Origin."""
    if any(name.lower().startswith(CORS) for name, _ in response.headers):
        handlers.add_cors_response_headers(chain, context, response)


REPLACED: Mapping[object, Any] = {
    handlers.parse_service_name: name_service,
    handlers.add_region_from_header: set_region,
    handlers.add_account_id: set_account,
    handlers.add_cors_response_headers: drop_empty_cors_headers,
}


def process(gateway: Gateway, request: Request, response: Response) -> None:
    """Pass a request through the handlers that have something to do for it."""
    scope = plain_scope(request)
    chain = gateway.new_chain() if scope is None else plain_handlers(gateway).chain(scope)
    chain.handle(gateway.context_class(request), response)


@lru_cache(1)
def plain_handlers(gateway: Gateway) -> PlainHandlers:
    return PlainHandlers(gateway)


def install() -> None:
    if config.DEBUG_HANDLER_CHAIN:
        return
    replace(
        "localstack.aws.app:LocalstackAwsGateway.process",
        by=process,
        why="LocalStack passes each request through 32 handlers, many of which act only on requests of a rare form, "
        "and searches each for its service, region and account. A request as SDKs send it passes only through those "
        "that have something to do.",
    )
    replace(
        "rolo.gateway.chain:RequestContext.__setattr__",
        by=object.__setattr__,
        why="Setting an attribute of a request's context calls a function in Python that does what Python does.",
    )
