"""Where definitions are checked: CreateStateMachine, UpdateStateMachine, ValidateStateMachineDefinition and TestState.

Machines that exist already are not checked again, so a saved one runs on if a later version of the kit refuses it.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.stepfunctions import (
    InvalidDefinition,
    StateMachineType,
    ValidateStateMachineDefinitionDiagnostic,
    ValidateStateMachineDefinitionOutput,
    ValidateStateMachineDefinitionResultCode,
    ValidateStateMachineDefinitionSeverity,
)
from localstack.services.stepfunctions.asl.static_analyser.express_static_analyser import ExpressStaticAnalyser
from localstack.services.stepfunctions.asl.static_analyser.test_state.test_state_analyser import TestStateStaticAnalyser

from localstack_plugin.replacing import wrap
from localstack_plugin.stepfunctions.validation.faults import Fault
from localstack_plugin.stepfunctions.validation.machines import express_faults, faults, state_faults

Operation = Callable[..., Any]
MOST_DIAGNOSTICS = 100
NOT_JSON = "INVALID_JSON_DESCRIPTION"


@lru_cache(4)  # an operation's own check asks, and then LocalStack's check of the same text
def faults_in(text: str, express: bool = False, alone: bool = False) -> tuple[Fault, ...]:
    """Return the faults of a definition: of a machine, an Express one or not, or of a state alone."""
    try:
        definition = json.loads(text)
    except ValueError as error:
        return (Fault(f"The definition is not JSON: {error}", None, NOT_JSON),)
    except RecursionError:
        return (Fault("The definition is nested too deeply", None, NOT_JSON),)
    if alone:
        return tuple(state_faults(definition, "")) if isinstance(definition, dict) else ()
    return (*faults(definition), *(express_faults(definition) if express else ()))


def refuse(wrong: tuple[Fault, ...]) -> None:
    if wrong:
        raise InvalidDefinition(f"Invalid State Machine Definition: '{', '.join(map(str, wrong))}'")


def checking(original: Operation) -> "staticmethod[..., None]":
    def validate(definition: str, static_analysers: list[Any]) -> None:
        express = any(isinstance(analyser, ExpressStaticAnalyser) for analyser in static_analysers)
        alone = any(isinstance(analyser, TestStateStaticAnalyser) for analyser in static_analysers)
        refuse(faults_in(definition, express, alone))
        original(definition=definition, static_analysers=static_analysers)

    return staticmethod(validate)


def checking_type(original: Operation) -> Operation:
    def update(
        self: Any, context: RequestContext, state_machine_arn: str, definition: str | None = None, **parameters: Any
    ) -> Any:
        machine = self.get_store(context).state_machines.get(state_machine_arn)
        if definition is not None and machine is not None and machine.sm_type == StateMachineType.EXPRESS:
            refuse(faults_in(definition, express=True))
        return original(self, context, state_machine_arn=state_machine_arn, definition=definition, **parameters)

    return update


def naming_faults(original: Operation) -> Operation:
    def validate(self: Any, context: Any, request: Any, **parameters: Any) -> Any:
        wrong = faults_in(request["definition"], request.get("type") == StateMachineType.EXPRESS)
        if not wrong:
            return original(self, context, request, **parameters)
        most = request.get("maxResults") or MOST_DIAGNOSTICS
        return ValidateStateMachineDefinitionOutput(
            result=ValidateStateMachineDefinitionResultCode.FAIL,
            diagnostics=[diagnostic(fault) for fault in wrong[:most]],
            truncated=len(wrong) > most,
        )

    return validate


def diagnostic(fault: Fault) -> ValidateStateMachineDefinitionDiagnostic:
    result = ValidateStateMachineDefinitionDiagnostic(
        severity=ValidateStateMachineDefinitionSeverity.ERROR, code=fault.code, message=fault.message
    )
    if fault.place is not None:
        result["location"] = fault.place
    return result


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider._validate_definition",
        wrapper=checking,
        why="LocalStack accepts definitions that AWS refuses. They are refused, with AWS's codes and places.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.update_state_machine",
        wrapper=checking_type,
        why="LocalStack checks the new definition of an Express workflow as that of a standard one. It is checked as "
        "at its creation.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.validate_state_machine_definition",
        wrapper=naming_faults,
        why="LocalStack's answer has one diagnostic, with the parser's words. Here each fault has AWS's code and "
        "place.",
    )
