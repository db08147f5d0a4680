"""URLs of functions that resolve everywhere.

LocalStack's are names below LOCALSTACK_HOST, which is an IP address here: `<id>.lambda-url.us-east-1.127.0.0.1` is no
name at all, and names below localhost resolve on some systems only. So the URL has the id in its path; the function's
event has the path without it, as on AWS.
"""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import Any

from localstack import config
from localstack.utils.aws.request_context import AWS_REGION_REGEX
from localstack.utils.strings import to_str
from localstack.utils.urls import localstack_host

from localstack_plugin.lambda_executor.requests.cookies import cookies_in
from localstack_plugin.replacing import wrap

PREFIX = "/_function_urls"


def install() -> None:
    wrap(
        "localstack.services.lambda_.provider:FunctionUrlConfig",
        wrapper=with_url_that_resolves,
        why="LocalStack's function URLs are host names below LOCALSTACK_HOST, which do not resolve if that is an IP "
        "address. The URL has the id in its path instead.",
    )
    wrap(
        "localstack.services.lambda_.urlrouter:FunctionUrlRouter.register_routes",
        wrapper=with_own_route,
        why="LocalStack finds the function of a URL by its host name. It is found by the path too.",
    )
    wrap(
        "localstack.services.lambda_.urlrouter:event_for_lambda_url",
        wrapper=in_aws_form,
        why="If a function URL has the id in its path, the event has the path without the id, and a domain name in "
        "AWS's form. LocalStack's events of function URLs lack the list of cookies.",
    )
    wrap(
        "localstack.services.lambda_.urlrouter:lambda_result_to_response",
        wrapper=setting_cookies,
        why="LocalStack ignores the cookies in a function's answer. Each is a Set-Cookie header.",
    )


def with_url_that_resolves(config_class: Callable[..., Any]) -> Callable[..., Any]:
    def make(**fields: Any) -> Any:
        region = fields["function_arn"].split(":")[3]
        host = localstack_host(custom_port=config.GATEWAY_LISTEN[0].port)
        if is_ip_address(host.host):
            fields["url"] = f"http://{host.host_and_port()}{PREFIX}/{region}/{fields['url_id']}/"
        return config_class(**fields)

    return make


def with_own_route(register: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(register)
    def register_both(router: Any) -> None:
        if not router.registered:
            path = f"{PREFIX}/<regex('{AWS_REGION_REGEX}'):region>/<api_id>"
            endpoint = router.handle_lambda_url_invocation
            router.router.add(f"{path}/", endpoint=endpoint, defaults={"path": ""})
            router.router.add(f"{path}/<path:path>", endpoint=endpoint)
        register(router)

    return register_both


def in_aws_form(event_for: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(event_for)
    def event_as_on_aws(api_id: str, request: Any) -> Any:
        event = event_for(api_id, request)
        if event["rawPath"].startswith(f"{PREFIX}/"):
            _, region, _, path = event["rawPath"].removeprefix(PREFIX).split("/", 3)
            context = event["requestContext"]
            event["rawPath"] = context["http"]["path"] = f"/{path}"
            context["domainName"] = f"{api_id}.lambda-url.{region}.on.aws"
        if cookies := request.headers.get("Cookie"):
            event["cookies"] = [cookie.strip() for cookie in cookies.split(";") if cookie.strip()]
        return event

    return event_as_on_aws


def setting_cookies(answer_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def answer(result: Any) -> Any:
        response = answer_of(result)
        for cookie in cookies_in(to_str(result.payload)):
            response.headers.add("Set-Cookie", cookie)
        return response

    return answer


def is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
