"""A trial component: one stage of a trial, with its parameters, artifacts and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from sagemaker_emulator.resources.tracking.experiment import Source
from sagemaker_emulator.resources.tracking.metric_summary import MetricSummary

Values = Mapping[str, dict[str, Any]]
"""Parameters or artifacts by name, each as the API has it: `{"NumberValue": 0.1}`, `{"Value": "s3://…"}`."""


@dataclass(frozen=True)
class TrialComponent:
    """A component. `primary_status` and the times are the caller's, or those of the job that it tracks.

    `sources` are the jobs that name the component as their run; `source` is the job that AWS made it for.
    """

    kind: ClassVar[str] = "experiment-trial-component"

    name: str
    arn: str
    created: float
    modified: float
    display_name: str
    source: Source | None = None
    sources: tuple[Source, ...] = ()
    primary_status: str | None = None
    status_message: str | None = None
    started: float | None = None
    ended: float | None = None
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    input_artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    output_artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    metrics: tuple[MetricSummary, ...] = ()

    def updated(self, request: dict[str, Any], now: float) -> TrialComponent:
        """Return the component after UpdateTrialComponent. Entries are added or replaced by name, then removed."""
        status = request.get("Status", {})
        return replace(
            self,
            modified=now,
            display_name=request.get("DisplayName", self.display_name),
            primary_status=status.get("PrimaryStatus", self.primary_status),
            status_message=status.get("Message") if status else self.status_message,
            started=request.get("StartTime", self.started),
            ended=request.get("EndTime", self.ended),
            parameters=_merged(self.parameters, request, "Parameters"),
            input_artifacts=_merged(self.input_artifacts, request, "InputArtifacts"),
            output_artifacts=_merged(self.output_artifacts, request, "OutputArtifacts"),
        )

    def with_source(self, source: Source, now: float) -> TrialComponent:
        """Return the component with one more job as its source."""
        return replace(self, modified=now, sources=tuple(dict.fromkeys((*self.sources, source))))


def _merged(current: Values, request: dict[str, Any], member: str) -> dict[str, dict[str, Any]]:
    removed = request.get(f"{member}ToRemove", ())
    merged = {**current, **request.get(member, {})}
    return {name: value for name, value in merged.items() if name not in removed}
