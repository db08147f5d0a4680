"""Steps that decide something and run nothing: Condition and Fail."""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker_emulator.pipelines.definitions.conditions import all_hold
from sagemaker_emulator.pipelines.definitions.expressions import text_of
from sagemaker_emulator.pipelines.steps.progress import Progress, StepCall, failed, succeeded


@dataclass(frozen=True)
class ConditionAction:
    """The choice of a branch. The steps of the other branch never begin, nor do those that wait for them."""

    def start(self, call: StepCall) -> Progress:
        outcome = str(all_hold(call.step.arguments["Conditions"], call.scope))
        return succeeded(call.metadata(Outcome=outcome), {"Outcome": outcome})

    def look(self, call: StepCall) -> Progress:
        return self.start(call)

    def stop(self, call: StepCall) -> None:
        return None


@dataclass(frozen=True)
class FailAction:
    def start(self, call: StepCall) -> Progress:
        message = text_of(call.arguments["ErrorMessage"])
        return failed(message, call.metadata(ErrorMessage=message[:3072]))

    def look(self, call: StepCall) -> Progress:
        return self.start(call)

    def stop(self, call: StepCall) -> None:
        return None
