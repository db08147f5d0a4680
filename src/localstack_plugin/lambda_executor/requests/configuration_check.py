"""The handler in LocalStack's gateway that refuses functions which AWS refuses, or which are not Python.

Without it they would be created, and LocalStack would answer their invocations with a hint about Docker.
"""

from localstack.aws.api import RequestContext
from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.aws.chain import HandlerChain
from localstack.http import Response

from localstack_plugin.lambda_executor.requests.configurations import reason_to_refuse

OPERATIONS = {"CreateFunction", "UpdateFunctionConfiguration"}


def check_configuration(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    if context.service is None or context.service.service_name != "lambda":
        return
    if context.operation.name in OPERATIONS:
        refusal = reason_to_refuse(context.service_request or {})
        if refusal:
            raise InvalidParameterValueException(refusal, Type="User")
