"""SimulatePrincipalPolicy: whether the policies of a role or user allow actions.

The SageMaker SDK v3 asks this about the role of each job before it starts one. The decision is AWS's for identity
policies: an explicit denial wins, then an allowance, and otherwise it is an implicit denial. A statement with a
Condition does not match, as on AWS when the request gives no context.
"""

import re
from functools import lru_cache
from typing import Any

from localstack_plugin.replacing import replace, wrap

EVERY_RESOURCE = "*"


def install() -> None:
    wrap(
        "localstack.services.iam.provider:IamProvider.simulate_principal_policy",
        wrapper=_with_every_resource,
        why="LocalStack fails without ResourceArns. By default they are `*`, as on AWS.",
    )
    replace(
        "localstack.services.iam.provider:IamProvider.build_evaluation_result",
        by=staticmethod(evaluation),
        why="LocalStack looks for the action's name in the policy's text, so `sagemaker:*` allows nothing and denials "
        "do not count. Here patterns, NotAction, NotResource and denials count.",
    )


def evaluation(action_name: str, resource_name: str, policy_statements: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an EvaluationResult of one action on one resource."""
    effects = {each["Effect"] for each in policy_statements if _matches(each, action_name, resource_name)}
    decision = "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"
    return {
        "EvalActionName": action_name,
        "EvalResourceName": resource_name,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": [],
    }


def _with_every_resource(original: Any) -> Any:
    def simulate_principal_policy(self: Any, context: Any, **request: Any) -> Any:
        return original(self, context, **{**request, "resource_arns": request.get("resource_arns") or [EVERY_RESOURCE]})

    return simulate_principal_policy


def _matches(statement: dict[str, Any], action: str, resource: str) -> bool:
    """Return whether a statement is about an action on a resource. A trust policy's is not: it names no resource."""
    if "Condition" in statement:
        return False
    # IAM compares actions without regard to case
    return _named(statement, "Action", action.lower(), str.lower) and _named(statement, "Resource", resource, str)


def _named(statement: dict[str, Any], element: str, name: str, normalize: Any) -> bool:
    if element in statement:
        return _in(statement[element], name, normalize)
    return f"Not{element}" in statement and not _in(statement[f"Not{element}"], name, normalize)


def _in(patterns: str | list[str], name: str, normalize: Any) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(_pattern(normalize(each)).fullmatch(name) for each in listed)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern of IAM: `*` is any text, `?` is one character."""
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in text), re.DOTALL)
