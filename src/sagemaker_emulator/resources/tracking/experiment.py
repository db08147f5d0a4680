"""An experiment, its trials, and the memberships of components in trials."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar


@dataclass(frozen=True)
class Source:
    """The origin of an entity: the ARN of a job or a pipeline. `type` is AWS's, such as SageMakerTrainingJob."""

    arn: str
    type: str | None = None


@dataclass(frozen=True)
class Experiment:
    kind: ClassVar[str] = "experiment"

    name: str
    arn: str
    created: float
    modified: float
    display_name: str
    description: str | None = None
    source: Source | None = None

    def updated(self, request: dict[str, Any], now: float) -> Experiment:
        """Return the experiment after UpdateExperiment. Members that the request does not name stay."""
        return replace(
            self,
            modified=now,
            display_name=request.get("DisplayName", self.display_name),
            description=request.get("Description", self.description),
        )


@dataclass(frozen=True)
class Trial:
    """A trial: a group of runs that belongs to one experiment."""

    kind: ClassVar[str] = "experiment-trial"

    name: str
    arn: str
    created: float
    modified: float
    display_name: str
    experiment: str
    metadata: dict[str, Any] = field(default_factory=dict)
    source: Source | None = None

    def updated(self, request: dict[str, Any], now: float) -> Trial:
        """Return the trial after UpdateTrial."""
        return replace(self, modified=now, display_name=request.get("DisplayName", self.display_name))


@dataclass(frozen=True)
class TrialMembership:
    """One component of one trial, named `<trial>/<component>`. A component may belong to several trials."""

    kind: ClassVar[str] = "trial-membership"

    name: str
    arn: str
    created: float
    trial: str
    experiment: str
    component: str
