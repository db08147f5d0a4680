"""The handler in LocalStack's gateway that refuses requests which AWS refuses, and functions that are not Python.

Without it such functions would be created, and LocalStack would answer their invocations with a hint about Docker.
"""

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.aws.chain import HandlerChain
from localstack.http import Response

from localstack_plugin.lambda_executor.requests import constraints
from localstack_plugin.lambda_executor.requests.configurations import other_language, reserved_variables

OPERATIONS = {"CreateFunction", "UpdateFunctionConfiguration"}


def check_configuration(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    if context.service is None or context.service.service_name != "lambda":
        return
    operation, request = context.operation, context.service_request or {}
    if operation.name in OPERATIONS and (reserved := reserved_variables(request)):
        raise InvalidParameterValueException(reserved, Type="User")
    if broken := constraints.reason_to_refuse(operation.name, operation.input_shape, request):
        raise CommonServiceException("ValidationException", broken)
    if operation.name in OPERATIONS and (refusal := other_language(request)):
        raise InvalidParameterValueException(refusal, Type="User")
    if operation.name == "CreateFunction" and not request.get("Code"):
        raise InvalidParameterValueException("Please provide a source for function code.", Type="User")
