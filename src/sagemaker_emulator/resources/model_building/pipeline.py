"""A pipeline and its versions. Each definition that CreatePipeline or UpdatePipeline brings is a version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar


@dataclass(frozen=True)
class Pipeline:
    """A pipeline. `last_version` is the version that StartPipelineExecution runs by default."""

    kind: ClassVar[str] = "pipeline"

    name: str
    arn: str
    created: float
    modified: float
    role_arn: str
    display_name: str
    client_token: str
    description: str | None = None
    parallelism: int | None = None
    last_version: int = 1
    last_run: float | None = None

    @classmethod
    def requested(cls, arn: str, request: dict[str, Any], now: float) -> Pipeline:
        name = request["PipelineName"]
        return cls(
            name,
            arn,
            created=now,
            modified=now,
            role_arn=request["RoleArn"],
            display_name=request.get("PipelineDisplayName", name),
            client_token=request["ClientRequestToken"],
            description=request.get("PipelineDescription"),
            parallelism=parallelism_of(request),
        )

    def updated(self, request: dict[str, Any], now: float) -> Pipeline:
        """Return the pipeline after UpdatePipeline. Members that the request does not name stay."""
        return replace(
            self,
            modified=now,
            role_arn=request.get("RoleArn", self.role_arn),
            display_name=request.get("PipelineDisplayName", self.display_name),
            description=request.get("PipelineDescription", self.description),
            parallelism=parallelism_of(request, self.parallelism),
        )


@dataclass(frozen=True)
class PipelineVersion:
    """One definition of a pipeline. Its name is `<pipeline>/<number>`."""

    kind: ClassVar[str] = "pipeline-version"

    name: str
    arn: str
    created: float
    number: int
    definition: str
    display_name: str | None = None
    description: str | None = None
    aliases: tuple[str, ...] = ()
    last_execution_arn: str | None = None

    def updated(self, request: dict[str, Any]) -> PipelineVersion:
        """Return the version after UpdatePipelineVersion."""
        operations = request.get("PipelineVersionAliasOperations", {})
        return replace(
            self,
            display_name=request.get("PipelineVersionDisplayName", self.display_name),
            description=request.get("PipelineVersionDescription", self.description),
        ).with_aliases(operations.get("Add", ()), operations.get("Remove", ()))

    def with_aliases(self, added: list[str] | tuple[str, ...], removed: list[str] | tuple[str, ...]) -> PipelineVersion:
        kept = [alias for alias in (*self.aliases, *added) if alias not in removed]
        return replace(self, aliases=tuple(dict.fromkeys(kept)))


def parallelism_of(request: dict[str, Any], default: int | None = None) -> int | None:
    """Return MaxParallelExecutionSteps of a request's ParallelismConfiguration."""
    limit: int | None = request.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps", default)
    return limit
