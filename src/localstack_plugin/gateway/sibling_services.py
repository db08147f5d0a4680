"""Services that the local cloud lacks, and services that share a signing name with another.

sagemaker-metrics, sagemaker-featurestore-runtime and sagemaker-edge sign their requests as `sagemaker`. LocalStack
takes them for SageMaker's own, cannot parse them, and answers 500, which every SDK retries. None retries 501 or 400.
"""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.protocol.parser import OperationNotFoundParserError, RequestParserError, create_parser
from localstack.aws.spec import get_service_catalog

from localstack_plugin.replacing import replace, wrap

Parse = Callable[[Any, RequestContext], None]


def install() -> None:
    wrap(
        "localstack.aws.handlers.service:ServiceRequestParser.parse_and_enrich",
        wrapper=trying_siblings,
        why="LocalStack answers an operation that it cannot find with a 500, which SDKs retry. It is looked for in the "
        "services of the same signing name, and refused with a 400 where none has it.",
    )
    replace(
        "localstack.aws.handlers.service:get_coverage_link_for_service",
        by=refusal,
        why="LocalStack's answer to a request that it does not support speaks of license plans. Here it names the "
        "service and the operation.",
    )


def refusal(service_name: str, operation_name: str) -> str:
    return (
        f"{service_name} {operation_name} is not in the local cloud: it works on AWS only. docs/localstack.md says "
        "what the local cloud has."
    )


def trying_siblings(original: Parse) -> Parse:
    def parse_and_enrich(handler: Any, context: RequestContext) -> None:
        try:
            original(handler, context)
        except RequestParserError as error:
            if parsed_as_sibling(context):
                return
            if isinstance(error, OperationNotFoundParserError) or lacks_operation(context):
                raise unknown_operation(context) from error
            raise

    return parse_and_enrich


def parsed_as_sibling(context: RequestContext) -> bool:
    """Enrich the context with the first service of the same signing name that has the operation."""
    catalog, taken = get_service_catalog(), context.service.service_name
    for identifier in catalog.by_signing_name(context.service.signing_name):
        service = catalog.get(identifier.name, identifier.protocol)
        if service is None or service.service_name == taken:
            continue
        try:
            operation, request = create_parser(service, service.protocol).parse(context.request)
        except RequestParserError:
            continue
        context.service, context.protocol = service, service.protocol
        context.operation, context.service_request = operation, request
        return True
    return False


def lacks_operation(context: RequestContext) -> bool:
    """Return whether the service has no such operation, by the field that names it: a header, or a form's parameter."""
    match context.protocol:
        case "json":
            name = context.request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        case "query" | "ec2":
            name = context.request.values.get("Action")
        case _:
            return False
    return name not in context.service.operation_names


def unknown_operation(context: RequestContext) -> CommonServiceException:
    method, path = context.request.method, context.request.path
    target = context.request.headers.get("X-Amz-Target") or f"{method} {path}"
    # LocalStack serializes an error for an operation: any will do
    context.operation = context.service.operation_model(context.service.operation_names[0])
    return CommonServiceException(
        "UnknownOperationException",
        f"{context.service.service_name} in the local cloud has no operation {target}",
        status_code=400,
        sender_fault=True,
    )
