"""Where definitions are checked: CreateStateMachine, UpdateStateMachine and ValidateStateMachineDefinition.

Machines that exist already are not checked again, so a saved one runs on if a later version of the kit refuses it.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from localstack.aws.api.stepfunctions import (
    InvalidDefinition,
    ValidateStateMachineDefinitionDiagnostic,
    ValidateStateMachineDefinitionOutput,
    ValidateStateMachineDefinitionResultCode,
    ValidateStateMachineDefinitionSeverity,
)
from localstack.services.stepfunctions.asl.static_analyser.express_static_analyser import ExpressStaticAnalyser

from localstack_plugin.replacing import wrap
from localstack_plugin.stepfunctions.validation.faults import Fault
from localstack_plugin.stepfunctions.validation.machines import express_faults, faults

Operation = Callable[..., Any]
MOST_DIAGNOSTICS = 100
NOT_JSON = "INVALID_JSON_DESCRIPTION"


@lru_cache(4)  # ValidateStateMachineDefinition asks, and then LocalStack's own check of the same text
def faults_in(text: str, express: bool) -> tuple[Fault, ...]:
    try:
        definition = json.loads(text)
    except ValueError as error:
        return (Fault(f"The definition is not JSON: {error}", None, NOT_JSON),)
    except RecursionError:
        return (Fault("The definition is nested too deeply", None, NOT_JSON),)
    return (*faults(definition), *(express_faults(definition) if express else ()))


def checking(original: Operation) -> "staticmethod[..., None]":
    def validate(definition: str, static_analysers: list[Any]) -> None:
        express = any(isinstance(analyser, ExpressStaticAnalyser) for analyser in static_analysers)
        if wrong := faults_in(definition, express):
            raise InvalidDefinition(f"Invalid State Machine Definition: '{', '.join(map(str, wrong))}'")
        original(definition=definition, static_analysers=static_analysers)

    return staticmethod(validate)


def naming_faults(original: Operation) -> Operation:
    def validate(self: Any, context: Any, request: Any, **parameters: Any) -> Any:
        wrong = faults_in(request["definition"], request.get("type") == "EXPRESS")
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
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.validate_state_machine_definition",
        wrapper=naming_faults,
        why="LocalStack's answer has one diagnostic, with the parser's words. Here each fault has AWS's code and "
        "place.",
    )
