"""Resources of Task states: actions that do not exist, and ways to wait that a service does not have.

docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html has the table of services and patterns.
"""

import re
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from localstack.aws.spec import load_service

from localstack_plugin.stepfunctions.validation.faults import Fault, Faults

SERVICE: Final = "arn:aws:states:::"
ACTIVITY: Final = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:activity:.*")
SDK: Final = "aws-sdk"
WITHOUT_SYNC: Final = ("lambda", "sns", "sqs", "dynamodb", "events", "apigateway", "http", SDK)
BOTO_NAMES: Final = {"sfn": "stepfunctions", "sagemakerruntime": "sagemaker-runtime"}


def resource_faults(state: dict[str, Any], place: str) -> Faults:
    resource = state.get("Resource")
    if state.get("Type") != "Task" or not isinstance(resource, str) or not resource.startswith(SERVICE):
        return
    service, _, action = resource.removeprefix(SERVICE).partition(":")
    action, _, pattern = action.partition(".")
    if (service in WITHOUT_SYNC and pattern.startswith("sync")) or (service == SDK and not is_sdk_action(action)):
        yield Fault(
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the "
            "resource is not available in this region.",
            f"{place}/Resource",
        )
    field = "Arguments" if "Arguments" in state else "Parameters"
    parameters = state.get(field, {})
    named = not isinstance(parameters, dict) or {"FunctionName", "FunctionName.$"} & parameters.keys()
    if (service, action) == ("lambda", "invoke") and not named:
        yield Fault("The field 'FunctionName' is required but was missing", f"{place}/{field}")


def waiting_faults(state: dict[str, Any], place: str) -> Faults:
    """Return the fault of a Task that an Express workflow does not have: it waits for an activity, a job or a token."""
    resource = state.get("Resource")
    if state.get("Type") != "Task" or not isinstance(resource, str):
        return
    if ACTIVITY.fullmatch(resource):
        yield Fault("Express state machine does not support Activity ARN", f"{place}/Resource")
    _, _, pattern = resource.partition(".")
    if resource.startswith(SERVICE) and pattern:
        kind = "sync" if pattern.startswith("sync") else pattern
        message = f"Express state machine does not support '.{kind}' service integration"
        yield Fault(message, f"{place}/Resource")


def is_sdk_action(name: str) -> bool:
    """Whether a service has the action, of a service that the AWS SDK for Python calls by the same name."""
    service, _, action = name.partition(":")
    try:
        operations = load_service(BOTO_NAMES.get(service, service)).operation_names
    except UnknownServiceError:
        return True
    return xform_name(action[:1].upper() + action[1:]) in {xform_name(operation) for operation in operations}
