"""The check of a template at the beginning of a request, and of an import while a stack is deployed."""

import functools
import json
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.cloudformation import api_utils
from localstack.services.cloudformation.engine import template_preparer
from localstack.services.cloudformation.engine.v2.change_set_model import Nothing
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

from localstack_plugin.cloudformation.templates.attributes import attributes_in
from localstack_plugin.cloudformation.templates.references import TemplateError, check
from localstack_plugin.replacing import wrap

Operation = Callable[..., Any]
OF_ANY_NAME = ("AWS::CloudFormation::", "Custom::")
"""Types whose attributes are the outputs of a stack or the answer of a function."""


def install() -> None:
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.create_stack",
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.create_change_set",
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.update_stack",
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.validate_template",
        wrapper=checking,
        why="LocalStack answers a template that cannot be parsed with a 500, creates stacks without resources or with "
        "circular dependencies, and finds references to what does not exist only during the deployment, or never. "
        "Such templates are refused.",
    )
    wrap(
        "localstack.services.cloudformation.engine.v2.change_set_model_preproc:ChangeSetModelPreproc"
        ".visit_node_intrinsic_function_fn_import_value",
        wrapper=importing,
        why="In LocalStack Fn::ImportValue of an export that does not exist is the text `Nothing`. Here the deployment "
        "fails.",
    )


def checking(original: Operation) -> Operation:
    @functools.wraps(original)
    def operation(provider: Any, context: RequestContext, request: Any, **options: Any) -> Any:
        if bool(request.get("TemplateBody")) is not bool(request.get("TemplateURL")):
            check_template(api_utils.extract_template_body(request))
        return original(provider, context, request, **options)

    return operation


def check_template(body: str) -> None:
    try:
        template = template_preparer.parse_template(body)
    except Exception as error:  # of either parser
        kind = "JSON" if body.lstrip().startswith(("{", "[")) else "YAML"
        raise ValidationError(f"Template format error: {kind} not well-formed.{place_of(error, body)}") from error
    try:
        check(template, attributes_of)
    except TemplateError as error:
        raise ValidationError(str(error)) from error


def place_of(error: Exception, body: str) -> str:
    """Return where the text is not well-formed, as CloudFormation says it."""
    try:
        json.loads(body)
    except ValueError as json_error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            return f" (line {mark.line + 1}, column {mark.column + 1})"
        if isinstance(json_error, json.JSONDecodeError):
            return f" (line {json_error.lineno}, column {json_error.colno})"
    return ""


@functools.cache
def attributes_of(resource_type: str) -> set[str] | None:
    """Return the attributes that the type's schema has. A type without a schema has unknown ones."""
    if resource_type.startswith(OF_ANY_NAME):
        return None
    provider = ResourceProviderExecutor.try_load_resource_provider(resource_type)
    return attributes_in(getattr(provider, "SCHEMA", None) or {})


def importing(original: Operation) -> Operation:
    def visit_import_value(visitor: Any, node: Any) -> Any:
        delta = original(visitor, node)
        if delta.after is Nothing and isinstance(name := visitor.visit(node.arguments).after, str):
            raise ValidationError(f"No export named {name} found")
        return delta

    return visit_import_value
