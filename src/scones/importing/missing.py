"""Report the names in imported definitions and functions that do not exist in the account, one line for each."""

from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import ClientError

from scones.context import Context
from scones.importing.plan import Plan

NOT_THERE = (400, 404)  # each of AWS's services has its own error code


def missing(context: Context, plan: Plan) -> Iterator[str]:
    """Yield a line for each resource that an import cannot create and that does not exist, with advice."""
    references, place = plan.references, plan.place
    functions, states = context.client("lambda"), context.client("stepfunctions")
    machine_arn = f"arn:aws:states:{place.region}:{place.account}:stateMachine:"
    for name in _absent(references.functions, functions.get_function_configuration, "FunctionName"):
        yield f"function {name}: the export has no code for it: name it with --function {name}=PATH"
    for name in _absent(references.machines, states.describe_state_machine, "stateMachineArn", machine_arn):
        yield f"state machine {name} is started by another one, but is not in the export: import it, too"
    for name in _absent(references.buckets, context.client("s3").head_bucket, "Bucket"):
        yield f"bucket {name} does not exist here: create it, and put the objects in it"
    users = _users_of_endpoints(plan)
    for name in _absent(users, context.client("sagemaker").describe_endpoint, "EndpointName"):
        yield f"endpoint {name}, which {users[name]} invokes, does not exist here: deploy a model under this name"
    for name in references.tables:
        yield f"table {name} is not created by an import: create it with its keys"
    for name in references.placeholders:
        yield f"the placeholder ${{{name}}} has no value: set it with --value {name}=VALUE"
    for name in references.others:
        yield f"the ARN of {name} now names this account, but an import does not create it"


def exists(describe: Callable[..., object], **name: str) -> bool:
    """Return whether a Describe operation finds the resource with this name."""
    try:
        describe(**name)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in NOT_THERE:
            return False
        raise
    return True


def _absent(names: Iterable[str], describe: Callable[..., object], member: str, prefix: str = "") -> Iterator[str]:
    return (name for name in names if not exists(describe, **{member: prefix + name}))


def _users_of_endpoints(plan: Plan) -> dict[str, str]:
    """Return a user of each endpoint that a definition or a function names."""
    users = dict.fromkeys(plan.references.endpoints, "a state")
    for function in plan.functions:
        users |= dict.fromkeys(function.package.endpoints(), f"function {function.name}")
    return users
