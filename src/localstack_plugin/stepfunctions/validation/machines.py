"""The walk over a machine and the machines in it, and the faults of all its states."""

from collections.abc import Iterator
from typing import Any

from localstack_plugin.stepfunctions.validation.choice_rules import choice_faults
from localstack_plugin.stepfunctions.validation.error_handlers import handler_faults
from localstack_plugin.stepfunctions.validation.expressions import expression_faults
from localstack_plugin.stepfunctions.validation.faults import SCHEMA, Fault, Faults, is_whole
from localstack_plugin.stepfunctions.validation.fields import field_faults
from localstack_plugin.stepfunctions.validation.languages import JSONATA, JSONPATH, language_faults
from localstack_plugin.stepfunctions.validation.resources import resource_faults, waiting_faults
from localstack_plugin.stepfunctions.validation.templates import template_faults
from localstack_plugin.stepfunctions.validation.transitions import transition_faults
from localstack_plugin.stepfunctions.validation.values import LONGEST_TIMEOUT_S, value_faults

LONGEST_NAME = 80
SUBMACHINES = ("ItemProcessor", "Iterator")


def faults(definition: Any) -> Faults:
    """Return what is wrong with a whole definition: the faults of its states, then those of transitions and names."""
    if not isinstance(definition, dict) or not isinstance(definition.get("States"), dict):
        return  # the parser says so
    timeout = definition.get("TimeoutSeconds")
    if timeout is not None and not (is_whole(timeout) and 0 < timeout <= LONGEST_TIMEOUT_S):
        yield Fault(f"Value must be an integer between 1 and {LONGEST_TIMEOUT_S}", "/TimeoutSeconds")
    language = definition.get("QueryLanguage", JSONPATH)
    for _, state, place in all_states(definition):
        # AWS gives the states of a branch or an iteration the language of the machine, not that of the state around
        yield from state_faults(state, place, language)
    for machine, place in all_machines(definition):
        yield from transition_faults(machine, place)
    yield from name_faults(definition)


def express_faults(definition: Any) -> Faults:
    """Return the faults that only an Express workflow has: distributed Maps, and tasks that wait for a job or a token.

    docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
    """
    for _, state, place in all_states(definition):
        yield from waiting_faults(state, place)
        for where, inner in submachines(state):
            config = inner.get("ProcessorConfig") if isinstance(inner, dict) else None
            if isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED":
                message = "Express state machine does not support Map states in DISTRIBUTED mode"
                yield Fault(message, f"{place}/{where}/ProcessorConfig")


def all_states(machine: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
    """Return every state of a machine and of the machines in it: its name, itself, and its place.

    Values that are not states are left out: the parser refuses them.
    """
    states = machine.get("States") if isinstance(machine, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        if isinstance(state, dict):
            where = f"{place}/States/{name}"
            yield name, state, where
            for field, inner in submachines(state):
                yield from all_states(inner, f"{where}/{field}")


def all_machines(definition: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Return a machine and the machines in it that have states, with their places."""
    yield definition, ""
    for _, state, place in all_states(definition):
        for field, inner in submachines(state):
            if isinstance(inner, dict) and isinstance(inner.get("States"), dict):
                yield inner, f"{place}/{field}"


def state_faults(state: dict[str, Any], place: str, machine_language: str = JSONPATH) -> Faults:
    """Return the faults of a state alone, without those of the machines in it."""
    language = JSONATA if machine_language == JSONATA else state.get("QueryLanguage", JSONPATH)
    yield from language_faults(state, place, machine_language, language)
    yield from field_faults(state, place)
    yield from value_faults(state, place, language)
    yield from handler_faults(state, place)
    yield from resource_faults(state, place)
    if state.get("Type") == "Choice":
        yield from choice_faults(state, place, language)
    if language == JSONATA:
        yield from expression_faults(state, place)
    else:
        yield from template_faults(state, place)


def submachines(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    branches = state.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        yield f"Branches[{index}]", branch
    for field in SUBMACHINES:
        if field in state:
            yield field, state[field]


def name_faults(definition: dict[str, Any]) -> Faults:
    """Return the faults of states' names, which are unique in the whole machine."""
    seen: set[str] = set()
    for name, _, place in all_states(definition):
        if name in seen:
            yield Fault(f"Duplicate State name: {name}", place, "DUPLICATE_STATE_NAME")
        if not 0 < len(name) <= LONGEST_NAME:
            yield Fault(f"State name must have 1 to {LONGEST_NAME} characters", place, SCHEMA)
        seen.add(name)
