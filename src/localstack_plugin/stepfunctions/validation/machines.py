"""The walk over a machine and the machines in it, which collects the faults of all its states."""

from collections.abc import Iterator
from typing import Any

from localstack_plugin.stepfunctions.validation.choice_rules import choice_faults
from localstack_plugin.stepfunctions.validation.error_handlers import handler_faults
from localstack_plugin.stepfunctions.validation.expressions import expression_faults
from localstack_plugin.stepfunctions.validation.faults import SCHEMA, Fault, Faults, is_whole
from localstack_plugin.stepfunctions.validation.fields import field_faults
from localstack_plugin.stepfunctions.validation.languages import JSONATA, JSONPATH, language_faults
from localstack_plugin.stepfunctions.validation.resources import resource_faults
from localstack_plugin.stepfunctions.validation.templates import template_faults
from localstack_plugin.stepfunctions.validation.transitions import transition_faults
from localstack_plugin.stepfunctions.validation.values import LONGEST_TIMEOUT_S, value_faults

LONGEST_NAME = 80
SUBMACHINES = ("ItemProcessor", "Iterator")


def faults(definition: Any) -> Faults:
    """Return what is wrong with a whole definition, in AWS's order of places."""
    if not isinstance(definition, dict) or not isinstance(definition.get("States"), dict):
        return  # the parser says so
    timeout = definition.get("TimeoutSeconds")
    if timeout is not None and not (is_whole(timeout) and 0 < timeout <= LONGEST_TIMEOUT_S):
        yield Fault(f"Value must be an integer between 1 and {LONGEST_TIMEOUT_S}", "/TimeoutSeconds")
    yield from machine_faults(definition, "", definition.get("QueryLanguage", JSONPATH))
    yield from name_faults(definition)


def express_faults(machine: Any, place: str = "") -> Faults:
    """Return the faults that only an Express workflow has: it has no distributed Map."""
    states = machine.get("States") if isinstance(machine, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        for where, inner in submachines(state) if isinstance(state, dict) else ():
            config = inner.get("ProcessorConfig") if isinstance(inner, dict) else None
            if isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED":
                message = "Express state machine does not support Map states in DISTRIBUTED mode"
                yield Fault(message, f"{place}/States/{name}/{where}/ProcessorConfig")
            yield from express_faults(inner, f"{place}/States/{name}/{where}")


def machine_faults(machine: Any, place: str, language: str) -> Faults:
    if not isinstance(machine, dict) or not isinstance(states := machine.get("States"), dict):
        return
    for name, state in states.items():
        if isinstance(state, dict):
            yield from state_faults(state, f"{place}/States/{name}", language)
    yield from transition_faults(machine, place)


def state_faults(state: dict[str, Any], place: str, machine_language: str) -> Faults:
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
    # AWS gives the states of a branch or an iteration the language of the machine, not that of the state around them.
    for where, machine in submachines(state):
        yield from machine_faults(machine, f"{place}/{where}", machine_language)


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
    for name, place in names(definition, ""):
        if name in seen:
            yield Fault(f"Duplicate State name: {name}", place, "DUPLICATE_STATE_NAME")
        if not 0 < len(name) <= LONGEST_NAME:
            yield Fault(f"State name must have 1 to {LONGEST_NAME} characters", place, SCHEMA)
        seen.add(name)


def names(machine: Any, place: str) -> Iterator[tuple[str, str]]:
    states = machine.get("States") if isinstance(machine, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        yield name, f"{place}/States/{name}"
        if isinstance(state, dict):
            for where, inner in submachines(state):
                yield from names(inner, f"{place}/States/{name}/{where}")
