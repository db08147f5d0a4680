"""Show the progress of a pipeline execution from its history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scones.console import Meter
from scones.context import Context
from scones.logs import TRAINING_JOBS, LogReader
from scones.training import training_job
from scones.training.following import show_progress


@dataclass
class Progress:
    """The progress of one execution, read from its history.

    seen: number of events that have been shown. model_name: the name of the run, its job and its model.
    failed_states: the first state that failed with each error.
    """

    context: Context
    meter: Meter
    seen: int = 0
    state: str = ""
    model_name: str = ""
    failed_states: dict[str, str] = field(default_factory=dict)
    log: LogReader | None = None

    def show(self, events: Sequence[Mapping[str, Any]], waited_s: float) -> None:
        """Show the events of the whole history that are new since the last call."""
        for event in events[self.seen :]:
            if "stateEnteredEventDetails" in event:
                self._entered(event["stateEnteredEventDetails"]["name"], event["type"], waited_s)
            elif "stateExitedEventDetails" in event:
                self._exited(event["stateExitedEventDetails"])
            elif details := event.get("taskFailedEventDetails") or event.get("taskTimedOutEventDetails"):
                self.failed_states.setdefault(details.get("error", ""), self.state)
        self.seen = len(events)
        if self.state == "Train" and self.model_name:
            self._show_training()

    def _entered(self, name: str, event_type: str, waited_s: float) -> None:
        # A loop that waits for the endpoint enters its states many times: show each once.
        if event_type == "TaskStateEntered" and name != self.state:
            self.state = name
            self.meter.update("", completed=0, total=0)  # the bar is that of the training's epochs
            self.context.console.say(f"{waited_s:5.0f} s  {name}")

    def _exited(self, details: Mapping[str, Any]) -> None:
        output = json.loads(details.get("output") or "{}")
        if details["name"] == "Name":
            self.model_name = output["name"]
            self.log = LogReader(self.context.client("logs"), TRAINING_JOBS, f"{self.model_name}/")
        elif details["name"] == "Train":
            self._show_training()
        elif details["name"] == "Evaluate":
            for line in output["evaluation"]["summary"].splitlines():
                self.context.console.say(f"         {line}")
        elif details["name"] == "SmokeTest":
            self.context.console.say(f"         {output['smoke_test']['summary']}")

    def _show_training(self) -> None:
        job = training_job.describe(self.context.client("sagemaker"), self.model_name)
        if job and self.log:
            for line in self.log.read():
                show_progress(line, job, self.meter)
