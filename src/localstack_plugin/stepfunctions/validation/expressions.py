"""JSONata expressions that AWS refuses when a state machine is created.

An expression has no context: a name such as `phone` that does not begin with a variable refers to nothing. `$states`
has a result only in Output and Assign of states that call something, and an error only in Output and Assign of Catch
(docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-jsonata-reserved-variable).
"""

from collections.abc import Iterator
from typing import Any, Final

from jsonata.jexception import JException

from localstack_plugin.stepfunctions.jsonata.evaluation import parsed
from localstack_plugin.stepfunctions.validation.faults import Fault, Faults, is_expression
from localstack_plugin.stepfunctions.validation.templates import assignments, variable_faults

UNSUPPORTED: Final = "UNSUPPORTED_JSONATA_EXPRESSION"
INVALID: Final = "INVALID_JSONATA_EXPRESSION"
WITHOUT_EXPRESSIONS: Final = {"Type", "Comment", "QueryLanguage", "Next", "Default", "Branches", "Iterator", "Resource"}
PROCESSOR: Final = "ItemProcessor"
RULES: Final = ("Choices", "Retry", "Catch")
NOT_IN_RULES: Final = ("Comment", "Next")
CALLING: Final = ("Task", "Parallel", "Map")
CHILDREN: Final = (
    "lhs",
    "rhs",
    "expression",
    "condition",
    "then",
    "_else",
    "body",
    "procedure",
    "pattern",
    "update",
    "delete",
)
LISTS: Final = ("expressions", "arguments", "terms", "steps", "stages", "predicate")


def expression_faults(state: dict[str, Any], place: str) -> Faults:
    for field, value in state.items():
        if field not in WITHOUT_EXPRESSIONS and field != PROCESSOR:
            for text, where in expressions(without_comments(value) if field in RULES else value, f"/{field}"):
                yield from faults_of(text, place, where, state.get("Type"))
    for assign, where in assignments(state, place):
        yield from variable_faults(assign, where)


def without_comments(rules: Any) -> Any:
    """Return the rules of a state without what is no expression in them."""
    return [
        {name: value for name, value in rule.items() if name not in NOT_IN_RULES} if isinstance(rule, dict) else rule
        for rule in (rules if isinstance(rules, list) else ())
    ]


def expressions(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if is_expression(value):
        yield value[2:-2].strip(), place
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from expressions(element, f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, element in value.items():
            yield from expressions(element, f"{place}/{name}")


def faults_of(text: str, place: str, where: str, kind: Any) -> Faults:
    try:
        tree = parsed(text).ast
    except JException as error:
        yield Fault(str(error).strip(), place + where, INVALID)
        return
    for name in dict.fromkeys(top_level_names(tree)):
        yield Fault(f"Reference to '{name}' at the top level is not supported.", place + where, UNSUPPORTED)
    if any(node.type == "variable" and node.value == "$" for node in nodes(tree)):
        yield Fault("Reference to '$$' is not supported.", place + where, UNSUPPORTED)
    allowed = {"input", "context", *fields_of_states(where, kind)}
    for name in dict.fromkeys(names_of_states(tree)):
        if name not in allowed:
            yield Fault(f"Reference to '$states.{name}' is not supported.", place + where, UNSUPPORTED)


def fields_of_states(where: str, kind: Any) -> tuple[str, ...]:
    field, _, rest = where[1:].partition("/")
    if field.startswith("Catch["):
        return ("errorOutput",) if rest.partition("/")[0] in ("Output", "Assign") else ()
    return ("result",) if field in ("Output", "Assign") and kind in CALLING else ()


def children(node: Any, fields: tuple[str, ...] = CHILDREN, lists: tuple[str, ...] = LISTS) -> Iterator[Any]:
    for field in fields:
        if (child := getattr(node, field, None)) is not None and hasattr(child, "type"):
            yield child
    for field in lists:
        yield from getattr(node, field, None) or ()
    for pair in getattr(node, "lhs_object", None) or ():
        yield from pair


def top_level_names(node: Any) -> Iterator[str]:
    """Return the names that would be looked up in the context of the whole expression."""
    if node.type == "path":
        first = node.steps[0]
        if first.type == "name":
            yield first.value
        else:
            yield from top_level_names(first)
    elif node.type == "transform":
        return  # its pattern and its update have the context of what they are applied to
    else:
        for child in children(node, lists=("expressions", "arguments")):
            yield from top_level_names(child)


def nodes(node: Any) -> Iterator[Any]:
    """Return the node and all nodes below it."""
    yield node
    for child in (*children(node), getattr(node, "group", None), getattr(node, "expr", None)):
        if child is not None and hasattr(child, "type"):
            yield from nodes(child)


def names_of_states(tree: Any) -> Iterator[str]:
    """Return the fields of `$states` that the expression names, anywhere."""
    for node in nodes(tree):
        if node.type == "path":
            first, *rest = node.steps
            if first.type == "variable" and first.value == "states" and rest and rest[0].type == "name":
                yield rest[0].value
