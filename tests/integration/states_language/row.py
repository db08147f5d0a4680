"""A row of the suite: a definition, an input, and what AWS makes of them, with the page that says so.

`${function}`, `${bucket}` and `${queue}` in a definition, an input or an output stand for resources of the tests.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

GUIDE = "docs.aws.amazon.com/step-functions/latest/dg/"
API = "docs.aws.amazon.com/step-functions/latest/apireference/"
SPEC = "states-language.net/spec.html#"
JAYWAY = "github.com/json-path/JsonPath#"
JSONATA = "docs.jsonata.org/"
RFC_8259 = "rfc-editor.org/rfc/rfc8259#"

Definition = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One expectation. Exactly one of output, error and refused says what happens."""

    name: str
    source: str
    definition: Definition | str
    input: Any = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    """A part of the cause."""
    refused: bool = False
    """CreateStateMachine answers InvalidDefinition."""
    express: bool = False
    """The machine is an Express workflow, run by StartSyncExecution."""
    difference: str | None = None
    """Why the local cloud does something else; listed in docs/differences.md."""


@dataclass(frozen=True)
class Matching:
    """An output's value that is known by its form only."""

    pattern: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other) is not None

    def __hash__(self) -> int:
        return hash(self.pattern)


@dataclass(frozen=True)
class Satisfying:
    """An output's value that a function accepts."""

    accepts: Callable[[Any], bool]

    def __eq__(self, other: object) -> bool:
        return self.accepts(other)

    def __hash__(self) -> int:
        return id(self)


UUID = Matching("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIMESTAMP = Matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def machine(start: Definition, **following: Definition) -> Definition:
    """Return a machine that starts with the state A, beside which others are named."""
    return {"StartAt": "A", "States": {"A": start, **following}}


def outer(start: Definition, **following: Definition) -> Definition:
    """Return a machine around machines whose first state is A: names are unique in all of them."""
    return {"StartAt": "Outer", "States": {"Outer": start, **following}}


def state(kind: str, **fields: Any) -> Definition:
    ends = {} if kind in ("Choice", "Succeed", "Fail") or "Next" in fields else {"End": True}
    return {"Type": kind, **ends, **fields}


def one_pass(**fields: Any) -> Definition:
    return machine(state("Pass", **fields))


def computed(expression: str) -> Definition:
    """Return a machine whose output is {"r": what a path or an intrinsic function gives}."""
    return one_pass(Parameters={"r.$": expression})


def choosing(rule: Definition, **fields: Any) -> Definition:
    """Return a machine whose output is "yes" if the rule matches, else "no"."""
    choice = state("Choice", Choices=[{**rule, "Next": "Yes"}], Default="No", **fields)
    return machine(choice, Yes=state("Pass", Result="yes"), No=state("Pass", Result="no"))


def invoking(payload: Any, **fields: Any) -> Definition:
    """Return a Task that invokes the tests' function; its output is the payload that the function returns."""
    parameters = {"FunctionName": "${function}", "Payload": payload}
    return state(
        "Task", Resource="arn:aws:states:::lambda:invoke", Parameters=parameters, OutputPath="$.Payload", **fields
    )


def failing(error: str = "Custom", **more: Any) -> Definition:
    """Return the payload that makes the tests' function raise an exception of that class."""
    return {"raise": error, **more}


def jsonata(start: Definition, **following: Definition) -> Definition:
    return {"QueryLanguage": "JSONata", **machine(start, **following)}


def evaluated(expression: str) -> Definition:
    """Return a JSONata machine whose output is what the expression gives."""
    return jsonata(state("Pass", Output="{% " + expression + " %}"))


def mapping(processor: Definition, **fields: Any) -> Definition:
    """Return a Map state that runs one state for each item."""
    return state("Map", ItemProcessor=inner_machine(processor), **fields)


def parallel(*branches: Definition, **fields: Any) -> Definition:
    """Return a Parallel state whose branches have one state each."""
    machines: list[Definition] = []
    for branch in branches:
        machines.append(inner_machine(branch, beside=machines))
    return state("Parallel", Branches=machines, **fields)


def inner_machine(start: Definition, beside: object = ()) -> Definition:
    """Return a machine of one state, Inner1 or the next name that no state in it and beside it has."""
    taken = json.dumps([start, beside])
    name = next(name for name in map("Inner{}".format, count(1)) if f'"{name}"' not in taken)
    return {"StartAt": name, "States": {name: start}}


def caught(error: str, **fields: Any) -> list[Definition]:
    return [{"ErrorEquals": [error], "Next": "Caught", **fields}]


CAUGHT = state("Pass", Result="caught")
EXCHANGED = state("Pass")
