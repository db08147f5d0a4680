"""Read a definition in the Amazon States Language as a graph: states, and the transitions between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEXT, CHOICE, DEFAULT, CATCH = "next", "choice", "default", "catch"
SERVICES = {
    "lambda": "Lambda",
    "sqs": "SQS",
    "sns": "SNS",
    "sagemaker": "SageMaker",
    "states": "Step Functions",
    "s3": "S3",
    "dynamodb": "DynamoDB",
    "events": "EventBridge",
}
NOT_TESTS = ("Variable", "Next", "Comment")
ENDS = ("Succeed", "Fail")


@dataclass(frozen=True)
class Transition:
    """A possible step from one state to another. `condition` tells when it is taken, in the definition's own words."""

    source: str
    target: str
    kind: str = NEXT
    condition: str = ""


@dataclass(frozen=True)
class State:
    """A state. A Parallel state has its branches in `children`, a Map state its one item processor."""

    name: str
    type: str
    purpose: str
    """What it does, in a few words: `Lambda · invoke`, `Choice`, `Wait 5 s`."""
    is_end: bool
    comment: str = ""
    children: tuple["Graph", ...] = ()


@dataclass(frozen=True)
class Graph:
    """The states of a machine or of a branch, in the definition's order."""

    starts: tuple[str, ...]
    """Where it begins: one state of a state machine, one or more steps of a pipeline."""
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    def names(self) -> list[str]:
        """Return the names of all states, those inside other states included."""
        inside = [name for state in self.states for child in state.children for name in child.names()]
        return [state.name for state in self.states] + inside


def read(definition: Mapping[str, Any]) -> Graph:
    """Return the graph of a definition, or of a branch of one. Raises ValueError if it is not one."""
    states = definition.get("States")
    if not isinstance(states, dict) or definition.get("StartAt") not in states:
        raise ValueError("the definition has no States, or its StartAt names none of them")
    transitions = [transition for name, state in states.items() for transition in _transitions(name, state)]
    return Graph(
        starts=(definition["StartAt"],),
        states=tuple(_state(name, state) for name, state in states.items()),
        transitions=tuple(transition for transition in transitions if transition.target in states),
    )


def _state(name: str, state: Mapping[str, Any]) -> State:
    inner = [*state.get("Branches", ()), *(state[key] for key in ("ItemProcessor", "Iterator") if key in state)]
    return State(
        name=name,
        type=state.get("Type", "?"),
        purpose=_purpose(state),
        is_end=bool(state.get("End")) or state.get("Type") in ENDS,
        comment=state.get("Comment", ""),
        children=tuple(read(branch) for branch in inner),
    )


def _purpose(state: Mapping[str, Any]) -> str:
    kind = str(state.get("Type", "?"))
    if kind == "Task":
        return _resource(str(state.get("Resource", "")))
    if kind == "Wait":
        return f"Wait {state['Seconds']} s" if "Seconds" in state else "Wait"
    if kind == "Fail" and "Error" in state:
        return f"Fail · {state['Error']}"
    if kind == "Map" and state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
        return "Map · distributed"
    return kind


def _resource(arn: str) -> str:
    """Return `Lambda · invoke` of `arn:aws:states:::lambda:invoke`, or the name in a function's or activity's ARN."""
    parts = arn.split(":")
    if len(parts) < 6:
        return "Task"
    if parts[2] != "states" or not parts[5]:
        return f"{SERVICES.get(parts[2], parts[2])} · {parts[-1]}"
    if parts[5] == "aws-sdk":
        return f"{SERVICES.get(parts[6], parts[6])} · {parts[7]}"
    if parts[5] == "activity":
        return f"Activity · {parts[-1]}"
    return f"{SERVICES.get(parts[5], parts[5])} · {parts[6].partition('.')[0]}"


def _transitions(name: str, state: Mapping[str, Any]) -> list[Transition]:
    choices = [Transition(name, each.get("Next", ""), CHOICE, condition(each)) for each in state.get("Choices", ())]
    catches = [
        Transition(name, each.get("Next", ""), CATCH, f"on {', '.join(each.get('ErrorEquals', ()))}")
        for each in state.get("Catch", ())
    ]
    after = [Transition(name, state["Next"])] if "Next" in state else []
    default = [Transition(name, state["Default"], DEFAULT, "otherwise")] if "Default" in state else []
    return _merged([*after, *choices, *default, *catches])


def _merged(transitions: list[Transition]) -> list[Transition]:
    """Join transitions between the same two states, so that they are one line."""
    merged: dict[tuple[str, str], Transition] = {}
    for each in transitions:
        before = merged.get((each.source, each.target))
        if before:
            each = Transition(each.source, each.target, before.kind, f"{before.condition}; or {each.condition}")
        merged[(each.source, each.target)] = each
    return list(merged.values())


def condition(choice: Mapping[str, Any]) -> str:
    """Return a choice rule in one line: `is_near is true`."""
    if "Condition" in choice:  # JSONata
        return str(choice["Condition"]).removeprefix("{%").removesuffix("%}").strip()
    for operator, word in (("And", " and "), ("Or", " or ")):
        if operator in choice:
            return word.join(condition(part) for part in choice[operator])
    if "Not" in choice:
        return f"not ({condition(choice['Not'])})"
    variable = str(choice.get("Variable", "?")).removeprefix("$.")
    tests = [f"{_words(key)} {_value(value)}" for key, value in choice.items() if key not in NOT_TESTS]
    return f"{variable} {' '.join(tests)}"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(comparison: str) -> str:
    for kind in ("String", "Numeric", "Boolean", "Timestamp"):
        comparison = comparison.removeprefix(kind)
    comparison = comparison.removesuffix("Path")
    return {
        "Equals": "=",
        "GreaterThan": ">",
        "GreaterThanEquals": "≥",
        "LessThan": "<",
        "LessThanEquals": "≤",
        "Matches": "matches",
        "IsPresent": "is present:",
    }.get(comparison, comparison)
