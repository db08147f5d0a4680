"""Where states lead: targets that do not exist, states that nothing reaches, and machines without an end."""

from collections.abc import Collection, Iterator
from typing import Any

from localstack_plugin.stepfunctions.validation.faults import Fault, Faults, rules_in

TARGET = "MISSING_TRANSITION_TARGET"
WITHOUT_TRANSITION = ("Choice", "Succeed", "Fail")


def transition_faults(machine: dict[str, Any], place: str) -> Faults:
    states = {name: state for name, state in machine["States"].items() if isinstance(state, dict)}
    start = machine.get("StartAt")
    if not isinstance(start, str):
        start = None  # the parser says so
    if start is not None and start not in states:
        yield Fault(f"Missing 'Next' target: {start}", f"{place}/StartAt", TARGET)
    for name, state in states.items():
        yield from state_transition_faults(state, states.keys(), f"{place}/States/{name}")
    if states and not any(is_terminal(state) for state in states.values()):
        yield Fault("Workflow has no terminal state", None, "MISSING_END_STATE")
        return  # AWS does not look for states that nothing reaches then
    reached = reachable(start, states)
    for name in states:
        if start in states and name not in reached:
            yield Fault(f'State "{name}" is not reachable.', f"{place}/States/{name}", TARGET)


def state_transition_faults(state: dict[str, Any], names: Collection[str], place: str) -> Faults:
    for target, where in targets(state):
        if target not in names:
            yield Fault(f"Missing 'Next' target: {target}", f"{place}/{where}", TARGET)
    if state.get("Type") not in (None, *WITHOUT_TRANSITION) and not {"Next", "End"} & state.keys():
        yield Fault("These fields are required: [Next or End]", place)


def is_terminal(state: dict[str, Any]) -> bool:
    return state.get("End") is True or state.get("Type") in ("Succeed", "Fail")


def reachable(start: Any, states: dict[str, dict[str, Any]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting.extend(target for target, _ in targets(states[name]))
    return reached


def targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the states that a state can lead to, and the fields that name them."""
    for field in ("Next", "Default"):
        if isinstance(target := state.get(field), str):
            yield target, field
    for field in ("Choices", "Catch"):
        for index, rule in rules_in(state, field):
            if isinstance(target := rule.get("Next"), str):
                yield target, f"{field}[{index}]/Next"
